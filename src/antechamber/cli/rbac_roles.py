"""`ante rbac-roles`: the roles that there are, and what each permits."""

from typing import Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import ORGANIZATION, Column, add_retrieve, show_list
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/rbac_roles"
_COLUMNS: Final[tuple[Column, ...]] = (("id", "id"), ("name", "display_name"))
_PERMISSIONS: Final[tuple[Column, ...]] = (("permission", "action"),)
_limit_option = click.option("--limit", type=click.IntRange(1, 1000), help="Entries a page.")


@click.group(cls=Group)
def command() -> None:
    """See the roles in the organization and its workspaces."""


@command.command("list")
@_limit_option
@click.pass_obj
def list_roles(invocation: Invocation, limit: int | None) -> None:
    """List roles, those of the organization first."""
    show_list(invocation, _PATH, _COLUMNS, [("limit", limit)])


add_retrieve(command, _PATH, "rbac_role_id", "Show one role.")


@command.group("permissions", cls=Group)
def permissions() -> None:
    """See what a role permits."""


@permissions.command("list")
@click.argument("rbac_role_id")
@_limit_option
@click.pass_obj
def list_permissions(invocation: Invocation, rbac_role_id: str, limit: int | None) -> None:
    """List what a role permits."""
    show_list(invocation, f"{_PATH}/{segment(rbac_role_id)}/permissions", _PERMISSIONS, [("limit", limit)])
