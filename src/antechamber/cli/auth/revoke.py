"""`ante auth revoke`: a token's end at the server, confirmed."""

import click

from antechamber.base.secret import Secret
from antechamber.cli.auth.ending import end, revoke_at
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Command
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation, json_option
from antechamber.client.credentials import Given, find_access
from antechamber.client.profiles import ProfileUnusable
from antechamber.client.store import ProfileStore

_REFRESH_TOKEN = "sk-ant-ort01-"  # noqa: S105 - a prefix, not a secret


@click.command("revoke", cls=Command)
@click.argument("token", required=False)
@click.option("--client-id", metavar="ID", help="Client that the token was given to, if it was not `ante`.")
@json_option
@click.pass_obj
def command(invocation: Invocation, token: str | None, client_id: str | None) -> int:
    """End a token at the server; with `-` it is read from stdin.

    Without TOKEN the profile's whole log-in: its refresh token, and every access token that came of it, in other copies
    of the file, too. Unlike logout this fails when the server does not confirm, and then removes nothing here.

    \b
    ante auth revoke --profile work
    ante auth revoke - < leaked-token
    """  # noqa: D301 - click's mark for text that keeps its lines
    if token is None:
        return _revoke_profile(invocation)
    text = invocation.world.read_stdin().decode("utf-8", "replace").strip() if token == "-" else token  # noqa: S105
    if not text:
        message = "there is no token on stdin"
        raise click.UsageError(message)
    given = Given(base_url=invocation.settings.base_url, profile=invocation.settings.profile)
    server = find_access(given, invocation.world.environment, strict=False).base_url.value
    hint = "refresh_token" if text.startswith(_REFRESH_TOKEN) else "access_token"
    problem = revoke_at(server, Secret(text), client_id, hint, invocation)
    return _tell(invocation, "The token", server, problem)


def _revoke_profile(invocation: Invocation) -> int:
    store = ProfileStore(invocation.world.environment)
    name, _ = store.active(invocation.settings.profile)
    profile = store.read(name)
    if profile.access_token is None:
        message = f"profile {name!r} is not logged in"
        raise ProfileUnusable(message)
    ended = end(profile, invocation)
    if ended.problem is None:
        store.log_out(name)
    return _tell(invocation, f"The log-in of profile {name}", ended.server, ended.problem)


def _tell(invocation: Invocation, what: str, server: str, problem: str | None) -> int:
    printer = Printer(invocation.world, invocation.settings)
    if printer.format != "auto":
        printer.value({"revoked": problem is None, "server": server, "problem": problem})
    elif problem is None:
        printer.text(f"{what} is ended at {server}.")
    if problem is None:
        return Exit.OK
    invocation.world.stderr.write(f"{what} is not known to be ended: {server}: {problem}\n")
    return Exit.UNREACHABLE if problem.startswith("no answer") else Exit.AUTHENTICATION
