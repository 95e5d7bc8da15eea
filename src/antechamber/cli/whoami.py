"""`ante whoami`: whose credential is in force, as the server says."""

from collections.abc import Iterator, Mapping

import click

from antechamber.cli.auth.verifying import ask_who
from antechamber.cli.connection import tell_choice
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Command
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation, json_option
from antechamber.client.credentials import Access, find_access


@click.command("whoami", cls=Command)
@json_option
@click.pass_obj
def command(invocation: Invocation) -> int:
    """Ask the server whose credential is in force: person, service account or key, where it is bound, until when.

    `ante auth status` says what this machine knows, without asking.
    """
    world = invocation.world
    access = find_access(invocation.settings.given(), world.environment)
    if access.credential is None:
        access = find_access(invocation.settings.given(), world.environment, administration=True)
    if access.credential is None:
        world.stderr.write("Nobody: there is no credential. Log in with `ante auth login`.\n")
        return Exit.AUTHENTICATION
    tell_choice(access, world)
    found = ask_who(access, invocation)
    printer = Printer(world, invocation.settings)
    if printer.format != "auto" or invocation.settings.transform is not None:
        server = {"base_url": access.base_url.value, "source": access.credential.source}
        printer.value({**found, "server": server})
        return Exit.OK
    for name, value in describe(found, access):
        printer.text(f"{name:<13} {value}")
    return Exit.OK


def describe(found: Mapping[str, object], access: Access) -> Iterator[tuple[str, str]]:
    """Yield what a person reads of an answer."""
    if found.get("type") == "provider":
        yield "Provider", f"{access.base_url.value} accepts the key"
    account, credential = _object(found.get("account")), _object(found.get("credential"))
    organization, workspace = _object(found.get("organization")), _object(found.get("workspace"))
    if account:
        kind = "Person" if account.get("type") == "user" else "Account"
        yield kind, _named(account, account.get("email"))
    elif credential:
        yield "Nobody", "the credential stands for itself"
    if organization:
        yield "Organization", _named(organization) + _role(account)
    if workspace:
        yield "Workspace", _named(workspace) + _role(workspace)
    if credential:
        yield (
            "Credential",
            _named({**credential, "name": credential.get("name") or _KINDS.get(str(credential["type"]))}),
        )
        scopes = credential.get("scopes")
        if isinstance(scopes, list):
            yield "Scopes", " ".join(map(str, scopes))
        ends = credential.get("expires_at")
        yield "Expires", str(ends)[:16].replace("T", " ") + " UTC" if ends else "never"
    if access.credential is not None:
        yield "From", access.credential.source
    yield "Server", f"{access.base_url.value} (from {access.base_url.source})"


_KINDS = {"access_token": "access token", "admin_api_key": "admin key", "api_key": "API key"}


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _named(thing: Mapping[str, object], more: object = None) -> str:
    name = thing.get("name") or more
    known = [str(each) for each in (more if name != more else None, thing.get("id")) if each]
    return f"{name} ({', '.join(known)})" if name else ", ".join(known)


def _role(thing: Mapping[str, object]) -> str:
    return f", as {thing['role']}" if thing.get("role") else ""
