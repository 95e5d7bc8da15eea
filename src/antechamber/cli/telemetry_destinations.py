"""`ante telemetry-destinations`: where the organization's requests go as OpenTelemetry spans."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import click

from antechamber.base.outbound import Headers
from antechamber.cli.connection import connect
from antechamber.cli.exits import Exit
from antechamber.cli.groups import Group
from antechamber.cli.output import Printer
from antechamber.cli.paths import segment
from antechamber.cli.resources import (
    ORGANIZATION,
    Column,
    call,
    confirm,
    given,
    moment,
    need,
    show_list,
    yes_option,
)
from antechamber.cli.settings import Invocation

Decorated = TypeVar("Decorated", bound=Callable[..., object])

_PATH: Final = f"{ORGANIZATION}/telemetry_destinations"
_BETA: Final[Headers] = [("anthropic-beta", "telemetry-destinations-2026-08-11")]
_SCOPES: Final = ("all", "include", "exclude")


def _type_of(name: str) -> Callable[[Mapping[str, object]], object]:
    """Return a column that shows the type of an object in an entry."""

    def show(entry: Mapping[str, object]) -> object:
        inner = entry.get(name)
        return inner.get("type") if isinstance(inner, Mapping) else None

    return show


def _health(name: str) -> Callable[[Mapping[str, object]], object]:
    """Return a column of the latest deliveries."""

    def show(entry: Mapping[str, object]) -> object:
        inner = entry.get("delivery_health")
        if not isinstance(inner, Mapping):
            return None
        return moment(name)(inner) if name.endswith("_at") else inner.get(name)

    return show


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", "display_name"),
    ("state", _type_of("state")),
    ("workspaces", _type_of("workspaces")),
    ("last success", _health("last_success_at")),
    ("last error", _health("last_error")),
    ("endpoint", "endpoint_url"),
)
_limit_option: Final = click.option("--limit", type=click.IntRange(1, 1000), help="Entries a page.")
_workspace_option: Final = click.option(
    "--workspace-id", "workspace_ids", metavar="ID", multiple=True, help="A workspace of the list; may be repeated."
)


@click.group(cls=Group)
def command() -> None:
    """Send every request as an OpenTelemetry span to collectors of yours (OTLP over HTTP)."""


def _settings(function: Decorated) -> Decorated:
    for option in (
        click.option("--max-content-bytes", type=click.IntRange(1), help="Most content of a span, where there is any."),
        click.option("--traces-url", metavar="URL", help="Where traces go, if not to /v1/traces below the endpoint."),
        click.option("--traces/--no-traces", default=None, help="Whether it takes traces."),
        click.option(
            "--header", "headers", metavar="NAME=VALUE", multiple=True, help="Sent along, never shown; may be repeated."
        ),
        _workspace_option,
        click.option(
            "--workspaces", type=click.Choice(_SCOPES), help="All of them, those of a list, or all but those."
        ),
        click.option("--display-name", metavar="NAME", help="What people call it."),
    ):
        function = option(function)
    return function


def _body(fields: Mapping[str, object]) -> dict[str, object]:
    """Return what the flags say; UsageError for a list without the kind of list that it is."""
    traces = given(
        enabled=fields["traces"], endpoint_url=fields["traces_url"], max_content_bytes=fields["max_content_bytes"]
    )
    body = given(display_name=fields["display_name"])
    scope, ids = fields["workspaces"], fields["workspace_ids"]
    if ids and scope not in _SCOPES[1:]:
        message = "say what the workspaces are: --workspaces include or --workspaces exclude"
        raise click.UsageError(message)
    if scope is not None:
        body["workspaces"] = {"type": scope, **given(workspace_ids=ids)}
    if traces:
        body["traces"] = traces
    return body


def _headers(headers: Sequence[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for header in headers:
        name, equals, value = header.partition("=")
        if not equals:
            message = f"--header: {name} has no value; write NAME=VALUE"
            raise click.UsageError(message)
        found[name] = value
    return found


@command.command("create")
@click.argument("endpoint_url", metavar="URL")
@_settings
@click.pass_obj
def create(invocation: Invocation, /, endpoint_url: str, headers: Sequence[str], **fields: object) -> None:
    """Send to a collector at an https address, of all workspaces unless told otherwise."""
    body = {"endpoint_url": endpoint_url, "workspaces": {"type": "all"}, **_body(fields)}
    call(invocation, "POST", _PATH, {**body, **given(headers=_headers(headers) or None)}, headers=_BETA)


@command.command("list")
@click.option(
    "--workspace-id", "workspace_ids", metavar="ID", multiple=True, help="Only those that cover it; may be repeated."
)
@_limit_option
@click.pass_obj
def list_destinations(invocation: Invocation, /, **query: object) -> None:
    """List destinations, newest first."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()), _BETA)


@command.command("retrieve")
@click.argument("destination_id")
@click.pass_obj
def retrieve(invocation: Invocation, destination_id: str) -> None:
    """Show one destination, and how its latest deliveries went."""
    call(invocation, "GET", _at(destination_id), headers=_BETA)


@command.command("update")
@click.argument("destination_id")
@click.option("--endpoint-url", metavar="URL", help="Another address; to be sent along when a header is set.")
@click.option("--remove-header", "removed", metavar="NAME", multiple=True, help="Send it no more; may be repeated.")
@click.option("--state", type=click.Choice(("disabled", "enabled")), help="Stop deliveries, or have them go on.")
@_settings
@click.pass_obj
def update(
    invocation: Invocation,
    /,
    destination_id: str,
    headers: Sequence[str],
    removed: Sequence[str],
    state: str | None,
    endpoint_url: str | None,
    **fields: object,
) -> None:
    """Change a destination; what is not named stays."""
    said = {**dict.fromkeys(removed), **_headers(headers)}
    body = {**_body(fields), **given(endpoint_url=endpoint_url, headers=said or None)}
    if state is not None:
        body["state"] = {"type": state}
    flags = "--endpoint-url, --header, --remove-header, --state, --workspaces, --traces or --display-name"
    call(invocation, "POST", _at(destination_id), need(body, flags), headers=_BETA)


@command.command("delete")
@click.argument("destination_id")
@yes_option
@click.pass_obj
def delete(invocation: Invocation, destination_id: str, *, yes: bool) -> None:
    """Remove a destination, and what waits to be sent to it."""
    confirm(invocation, f"Delete the destination {destination_id}?", yes=yes)
    call(invocation, "DELETE", _at(destination_id), headers=_BETA)


@command.command("test")
@click.argument("destination_id")
@click.pass_obj
def test(invocation: Invocation, destination_id: str) -> None:
    """Send a test span now; exit code 1 if it is not taken."""
    with connect(invocation, administration=True) as server:
        answer = server.call("POST", f"{_at(destination_id)}/test", headers=_BETA).json()
    result = answer.get("result") if isinstance(answer, dict) else None
    told = result if isinstance(result, dict) else {}
    printer = Printer(invocation.world, invocation.settings)
    is_taken = told.get("type") == "success"
    if printer.is_for_humans:
        printer.text("the destination took the test span" if is_taken else f"failure: {told.get('error')}")
    else:
        printer.value(answer)
    if not is_taken:
        raise click.exceptions.Exit(Exit.UNEXPECTED)


@command.group("workspaces", cls=Group)
def workspaces() -> None:
    """See and change the list of workspaces of a destination."""


@workspaces.command("list")
@click.argument("destination_id")
@_limit_option
@click.pass_obj
def list_workspaces(invocation: Invocation, destination_id: str, limit: int | None) -> None:
    """List the workspaces on a destination's list, newest entry first."""
    columns: tuple[Column, ...] = (("workspace", "workspace_id"), ("added", moment("created_at")))
    show_list(invocation, f"{_at(destination_id)}/workspaces", columns, [("limit", limit)], _BETA)


@workspaces.command("add")
@click.argument("destination_id")
@click.argument("workspace_id")
@click.pass_obj
def add(invocation: Invocation, destination_id: str, workspace_id: str) -> None:
    """Put a workspace on a destination's list."""
    call(invocation, "POST", f"{_at(destination_id)}/workspaces/{segment(workspace_id)}", headers=_BETA)


@workspaces.command("remove")
@click.argument("destination_id")
@click.argument("workspace_id")
@click.pass_obj
def remove(invocation: Invocation, destination_id: str, workspace_id: str) -> None:
    """Take a workspace off a destination's list."""
    call(invocation, "DELETE", f"{_at(destination_id)}/workspaces/{segment(workspace_id)}", headers=_BETA)


def _at(destination_id: str) -> str:
    return f"{_PATH}/{segment(destination_id)}"
