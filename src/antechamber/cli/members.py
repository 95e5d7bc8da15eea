"""`ante members`: who is in a workspace, and as what."""

import click

from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import ORGANIZATION, Column, call, confirm, list_options, show_list, yes_option
from antechamber.cli.settings import Invocation

_ROLES = ("workspace_user", "workspace_developer", "workspace_restricted_developer", "workspace_admin")
_COLUMNS: tuple[Column, ...] = (("user", "user_id"), ("workspace", "workspace_id"), ("role", "workspace_role"))


@click.group("members", cls=Group)
def command() -> None:
    """See and change who is in a workspace."""


def _path(workspace_id: str, user_id: str | None = None) -> str:
    path = f"{ORGANIZATION}/workspaces/{segment(workspace_id)}/members"
    return path if user_id is None else f"{path}/{segment(user_id)}"


def _role(value: str) -> str:
    return value if value.startswith("workspace_") else f"workspace_{value}"


_CHOICES = click.Choice((*_ROLES, *(role.removeprefix("workspace_") for role in _ROLES)))


@command.command("add")
@click.argument("workspace_id")
@click.argument("user_id")
@click.option("--role", type=_CHOICES, default="workspace_developer", show_default=True, help="Role in the workspace.")
@click.pass_obj
def add(invocation: Invocation, workspace_id: str, user_id: str, role: str) -> None:
    """Add a member of the organization to a workspace."""
    call(invocation, "POST", _path(workspace_id), {"user_id": user_id, "workspace_role": _role(role)})


@command.command("list")
@click.argument("workspace_id")
@list_options
@click.pass_obj
def list_members(invocation: Invocation, /, workspace_id: str, **query: object) -> None:
    """List a workspace's members."""
    show_list(invocation, _path(workspace_id), _COLUMNS, list(query.items()))


@command.command("retrieve")
@click.argument("workspace_id")
@click.argument("user_id")
@click.pass_obj
def retrieve(invocation: Invocation, workspace_id: str, user_id: str) -> None:
    """Show one member of a workspace."""
    call(invocation, "GET", _path(workspace_id, user_id))


@command.command("update")
@click.argument("workspace_id")
@click.argument("user_id")
@click.option("--role", type=_CHOICES, required=True, help="The new role.")
@click.pass_obj
def update(invocation: Invocation, workspace_id: str, user_id: str, role: str) -> None:
    """Change a member's role in a workspace."""
    call(invocation, "POST", _path(workspace_id, user_id), {"workspace_role": _role(role)})


@command.command("remove")
@click.argument("workspace_id")
@click.argument("user_id")
@yes_option
@click.pass_obj
def remove(invocation: Invocation, workspace_id: str, user_id: str, *, yes: bool) -> None:
    """Remove a member from a workspace."""
    confirm(invocation, f"Remove {user_id} from {workspace_id}?", yes=yes)
    call(invocation, "DELETE", _path(workspace_id, user_id))
