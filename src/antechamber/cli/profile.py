"""`ante profile`: the named ways to log in that lie on this machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.cli.groups import Group
from antechamber.cli.output import Printer
from antechamber.cli.resources import confirm, yes_option
from antechamber.cli.settings import Invocation, json_option
from antechamber.cli.tables import table
from antechamber.client.store import WRITABLE, ProfileStore, ProfileSummary

_KEYS: Final = click.Choice(WRITABLE)


class _Name(click.ParamType[str]):
    """A profile's name; completes those that are there."""

    name = "name"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin so."""
        del param
        names = ProfileStore(ctx.find_object(Invocation).world.environment).names()  # type: ignore[union-attr]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


_NAME: Final = _Name()


@click.group("profile", cls=Group)
def command() -> None:
    """List, change, switch and remove the profiles on this machine.

    A profile is a server with a log-in (`ante auth login --profile NAME`) or with workload identity. The official SDKs
    and Claude Code read the same files.
    """


def _store(invocation: Invocation) -> ProfileStore:
    return ProfileStore(invocation.world.environment)


def _chosen(invocation: Invocation, name: str | None = None) -> str:
    """Return the profile that is meant: the one named, by argument, flag or variable, or the active one."""
    return _store(invocation).active(name or invocation.settings.profile)[0]


@command.command("list")
@json_option
@click.pass_obj
def list_profiles(invocation: Invocation) -> None:
    """List the profiles; a star marks the active one."""
    found = _store(invocation).listing(invocation.settings.profile)
    printer = Printer(invocation.world, invocation.settings)
    if printer.format != "auto" or invocation.settings.transform is not None:
        printer.items([_summary(profile) for profile in found])
        return
    if not found:
        printer.text("No profiles yet: ante auth login")
        return
    now = invocation.world.clock.now() // MICROSECONDS
    rows = [
        ["*" if profile.is_active else "", profile.name, _state(profile, now), profile.base_url, profile.workspace_id]
        for profile in found
    ]
    headings = ["", "profile", "state", "server", "workspace"]
    printer.text(table(headings, rows, width=invocation.world.width()))
    for profile in found:
        if not profile.kind:
            invocation.world.stderr.write(f"note: {profile.name}: {profile.problem}\n")


def _state(profile: ProfileSummary, now: int) -> str:
    if not profile.kind:
        return "unusable"
    if profile.kind != "user_oauth":
        return "federation"
    if profile.problem:
        return "logged out"
    return "logged in" if profile.expires_at is None or profile.expires_at > now else "expired"


def _summary(profile: ProfileSummary) -> Mapping[str, object]:
    return {
        "name": profile.name,
        "is_active": profile.is_active,
        "type": profile.kind,
        "base_url": profile.base_url,
        "organization_id": profile.organization_id,
        "workspace_id": profile.workspace_id,
        "is_logged_in": profile.is_logged_in,
        "expires_at": None if profile.expires_at is None else to_rfc3339(profile.expires_at * MICROSECONDS),
        "problem": profile.problem,
    }


@command.command("get")
@click.argument("key", required=False)
@json_option
@click.pass_obj
def get(invocation: Invocation, key: str | None) -> None:
    """Show the profile's config, or one field of it.

    \b
    ante profile get --profile other-ws
    ante profile get workspace_id
    """  # noqa: D301 - click's mark for text that keeps its lines
    name = _chosen(invocation)
    config = _store(invocation).config(name)
    printer = Printer(invocation.world, invocation.settings)
    if key is None:
        printer.value({"name": name, **config})
        return
    authentication = config.get("authentication")
    inner = authentication if isinstance(authentication, dict) else {}
    value = name if key == "name" else config.get(key, inner.get(key))
    if key not in {"name", *WRITABLE, *config, *inner}:
        message = f"no field {key!r}; there are: {', '.join(sorted({'name', *WRITABLE, *config, *inner}))}"
        raise click.UsageError(message)
    if printer.format == "auto" and isinstance(value, str | None):
        printer.text(value or "")
    else:
        printer.value(value)


@command.command("set")
@click.argument("key", type=_KEYS)
@click.argument("value")
@json_option
@click.pass_obj
def set_field(invocation: Invocation, key: str, value: str) -> None:
    """Set a field of the profile's config; an empty VALUE removes it.

    scope, client_id and console_url are a log-in's; another organization_id clears workspace_id. A log-in that is there
    stays bound to the workspace it was made for: log in again for another one.

    \b
    ante profile set workspace_id wrkspc_01... --profile other-ws
    """  # noqa: D301 - click's mark for text that keeps its lines
    name, store = _chosen(invocation), _store(invocation)
    cleared = store.set(name, key, value or None)
    invocation.world.stderr.write(
        "".join(f"note: {each} is cleared, it belonged to the former one\n" for each in cleared)
    )
    if key == "workspace_id" and value:
        again = f"ante auth login --profile {name}"
        invocation.world.stderr.write(
            f"note: a log-in that is there stays bound to its workspace; for this one: {again}\n"
        )
    _done(invocation, name, f"{key} is {value}" if value else f"{key} is removed", {"key": key, "value": value or None})


@command.command("activate")
@click.argument("name", type=_NAME)
@json_option
@click.pass_obj
def activate(invocation: Invocation, name: str) -> None:
    """Make a profile the active one, for this and all later commands."""
    _store(invocation).activate(name)
    environment = invocation.world.environment
    if (named := environment.get("ANTHROPIC_PROFILE")) not in {None, name}:
        invocation.world.stderr.write(f"note: ANTHROPIC_PROFILE={named} is set and wins over this\n")
    if found := environment.first("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        invocation.world.stderr.write(f"note: {found[0]} is set and wins over every profile: unset {found[0]}\n")
    _done(invocation, name, "is the active one", {"is_active": True})


@command.command("delete")
@click.argument("name", type=_NAME)
@yes_option
@json_option
@click.pass_obj
def delete(invocation: Invocation, name: str, *, yes: bool) -> None:
    """Remove a profile with its credentials; tokens already given stay good: `ante auth logout` ends them."""
    _store(invocation).config(name)
    confirm(invocation, f"Remove profile {name} and its credentials from this machine?", yes=yes)
    _store(invocation).delete(name)
    _done(invocation, name, "is removed", {"is_deleted": True})


@command.command("rename")
@click.argument("name", type=_NAME)
@click.argument("new")
@json_option
@click.pass_obj
def rename(invocation: Invocation, name: str, new: str) -> None:
    """Give a profile another name."""
    _store(invocation).rename(name, new)
    _done(invocation, new, f"was {name}", {"former_name": name})


@command.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--name", metavar="NAME", help="Name for the profile of a credentials file.")
@click.option("--replace", is_flag=True, help="Write over profiles of the same names.")
@json_option
@click.pass_obj
def import_profiles(invocation: Invocation, source: Path, *, name: str | None, replace: bool) -> None:
    """Copy profiles from another configuration folder, or one from a credentials file.

    The file may be what `ante auth print-credentials` (or `ant`) prints, or Claude Code's .credentials.json.
    """
    names = _store(invocation).import_(source, name=name, replace=replace)
    printer = Printer(invocation.world, invocation.settings)
    if printer.format == "auto":
        printer.text("\n".join(f"{each} is imported" for each in names) or "nothing to import")
    else:
        printer.value({"imported": names})


def _done(invocation: Invocation, name: str, text: str, facts: Mapping[str, object]) -> None:
    printer = Printer(invocation.world, invocation.settings)
    if printer.format == "auto":
        printer.text(f"{name}: {text}")
    else:
        printer.value({"profile": name, **facts})
