"""`ante invites`: people asked to join the organization."""

import click

from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import (
    ORGANIZATION,
    Column,
    add_retrieve,
    call,
    confirm,
    given,
    list_options,
    moment,
    show_list,
    yes_option,
)
from antechamber.cli.settings import Invocation
from antechamber.cli.users import ROLES

_PATH = f"{ORGANIZATION}/invites"
_COLUMNS: tuple[Column, ...] = (
    ("id", "id"),
    ("email", "email"),
    ("role", "role"),
    ("status", "status"),
    ("expires", moment("expires_at")),
)


@click.group(cls=Group)
def command() -> None:
    """Invite people, and take invites back."""


@command.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES[:-1]), default="user", show_default=True, help="Role on joining.")
@click.option(
    "--rbac-group-id", "rbac_group_ids", metavar="ID", multiple=True, help="A group to join, too; may be repeated."
)
@click.pass_obj
def create(invocation: Invocation, email: str, role: str, rbac_group_ids: tuple[str, ...]) -> None:
    """Invite a person; the invite is good for 21 days."""
    call(invocation, "POST", _PATH, {"email": email, "role": role, **given(rbac_group_ids=rbac_group_ids)})


@command.command("list")
@click.option("--email", metavar="EMAIL", help="Only this address.")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, help="Only this role; may be repeated.")
@click.option(
    "--status", "statuses", type=click.Choice(("pending", "accepted", "expired")), multiple=True,
    help="Only this status; may be repeated.",
)  # fmt: skip
@list_options
@click.pass_obj
def list_invites(invocation: Invocation, /, **query: object) -> None:
    """List invites, newest first."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))


add_retrieve(command, _PATH, "invite_id", "Show one invite.")


@command.command("delete")
@click.argument("invite_id")
@yes_option
@click.pass_obj
def delete(invocation: Invocation, invite_id: str, *, yes: bool) -> None:
    """Take back an invite that is still pending."""
    confirm(invocation, f"Delete the invite {invite_id}?", yes=yes)
    call(invocation, "DELETE", f"{_PATH}/{segment(invite_id)}")
