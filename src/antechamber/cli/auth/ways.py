"""The ways to a token: a browser on this machine, a pasted code, another device."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from antechamber.cli.auth.browsing import open_command, open_page
from antechamber.cli.auth.targets import Target
from antechamber.cli.world import World
from antechamber.client.authorize import LoginAttempt, begin_login, manual_redirect
from antechamber.client.environment import Environment
from antechamber.client.failures import TokenRefused
from antechamber.client.loopback import Loopback, Received, await_code
from antechamber.client.oauth import DevicePrompt, TokenAnswer, await_device, begin_device, redeem_code
from antechamber.client.posting import Poster


class Way(StrEnum):
    """How the person approves; the first two differ in where the browser is sent back to."""

    BROWSER = "browser"
    TUNNEL = "tunnel"
    PASTE = "paste"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Means:
    """What a log-in works with; `say` shows a line at once, `seconds` is the longest wait for the browser."""

    world: World
    post: Poster
    say: Callable[[str], None]
    seconds: float = 300.0
    callback_port: int = 0


def choose_way(
    environment: Environment, *, device: bool, no_browser: bool, callback_port: int, ask: Callable[[str], bool] | None
) -> Way:
    """Return the way that was asked for, or the one that this terminal allows.

    Without a browser a person is asked (by `ask`, None where nobody can answer) whether to use another device.
    """
    if device:
        return Way.DEVICE
    if no_browser:
        return Way.TUNNEL if callback_port else Way.PASTE
    if open_command(environment) is not None:
        return Way.BROWSER
    if ask is None or ask("No browser here. Log in with a one-time code on another device?"):
        return Way.DEVICE
    return Way.PASTE


def obtain(way: Way, target: Target, means: Means) -> TokenAnswer:
    """Lead the person to a token; CredentialUnusable, ServerUnreachable."""
    if way is Way.DEVICE:
        return _by_device(target, means)
    attempt = begin_login(
        means.world.chance,
        console_url=target.console_url,
        client_id=target.client_id,
        scope=target.scope,
        workspace_id=target.workspace_id,
        organization_id=target.organization_id,
    )
    received = {Way.BROWSER: _by_browser, Way.TUNNEL: _by_tunnel, Way.PASTE: _by_paste}[way](attempt, means)
    return redeem_code(means.post, target.base_url, attempt, received)


def _by_browser(attempt: LoginAttempt, means: Means) -> Received:
    # the address that is shown ends on a page with a code to paste, so that it works in a browser elsewhere, too
    shown = attempt.url(manual_redirect(attempt.console_url, attempt.client_id))
    with Loopback(attempt, means.callback_port) as loopback:
        words = open_command(means.world.environment)
        opened = words is not None and open_page(words, attempt.url(loopback.redirect_uri), means.world.environment)
        means.say("Your browser opens a page to log in." if opened else "No browser could be started.")
        means.say("If not, open this address in any browser and paste the code it shows here:")
        means.say(f"\n{shown}\n")
        return await_code(attempt, loopback, means.world.stdin, means.seconds)


def _by_tunnel(attempt: LoginAttempt, means: Means) -> Received:
    with Loopback(attempt, means.callback_port) as loopback:
        means.say(f"Open this address in a browser whose port {means.callback_port} is forwarded to here:")
        means.say(f"\n{attempt.url(loopback.redirect_uri)}\n")
        return await_code(attempt, loopback, None, means.seconds)


def _by_paste(attempt: LoginAttempt, means: Means) -> Received:
    means.say("Open this address in any browser:")
    means.say(f"\n{attempt.url(manual_redirect(attempt.console_url, attempt.client_id))}\n")
    means.say("Then paste the code that it shows, and press Enter:")
    return await_code(attempt, None, means.world.stdin, None)


def _by_device(target: Target, means: Means) -> TokenAnswer:
    prompt = begin_device(means.post, target.base_url, client_id=target.client_id, scope=target.scope)
    _show_device(prompt, means.say)
    world = means.world
    return await_device(means.post, target.base_url, prompt, world.clock, world.sleep, client_id=target.client_id)


def _show_device(prompt: DevicePrompt, say: Callable[[str], None]) -> None:
    say(f"\nYour one-time code:  {prompt.user_code}\n")
    say("Open this address on any device, check that it shows this code, and approve:")
    say(f"\n{prompt.verification_uri_complete or prompt.verification_uri}\n")
    if prompt.verification_uri_complete:
        say(f"Without a link to follow: open {prompt.verification_uri} and type the code.")
    minutes = max(1, prompt.expires_in // 60)
    say(f"Waiting. The code is good for {minutes} minute{'s' if minutes != 1 else ''}; Ctrl-C gives up.")


def is_unsupported(error: TokenRefused) -> bool:
    """Say whether a server refused because it knows no log-in by device."""
    return error.status in {404, 405, 501} or error.error in {"unsupported_grant_type", "unauthorized_client"}
