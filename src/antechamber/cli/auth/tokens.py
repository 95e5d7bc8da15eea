"""`ante auth token` and `ante auth print-credentials`: the credential for other programs, kept fresh."""

import json
import shlex

import click

from antechamber.cli.auth.signing import fresh_profile
from antechamber.cli.connection import sign
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Command
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation, json_option
from antechamber.client.credentials import find_access
from antechamber.client.processes import ProcessCredential, show_credential


@click.command("token", cls=Command)
@json_option
@click.pass_obj
def token(invocation: Invocation) -> int:
    """Print the credential in force, renewed if it is about to end, and nothing else.

    For whatever asks a command for a key, as Claude Code's apiKeyHelper does; --json adds its kind, its end and the
    server, which is what a profile's credential_process reads.

    \b
    {"apiKeyHelper": "ante auth token --profile work"}
    curl -H "Authorization: Bearer $(ante auth token)" ...
    """  # noqa: D301 - click's mark for text that keeps its lines
    world = invocation.world
    access = find_access(invocation.settings.given(), world.environment)
    if access.credential is None:
        world.stderr.write("There is no credential. Log in with `ante auth login`.\n")
        return Exit.AUTHENTICATION
    found = sign(world, invocation.settings, access).token()
    printer = Printer(world, invocation.settings)
    if printer.format == "auto" and invocation.settings.transform is None:
        printer.text(found.secret.reveal())
    else:
        kind = "api_key" if found.is_key else "auth_token"
        shown = ProcessCredential(kind, found.secret, found.expires_at, access.base_url.value)
        printer.value(dict(show_credential(shown)))
    return Exit.OK


@click.command("print-credentials", cls=Command)
@click.option("--access-token", is_flag=True, help="Print the access token and nothing else.")
@click.option("--env", "as_env", is_flag=True, help="Print lines that a shell's eval or an env file takes.")
@json_option
@click.pass_obj
def print_credentials(invocation: Invocation, *, access_token: bool, as_env: bool) -> int:
    """Print the profile's credentials as they lie on disk, renewed if they are about to end.

    The JSON holds the refresh token, too: it is all that another program needs to be logged in, and it can be read back
    with `ante profile import`. API keys in variables are no part of it: `ante auth token` prints whatever is in force.

    \b
    ante auth print-credentials > credentials.json
    eval "$(ante auth print-credentials --env)"
    """  # noqa: D301 - click's mark for text that keeps its lines
    if access_token and as_env:
        message = "--access-token and --env exclude each other"
        raise click.UsageError(message)
    printer = Printer(invocation.world, invocation.settings)
    profile, secret = fresh_profile(invocation)
    if access_token:
        printer.text(secret)
    elif as_env:
        printer.text(f"ANTHROPIC_AUTH_TOKEN={shlex.quote(secret)}")
        if profile.base_url:
            printer.text(f"ANTHROPIC_BASE_URL={shlex.quote(profile.base_url)}")
    else:
        found = json.loads(profile.credentials_path.read_bytes())
        # Whoever reads this back must refresh where it is from, and as who it was given to.
        home = {"base_url": profile.base_url, "client_id": profile.client_id}
        printer.value({**found, **{name: value for name, value in home.items() if value}})
    return Exit.OK
