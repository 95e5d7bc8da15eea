"""`ante workspaces`: the organization's workspaces; `ante workspaces members` who is in them."""

import click

from antechamber.cli.groups import Group
from antechamber.cli.members import command as members
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
    need,
    show_list,
    yes_option,
)
from antechamber.cli.settings import Invocation

_PATH = f"{ORGANIZATION}/workspaces"
_COLUMNS: tuple[Column, ...] = (
    ("id", "id"),
    ("name", "name"),
    ("created", moment("created_at")),
    ("archived", moment("archived_at")),
)


@click.group(cls=Group)
def command() -> None:
    """Make, change and archive workspaces."""


command.add_command(members, "members")


def _tags(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str | None] | None:
    """Read `name=value`; `name=` takes the tag away."""
    tags: dict[str, str | None] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            message = "write name=value, or name= to take it away"
            raise click.BadParameter(message)
        tags[name] = value or None
    return tags or None


_tag_option = click.option(
    "--tag", "tags", multiple=True, callback=_tags, metavar="NAME=VALUE", help="A tag; may be repeated."
)
_key_option = click.option("--external-key-id", metavar="ID", help="External key to tie it to, for good.")
_color_option = click.option("--color", "display_color", metavar="#RRGGBB", help="Colour in the console.")


@command.command("create")
@click.argument("name")
@_color_option
@_tag_option
@_key_option
@click.pass_obj
def create(invocation: Invocation, /, **fields: object) -> None:
    """Make a workspace."""
    call(invocation, "POST", _PATH, given(**fields))


@command.command("list")
@click.option("--include-archived", is_flag=True, default=None, help="Archived ones, too.")
@click.option("--include-default", is_flag=True, default=None, help="The Default workspace, too.")
@list_options
@click.pass_obj
def list_workspaces(invocation: Invocation, /, **query: object) -> None:
    """List workspaces, newest first."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))


add_retrieve(command, _PATH, "workspace_id", "Show one workspace.")


@command.command("update")
@click.argument("workspace_id")
@click.option("--name", help="The new name.")
@_color_option
@_tag_option
@_key_option
@click.pass_obj
def update(invocation: Invocation, /, workspace_id: str, **fields: object) -> None:
    """Change a workspace's name, colour or tags, or tie it to an external key."""
    body = need(given(**fields), "--name, --color, --tag or --external-key-id")
    call(invocation, "POST", f"{_PATH}/{segment(workspace_id)}", body)


@command.command("unused")
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="No key used for so many days.")
@click.pass_obj
def unused(invocation: Invocation, days: int) -> None:
    """List workspaces whose keys nobody has used for a while."""
    columns: tuple[Column, ...] = (*_COLUMNS[:3], ("last used", moment("last_used_at")))
    show_list(invocation, f"{ORGANIZATION}/unused_workspaces", columns, [("days", days)])


@command.command("archive")
@click.argument("workspace_id")
@yes_option
@click.pass_obj
def archive(invocation: Invocation, workspace_id: str, *, yes: bool) -> None:
    """Archive a workspace for good: its keys stop at once, its history stays."""
    confirm(invocation, f"Archive {workspace_id}? This cannot be undone, and its keys stop at once.", yes=yes)
    call(invocation, "POST", f"{_PATH}/{segment(workspace_id)}/archive")
