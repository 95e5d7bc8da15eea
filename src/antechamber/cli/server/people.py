"""`ante people`: who is in an organisation, as the operator decides it; admins are made and unmade here."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from antechamber.base.permissions import OrganizationRole
from antechamber.cli.groups import Group
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.wiring.operations import administer, read_settings

_ROLES: Final = click.Choice([str(role) for role in OrganizationRole])


@click.group("people", cls=Group)
def command() -> None:
    """Add, appoint and remove people as the server's operator, who may make admins."""


def _common(function: Callable[..., None]) -> Callable[..., None]:
    organization = click.option("--organization-id", help="Which organization, when the server has several.")
    for option in (json_option, config_option, data_option, organization):
        function = option(function)
    return function


def _do(act: str, common: Mapping[str, Any], **asked: object) -> Mapping[str, Any]:
    with failures_told():
        loaded = read_settings(common["config"], {"data": common["data"]})
        return administer(loaded, act, organization_id=common["organization_id"], **asked)


def _show(member: Mapping[str, Any]) -> None:
    click.echo(f"{member['id']}  {member['role']:16}  {member['email']}  {member['name']}")


@command.command("add")
@click.argument("email")
@click.option("--role", type=_ROLES, default="user", show_default=True, help="Role in the organization.")
@click.option("--name", help="Their name; unset: from the address.")
@_common
def add(email: str, role: str, name: str | None, *, as_json: bool, **common: object) -> None:
    """Make somebody a member at once, without an invite."""
    member = _do("people.add", common, email=email, role=role, name=name)
    print_json(member) if as_json else _show(member)


@command.command("list")
@_common
def list_people(*, as_json: bool, **common: object) -> None:
    """List the members, the oldest first."""
    found = _do("people.list", common)
    if as_json:
        print_json(found)
        return
    for member in found["data"]:
        _show(member)


@command.command("appoint")
@click.argument("email")
@click.option("--role", type=_ROLES, required=True, help="The new role.")
@_common
def appoint(email: str, role: str, *, as_json: bool, **common: object) -> None:
    """Give a member another role, that of admin too, or an admin another one."""
    member = _do("people.appoint", common, email=email, role=role)
    print_json(member) if as_json else _show(member)


@command.command("remove")
@click.argument("email")
@_common
def remove(email: str, *, as_json: bool, **common: object) -> None:
    """Remove a member, an admin too; their tokens and personal keys stop within a second."""
    gone = _do("people.remove", common, email=email)
    print_json(gone) if as_json else click.echo(f"{gone['id']} is no longer a member")


@command.command("invite-link")
@click.argument("invite_id")
@_common
def invite_link(invite_id: str, *, as_json: bool, **common: object) -> None:
    """Print the link of a pending invite, for when there is no mail server. Whoever has it can accept."""
    link = _do("invite.link", common, invite_id=invite_id)
    print_json(link) if as_json else click.echo(link["url"])
