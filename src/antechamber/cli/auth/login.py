"""`ante auth login`: from a browser, a pasted code or another device to a credential in a profile."""

from typing import Final

import click

from antechamber.cli.auth.confirming import asker
from antechamber.cli.auth.logging_in import LoginOptions, Outcome, describe, log_in, warnings
from antechamber.cli.auth.targets import Wishes
from antechamber.cli.durations import Duration
from antechamber.cli.groups import Command
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation, json_option
from antechamber.client.store import ProfileStore

_FIVE_MINUTES: Final = 300


@click.command("login", cls=Command)
@click.option("--no-browser", is_flag=True, help="Show the address and take the code from stdin.")
@click.option("--device", is_flag=True, help="Log in with a one-time code on another device.")
@click.option(
    "--callback-port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Port to listen on; with --no-browser one that is forwarded to here.",
)
@click.option(
    "--timeout",
    "seconds",
    type=Duration(),
    default=_FIVE_MINUTES,
    metavar="TIME",
    help="Longest wait for the browser (5m).",
)
@click.option("--workspace-id", metavar="ID", help="Workspace to bind to, without being asked.")
@click.option("--organization-id", metavar="ID", help="Organization to log in to, without being asked.")
@click.option("--scope", metavar="SCOPES", help="What to ask for, separated by spaces.")
@click.option("--client-id", metavar="ID", help="OAuth client to log in as.")
@click.option("--console-url", metavar="URL", help="Where the log-in page is; the server itself if not given.")
@json_option
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    *,
    no_browser: bool,
    device: bool,
    callback_port: int,
    seconds: int,
    **wishes: str | None,
) -> None:
    """Log in to a server and keep the credential in a profile.

    The browser opens; where there is none, a one-time code for another device is offered. The address is always shown,
    too, and a code pasted from its last page is as good as the browser's own answer.

    \b
    ante auth login --base-url https://models.example.com
    ante auth login --no-browser                   on a remote host
    ante auth login --workspace-id wrkspc_01...    no page to pick it on
    ante auth login --profile other-ws             keep it beside the others
    """  # noqa: D301 - click's mark for text that keeps its lines
    if device and (no_browser or callback_port):
        message = "--device needs no browser here: leave out --no-browser and --callback-port"
        raise click.UsageError(message)
    world, settings = invocation.world, invocation.settings
    own = Wishes(base_url=settings.base_url, profile=settings.profile, **wishes)
    options = LoginOptions(own, device, no_browser, callback_port, float(seconds))

    def say(line: str) -> None:
        world.stderr.write(f"{line}\n")
        world.stderr.flush()

    _show(log_in(options, world, settings, say, asker(world)), invocation)


def _show(outcome: Outcome, invocation: Invocation) -> None:
    world = invocation.world
    printer = Printer(world, invocation.settings)
    if printer.format == "auto" and invocation.settings.transform is None:
        for line in describe(outcome):
            printer.text(line)
    else:
        printer.value(shown(outcome))
    for line in warnings(outcome, world.environment, ProfileStore(world.environment)):
        world.stderr.write(f"note: {line}\n")


def shown(outcome: Outcome) -> dict[str, object]:
    """Return a log-in as programs read it; no secret is in it."""
    answer, written = outcome.answer, outcome.written
    return {
        "profile": written.name,
        "is_new": written.is_new,
        "is_active": written.is_activated,
        "base_url": outcome.target.base_url,
        "account_email": answer.account_email,
        "organization": {"id": answer.organization_uuid, "name": answer.organization_name},
        "workspace": {"id": answer.workspace_id, "name": answer.workspace_name},
        "scope": answer.scope,
        "expires_in": answer.expires_in,
        "drifts": written.drifts,
    }
