"""`ante service-accounts`: the identities of programs, and what they are in workspaces."""

from typing import Final

import click

from antechamber.cli.bearer import add_archive, add_get, call, list_options, show_list
from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import ORGANIZATION, Column, confirm, given, moment, need, yes_option
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/service_accounts"
_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", "name"),
    ("role", "organization_role"),
    ("created", moment("created_at")),
    ("archived", moment("archived_at")),
)
_PLACES: Final[tuple[Column, ...]] = (
    ("workspace", "workspace_id"),
    ("role", "workspace_role"),
    ("given", lambda entry: "implicitly" if entry.get("implicit") else "by hand"),
)
_ROLES: Final = ("workspace_user", "workspace_developer", "workspace_restricted_developer", "workspace_admin")


@click.group(cls=Group)
def command() -> None:
    """Make and change the identities that federation rules give to programs."""


@command.group("workspaces", cls=Group)
def workspaces() -> None:
    """See and change what a service account is in workspaces."""


_description_option = click.option("--description", metavar="TEXT", help="What it is for.")


@command.command("create")
@click.argument("name")
@_description_option
@click.option(
    "--role",
    "organization_role",
    type=click.Choice(("developer", "admin")),
    help="Role in the organization; admin only with a person's token.  [default: developer]",
)
@click.pass_obj
def create(invocation: Invocation, /, **fields: object) -> None:
    """Make a service account; its name is of a-z, 0-9 and hyphens, and stays."""
    call(invocation, "POST", _PATH, given(**fields))


@command.command("list")
@list_options
@click.pass_obj
def list_accounts(invocation: Invocation, /, **query: object) -> None:
    """List service accounts, newest first."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))


add_get(command, _PATH, "service_account_id", "Show one service account.")


@command.command("update")
@click.argument("service_account_id")
@_description_option
@click.option("--role", "organization_role", type=click.Choice(("developer", "admin")), help="The new role.")
@click.pass_obj
def update(invocation: Invocation, /, service_account_id: str, **fields: object) -> None:
    """Change what a service account is for, or its role in the organization."""
    body = {name: value for name, value in fields.items() if value is not None}
    call(invocation, "POST", f"{_PATH}/{segment(service_account_id)}", need(body, "--description or --role"))


add_archive(command, _PATH, "service_account_id", "its tokens end at once")


@workspaces.command("list")
@click.argument("service_account_id")
@click.option("--limit", type=click.IntRange(1, 100), help="Entries a page.")
@click.pass_obj
def list_workspaces(invocation: Invocation, service_account_id: str, limit: int | None) -> None:
    """List the workspaces that a service account is in."""
    show_list(invocation, f"{_PATH}/{segment(service_account_id)}/workspaces", _PLACES, [("limit", limit)])


@workspaces.command("add")
@click.argument("service_account_id")
@click.argument("workspace_id")
@click.option(
    "--role",
    type=click.Choice((*_ROLES, *(role.removeprefix("workspace_") for role in _ROLES))),
    default="workspace_developer",
    show_default=True,
    help="Role in the workspace.",
)
@click.pass_obj
def add(invocation: Invocation, service_account_id: str, workspace_id: str, role: str) -> None:
    """Add a service account to a workspace, or change what it is there."""
    named = role if role.startswith("workspace_") else f"workspace_{role}"
    body = {"workspace_id": workspace_id, "workspace_role": named}
    call(invocation, "POST", f"{_PATH}/{segment(service_account_id)}/workspaces", body)


@workspaces.command("remove")
@click.argument("service_account_id")
@click.argument("workspace_id")
@yes_option
@click.pass_obj
def remove(invocation: Invocation, service_account_id: str, workspace_id: str, *, yes: bool) -> None:
    """Take a service account out of a workspace; in the default one the implicit membership stays."""
    confirm(invocation, f"Take {service_account_id} out of {workspace_id}?", yes=yes)
    call(invocation, "DELETE", f"{_PATH}/{segment(service_account_id)}/workspaces/{segment(workspace_id)}")
