"""`ante people`: who is in an organisation, as the operator decides it; admins are made and unmade here."""

from collections.abc import Mapping
from typing import Any, Final

import click

from antechamber.base.permissions import OrganizationRole
from antechamber.cli.groups import Group
from antechamber.cli.server.options import do, operator_options, print_json

_ROLES: Final = click.Choice([str(role) for role in OrganizationRole])


@click.group("people", cls=Group)
def command() -> None:
    """Add, appoint and remove people as the server's operator, who may make admins."""


def _show(member: Mapping[str, Any]) -> None:
    click.echo(f"{member['id']}  {member['role']:16}  {member['email']}  {member['name']}")


@command.command("add")
@click.argument("email")
@click.option("--role", type=_ROLES, default="user", show_default=True, help="Role in the organization.")
@click.option("--name", help="Their name; unset: from the address.")
@operator_options
def add(email: str, role: str, name: str | None, *, as_json: bool, **place: object) -> None:
    """Make somebody a member at once, without an invite."""
    member = do("people.add", place, email=email, role=role, name=name)
    print_json(member) if as_json else _show(member)


@command.command("list")
@operator_options
def list_people(*, as_json: bool, **place: object) -> None:
    """List the members, the oldest first."""
    found = do("people.list", place)
    if as_json:
        print_json(found)
        return
    for member in found["data"]:
        _show(member)


@command.command("appoint")
@click.argument("email")
@click.option("--role", type=_ROLES, required=True, help="The new role.")
@operator_options
def appoint(email: str, role: str, *, as_json: bool, **place: object) -> None:
    """Give a member another role, that of admin too, or an admin another one."""
    member = do("people.appoint", place, email=email, role=role)
    print_json(member) if as_json else _show(member)


@command.command("remove")
@click.argument("email")
@operator_options
def remove(email: str, *, as_json: bool, **place: object) -> None:
    """Remove a member, an admin too; their tokens and personal keys stop within a second."""
    gone = do("people.remove", place, email=email)
    print_json(gone) if as_json else click.echo(f"{gone['id']} is no longer a member")


@command.command("password-link")
@click.argument("email")
@operator_options
def password_link(email: str, *, as_json: bool, **place: object) -> None:
    """Print a link by which a member sets a new password, once, within a day. Whoever has it can log in as them."""
    link = do("people.password_link", place, email=email)
    print_json(link) if as_json else click.echo(link["url"])


@command.command("sessions")
@click.argument("email")
@operator_options
def sessions(email: str, *, as_json: bool, **place: object) -> None:
    """List the browsers in which a member is logged in, the last used first."""
    found = do("people.sessions", place, email=email)
    if as_json:
        print_json(found)
        return
    for session in found["data"]:
        click.echo(
            f"{session['id']}  {session['last_seen_at'][:19]}Z  {session['ip_address'] or '-':15}  "
            f"{session['user_agent'] or '-'}"
        )


@command.command("revoke-sessions")
@click.argument("email")
@click.option("--session-id", help="Only this one.")
@operator_options
def revoke_sessions(email: str, session_id: str | None, *, as_json: bool, **place: object) -> None:
    """Log a member out of every browser, or of one."""
    done = do("people.revoke_sessions", place, email=email, session_id=session_id)
    print_json(done) if as_json else click.echo(f"{done['revoked']} session(s) ended")


@command.command("invite-link")
@click.argument("invite_id")
@operator_options
def invite_link(invite_id: str, *, as_json: bool, **place: object) -> None:
    """Print the link of a pending invite, for when there is no mail server. Whoever has it can accept."""
    link = do("invite.link", place, invite_id=invite_id)
    print_json(link) if as_json else click.echo(link["url"])
