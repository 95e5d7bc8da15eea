"""`ante users`: the members of the organization."""

import click

from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import (
    ORGANIZATION,
    Column,
    add_retrieve,
    call,
    confirm,
    list_options,
    moment,
    show_list,
    yes_option,
)
from antechamber.cli.settings import Invocation

ROLES = ("user", "claude_code_user", "developer", "billing", "admin")
_PATH = f"{ORGANIZATION}/users"
_COLUMNS: tuple[Column, ...] = (
    ("id", "id"),
    ("email", "email"),
    ("name", "name"),
    ("role", "role"),
    ("added", moment("added_at")),
)


@click.group(cls=Group)
def command() -> None:
    """See, change and remove members of the organization."""


@command.command("list")
@click.option("--email", metavar="EMAIL", help="Only this address; +tags count as the same.")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, help="Only this role; may be repeated.")
@list_options
@click.pass_obj
def list_users(invocation: Invocation, /, **query: object) -> None:
    """List members, newest first."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))


add_retrieve(command, _PATH, "user_id", "Show one member.")


@command.command("update")
@click.argument("user_id")
@click.option("--role", required=True, type=click.Choice(ROLES[:-1]), help="The new role.")
@click.pass_obj
def update(invocation: Invocation, user_id: str, role: str) -> None:
    """Change a member's role; admins are made elsewhere."""
    call(invocation, "POST", f"{_PATH}/{segment(user_id)}", {"role": role})


@command.command("remove")
@click.argument("user_id")
@yes_option
@click.pass_obj
def remove(invocation: Invocation, user_id: str, *, yes: bool) -> None:
    """Remove a member: personal keys stop at once, workspace keys go on."""
    confirm(invocation, f"Remove {user_id} from the organization?", yes=yes)
    call(invocation, "DELETE", f"{_PATH}/{segment(user_id)}")
