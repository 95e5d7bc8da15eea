"""One log-in from the wish to the written profile, for `ante auth login` and the interactive session."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from antechamber.base.clock import MICROSECONDS
from antechamber.cli.auth.targets import Target, Wishes, find_target
from antechamber.cli.auth.ways import Means, Way, choose_way, is_unsupported, obtain
from antechamber.cli.connection import open_post
from antechamber.cli.settings import Settings
from antechamber.cli.world import World
from antechamber.client.environment import Environment
from antechamber.client.failures import TokenRefused
from antechamber.client.oauth import TokenAnswer
from antechamber.client.store import LoginWritten, ProfileStore

# what wins over every profile (wire-auth.md 1.5)
_WINNERS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


@dataclass(frozen=True, slots=True)
class LoginOptions:
    """What was asked for; `seconds` is the longest wait for the browser."""

    wishes: Wishes
    device: bool = False
    no_browser: bool = False
    callback_port: int = 0
    seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a log-in ended with."""

    target: Target
    answer: TokenAnswer
    written: LoginWritten


def log_in(
    options: LoginOptions,
    world: World,
    settings: Settings,
    say: Callable[[str], None],
    ask: Callable[[str], bool] | None,
) -> Outcome:
    """Log in and write the profile; CredentialUnusable, ServerUnreachable, UsageError, ProfileUnusable."""
    store = ProfileStore(world.environment)
    target = find_target(options.wishes, world.environment, store)
    means = Means(
        world,
        open_post(world, settings),
        say,
        options.seconds,
        options.callback_port,
    )
    way = choose_way(
        world.environment,
        device=options.device,
        no_browser=options.no_browser,
        callback_port=options.callback_port,
        ask=ask,
    )
    try:
        answer = obtain(way, target, means)
    except TokenRefused as error:
        if way is not Way.DEVICE or options.device or not is_unsupported(error):
            raise
        say("This server has no log-in by device.")
        answer = obtain(Way.PASTE, target, means)
    written = store.write_login(
        target.profile,
        answer,
        world.clock.now() // MICROSECONDS,
        config=target.config,
        activate=target.profile not in store.names(),
    )
    return Outcome(target, answer, written)


def describe(outcome: Outcome) -> Iterator[str]:
    """Yield what a person should know of a log-in that succeeded."""
    answer, written = outcome.answer, outcome.written
    who = f" as {answer.account_email}" if answer.account_email else ""
    where = answer.organization_name or answer.organization_uuid or outcome.target.base_url
    yield f"Logged in to {where}{who}."
    made = ("new, " if written.is_new else "") + (
        "now the active one" if written.is_activated else "not the active one"
    )
    yield f"  Profile    {written.name} ({made})"
    workspace = answer.workspace_id or "none: the server named none"
    yield f"  Workspace  {workspace}" + (f" ({answer.workspace_name})" if answer.workspace_name else "")
    if answer.scope:
        yield f"  Scopes     {answer.scope}"
    yield f"  Server     {outcome.target.base_url}"


def _became(written: LoginWritten) -> str:
    if written.is_activated:
        return " (new, and now the active one)" if written.is_new else " (now the active one)"
    return " (new)" if written.is_new else ""


def warnings(outcome: Outcome, environment: Environment, store: ProfileStore) -> Iterator[str]:
    """Yield what may surprise them later."""
    target, written, answer = outcome.target, outcome.written, outcome.answer
    wanted_organization = target.organization_id
    if wanted_organization and answer.organization_uuid and wanted_organization != answer.organization_uuid:
        yield f"you asked for organization {wanted_organization}, and logged in to {answer.organization_uuid}"
    if written.drifts:
        yield (
            f"the log-in is bound to workspace {written.token_workspace_id}, the profile names "
            f"{written.wanted_workspace_id}: log in again and pick that one, or "
            f"`ante profile set workspace_id {written.token_workspace_id} --profile {written.name}`"
        )
    if found := environment.first(*_WINNERS):
        yield f"{found[0]} is set and wins over every profile: unset {found[0]}"
    named = environment.get("ANTHROPIC_PROFILE")
    if written.is_activated and named and named != written.name:
        yield f"ANTHROPIC_PROFILE={named} is set and wins over the active profile: unset ANTHROPIC_PROFILE"
    others = list(readers(environment))
    if written.is_activated and others:
        verb = "read" if len(others) > 1 else "reads"
        yield (
            f"{' and '.join(others)} on this machine {verb} {store.folder}, too, and may use this log-in from now on; "
            f"to keep it apart, set ANTHROPIC_CONFIG_DIR for `ante`"
        )


def readers(environment: Environment) -> Iterator[str]:
    """Yield the other programs on this machine that read the same folder of profiles (wire-auth.md 6.1)."""
    folder = environment.get("CLAUDE_CONFIG_DIR")
    if folder or (environment.home / ".claude").is_dir() or shutil.which("claude", path=environment.get("PATH")):
        yield "Claude Code"
    if shutil.which("ant", path=environment.get("PATH")):
        yield "ant"
