"""`ante rate-limits`: how much may be asked in a minute or a day."""

from collections.abc import Mapping
from typing import Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import ORGANIZATION, Column, call, show_list
from antechamber.cli.settings import Invocation


def _group(entry: Mapping[str, object]) -> object:
    group = entry.get("group")
    return group.get("display_name") or group.get("type") if isinstance(group, Mapping) else None


def _limits(entry: Mapping[str, object]) -> str:
    limits = entry.get("limits")
    found = [limit for limit in limits if isinstance(limit, Mapping)] if isinstance(limits, list) else []
    return ", ".join(f"{limit.get('type')}={limit.get('value')}" for limit in found)


_COLUMNS: Final[tuple[Column, ...]] = (("id", "id"), ("group", _group), ("limits", _limits))


@click.group(cls=Group)
def command() -> None:
    """See and set rate limits of the organization, a workspace, a key or a person."""


_scope_options: Final = (
    click.option("--workspace-id", metavar="ID", help="Those of a workspace."),
    click.option("--api-key-id", metavar="ID", help="Those of an API key."),
    click.option("--user-id", metavar="ID", help="Those of a person."),
)


def _path(workspace_id: str | None, api_key_id: str | None, user_id: str | None) -> str:
    scopes = {"workspaces": workspace_id, "api_keys": api_key_id, "users": user_id}
    named = [f"{ORGANIZATION}/{kind}/{segment(name)}/rate_limits" for kind, name in scopes.items() if name]
    if len(named) > 1:
        message = "name one scope: --workspace-id, --api-key-id or --user-id; none means the organization"
        raise click.UsageError(message)
    return named[0] if named else f"{ORGANIZATION}/rate_limits"


@command.command("list")
@_scope_options[0]
@_scope_options[1]
@_scope_options[2]
@click.option("--group-type", metavar="TYPE", help="Only groups of this type, as model_group.")
@click.option("--model", metavar="MODEL", help="Only the group of this model (organization only).")
@click.option("--include-inherited", is_flag=True, default=None, help="Also what is the organization's (workspaces).")
@click.pass_obj
def list_limits(
    invocation: Invocation,
    /,
    workspace_id: str | None,
    api_key_id: str | None,
    user_id: str | None,
    **query: object,
) -> None:
    """List rate limits by group of models."""
    show_list(invocation, _path(workspace_id, api_key_id, user_id), _COLUMNS, list(query.items()))


def _values(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> list[dict[str, object]]:
    limits: list[dict[str, object]] = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not (value.isdecimal() or value == "none"):
            message = "write TYPE=NUMBER, as requests_per_minute=50, or TYPE=none to take it away"
            raise click.BadParameter(message)
        limits.append({"type": name, "value": None if value == "none" else int(value)})
    return limits


@command.command("update")
@click.argument("rate_limit_id")
@_scope_options[0]
@_scope_options[1]
@_scope_options[2]
@click.option(
    "--limit", "limits", multiple=True, required=True, callback=_values, metavar="TYPE=NUMBER",
    help="A limit, as requests_per_minute=50; `none` takes it away. May be repeated.",
)  # fmt: skip
@click.pass_obj
def update(
    invocation: Invocation,
    rate_limit_id: str,
    workspace_id: str | None,
    api_key_id: str | None,
    user_id: str | None,
    limits: list[dict[str, object]],
) -> None:
    """Set the limits of one group; they are in force within a second."""
    path = f"{_path(workspace_id, api_key_id, user_id)}/{segment(rate_limit_id)}"
    call(invocation, "POST", path, {"limits": limits})
