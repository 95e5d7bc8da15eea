"""`ante rbac-groups`: groups of people, and who is in them."""

from typing import Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import ORGANIZATION, Column, add_retrieve, call, confirm, moment, show_list, yes_option
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/rbac_groups"
_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", "name"),
    ("source", "source_type"),
    ("created", moment("created_at")),
)
_PEOPLE: Final[tuple[Column, ...]] = (("user", "user_id"), ("email", "email"), ("since", moment("created_at")))
_limit_option = click.option("--limit", type=click.IntRange(1, 1000), help="Entries a page.")


@click.group(cls=Group)
def command() -> None:
    """Make, rename and delete groups of people."""


@command.group("members", cls=Group)
def members() -> None:
    """See and change who is in a group."""


@command.command("create")
@click.argument("name")
@click.pass_obj
def create(invocation: Invocation, name: str) -> None:
    """Make a group; names need not be unique."""
    call(invocation, "POST", _PATH, {"name": name})


@command.command("list")
@_limit_option
@click.pass_obj
def list_groups(invocation: Invocation, limit: int | None) -> None:
    """List groups, newest first."""
    show_list(invocation, _PATH, _COLUMNS, [("limit", limit)])


add_retrieve(command, _PATH, "rbac_group_id", "Show one group.")


@command.command("update")
@click.argument("rbac_group_id")
@click.option("--name", required=True, help="The new name.")
@click.pass_obj
def update(invocation: Invocation, rbac_group_id: str, name: str) -> None:
    """Rename a group."""
    call(invocation, "POST", f"{_PATH}/{segment(rbac_group_id)}", {"name": name})


@command.command("delete")
@click.argument("rbac_group_id")
@yes_option
@click.pass_obj
def delete(invocation: Invocation, rbac_group_id: str, *, yes: bool) -> None:
    """Delete a group; its people stay in the organization."""
    confirm(invocation, f"Delete the group {rbac_group_id}?", yes=yes)
    call(invocation, "DELETE", f"{_PATH}/{segment(rbac_group_id)}")


@members.command("list")
@click.argument("rbac_group_id")
@_limit_option
@click.pass_obj
def list_members(invocation: Invocation, rbac_group_id: str, limit: int | None) -> None:
    """List the people in a group, who joined last first."""
    show_list(invocation, f"{_PATH}/{segment(rbac_group_id)}/members", _PEOPLE, [("limit", limit)])


@members.command("add")
@click.argument("rbac_group_id")
@click.argument("user_id")
@click.pass_obj
def add(invocation: Invocation, rbac_group_id: str, user_id: str) -> None:
    """Put a member of the organization in a group."""
    call(invocation, "POST", f"{_PATH}/{segment(rbac_group_id)}/members", {"user_id": user_id})


@members.command("remove")
@click.argument("rbac_group_id")
@click.argument("user_id")
@yes_option
@click.pass_obj
def remove(invocation: Invocation, rbac_group_id: str, user_id: str, *, yes: bool) -> None:
    """Take a person out of a group."""
    confirm(invocation, f"Take {user_id} out of {rbac_group_id}?", yes=yes)
    call(invocation, "DELETE", f"{_PATH}/{segment(rbac_group_id)}/members/{segment(user_id)}")
