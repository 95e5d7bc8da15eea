"""`ante oauth clients`: which programs may ask people to let them act, as the operator decides it."""

from collections.abc import Mapping
from typing import Any, Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.server.options import do, operator_options, print_json

_GRANTS: Final = {
    "authorization_code": "authorization_code",
    "refresh_token": "refresh_token",
    "device_code": "urn:ietf:params:oauth:grant-type:device_code",
}


@click.group("oauth", cls=Group)
def command() -> None:
    """Register programs that people may log in to."""


@command.group("clients", cls=Group)
def clients() -> None:
    """List, register and remove OAuth clients."""


def _line(client: Mapping[str, Any]) -> None:
    kind = "confidential" if client["confidential"] else "public"
    note = "  (built in)" if client["built_in"] else ""
    click.echo(f"{client['id']:38}  {kind:12}  {client['name']}{note}")


def _show(client: Mapping[str, Any]) -> None:
    """Print every field of a client on a line of its own."""
    click.echo(f"id             {client['id']}")
    click.echo(f"name           {client['name']}")
    click.echo(f"kind           {'confidential' if client['confidential'] else 'public'}")
    for uri in client["redirect_uris"]:
        click.echo(f"redirect       {uri}")
    click.echo(f"grants         {' '.join(client['grants'])}")
    click.echo(f"scopes         {' '.join(client['scopes'])}")
    click.echo(f"organization   {client['organization_id'] or 'every one'}")


@clients.command("list")
@operator_options
def list_clients(*, as_json: bool, **place: object) -> None:
    """List every client, the built-in ones first."""
    found = do("oauth_clients.list", place)
    if as_json:
        print_json(found)
        return
    for client in found["data"]:
        _line(client)


@clients.command("create")
@click.argument("name")
@click.option("--id", "client_id", metavar="ID", help="Its client_id; unset: made here.")
@click.option("--redirect-uri", "redirect_uris", metavar="URI", multiple=True, help="May be given more than once.")
@click.option("--grant", "grants", type=click.Choice(list(_GRANTS)), multiple=True, help="Unset: all that make sense.")
@click.option("--scope", "scopes", metavar="SCOPE", multiple=True, help="What it may ask for; unset: the usual three.")
@click.option("--confidential", is_flag=True, help="It can keep a secret, which is printed once.")
@operator_options
def create(name: str, client_id: str | None, *, as_json: bool, confidential: bool, **place: Any) -> None:  # noqa: ANN401 - what click gives
    """Register a client; with --organization-id for that organization's members alone."""
    asked = {
        "name": name,
        "id": client_id,
        "redirect_uris": list(place.pop("redirect_uris")),
        "grants": [_GRANTS[grant] for grant in place.pop("grants")],
        "scopes": list(place.pop("scopes")),
        "confidential": confidential,
    }
    made = do("oauth_clients.create", place, **asked)
    if as_json:
        print_json(made)
        return
    _show(made)
    _once(made)


@clients.command("get")
@click.argument("client_id")
@operator_options
def get(client_id: str, *, as_json: bool, **place: object) -> None:
    """Show one client."""
    client = do("oauth_clients.get", place, id=client_id)
    print_json(client) if as_json else _show(client)


@clients.command("rotate-secret")
@click.argument("client_id")
@operator_options
def rotate_secret(client_id: str, *, as_json: bool, **place: object) -> None:
    """Give a confidential client a new secret; the old one stops at once."""
    made = do("oauth_clients.rotate_secret", place, id=client_id)
    print_json(made) if as_json else _once(made)


@clients.command("delete")
@click.argument("client_id")
@operator_options
def delete(client_id: str, *, as_json: bool, **place: object) -> None:
    """Remove a client; whatever people granted to it ends with it."""
    gone = do("oauth_clients.delete", place, id=client_id)
    print_json(gone) if as_json else click.echo(f"{gone['id']} is no longer a client")


def _once(made: Mapping[str, Any]) -> None:
    if made["secret"]:
        click.echo(made["secret"])
        click.echo("the secret is not shown again", err=True)
