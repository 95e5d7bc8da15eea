"""`ante webhooks`: addresses to which the organization's events are delivered."""

from collections.abc import Mapping, Sequence
from typing import Final

import click

from antechamber.base.outbound import Headers
from antechamber.cli.connection import connect
from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import (
    ORGANIZATION,
    Column,
    call,
    confirm,
    given,
    list_options,
    need,
    show_list,
    show_secret,
    yes_option,
)
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/webhooks"
_BETA: Final[Headers] = [("anthropic-beta", "webhooks-2026-10-07")]
# beyond the wire, and so in a field of their own
_EXTENSIONS: Final = ("spend_limit.threshold_crossed",)
_EVENTS: Final = (
    "external_key.failed",
    "external_key.recovered",
    *_EXTENSIONS,
    "user_profile.enforcement_action_opened",
    "user_profile.enforcement_action_resolved",
    "user_profile.program_status_updated",
)


def _events(entry: Mapping[str, object]) -> str:
    fields = (entry.get("enabled_events"), entry.get("extension_events"))
    return " ".join(str(event) for field in fields if isinstance(field, list) for event in field)


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", "name"),
    ("state", "state"),
    ("events", _events),
    ("url", "url"),
)
_DELIVERY_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("event", "event_type"),
    ("state", "state"),
    ("attempts", "attempts"),
    ("status", "last_status_code"),
    ("error", "last_error"),
    ("next attempt", "next_attempt_at"),
)
_event_option: Final = click.option(
    "--event", "events", type=click.Choice(_EVENTS), multiple=True, help="What to be told of; may be repeated."
)
_name_option: Final = click.option("--name", help="A short label.")
_description_option: Final = click.option("--description", metavar="TEXT", help="Notes.")


@click.group(cls=Group)
def command() -> None:
    """Have events delivered to an address of yours, signed."""


@command.command("create")
@click.argument("url")
@_event_option
@_name_option
@_description_option
@click.pass_obj
def create(invocation: Invocation, /, url: str, events: Sequence[str], **fields: object) -> None:
    """Make an endpoint at an https address. Its signing secret goes to stdout alone, once."""
    body = {"url": url, "enabled_events": [], **_split(events), **given(**fields)}
    show_secret(invocation, _ask(invocation, _PATH, body), "signing_secret")


@command.command("list")
@list_options
@click.option("--order", type=click.Choice(("asc", "desc")), help="Oldest first, or newest first.")
@click.pass_obj
def list_endpoints(invocation: Invocation, /, **query: object) -> None:
    """List endpoints, newest first."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()), _BETA)


@command.command("retrieve")
@click.argument("webhook_id")
@click.pass_obj
def retrieve(invocation: Invocation, webhook_id: str) -> None:
    """Show one endpoint, and why it was disabled if it was."""
    call(invocation, "GET", _at(webhook_id), headers=_BETA)


@command.command("update")
@click.argument("webhook_id")
@click.option("--url", help="Another https address.")
@_event_option
@_name_option
@_description_option
@click.option("--state", type=click.Choice(("disabled", "enabled")), help="Stop deliveries, or have them go on.")
@click.pass_obj
def update(invocation: Invocation, /, webhook_id: str, events: Sequence[str], **fields: object) -> None:
    """Change an endpoint; --event replaces all that it was told of."""
    body = need({**_split(events), **given(**fields)}, "--url, --event, --name, --description or --state")
    call(invocation, "POST", _at(webhook_id), body, headers=_BETA)


@command.command("deliveries")
@click.argument("webhook_id")
@list_options
@click.pass_obj
def list_deliveries(invocation: Invocation, /, webhook_id: str, **query: object) -> None:
    """List what was and is to be delivered to an endpoint, newest first."""
    show_list(invocation, f"{_at(webhook_id)}/deliveries", _DELIVERY_COLUMNS, list(query.items()), _BETA)


@command.command("delete")
@click.argument("webhook_id")
@yes_option
@click.pass_obj
def delete(invocation: Invocation, webhook_id: str, *, yes: bool) -> None:
    """Remove an endpoint, and what waits to be delivered to it."""
    confirm(invocation, f"Delete the endpoint {webhook_id}?", yes=yes)
    call(invocation, "DELETE", _at(webhook_id), headers=_BETA)


@command.command("regenerate-signing-secret")
@click.argument("webhook_id")
@yes_option
@click.pass_obj
def regenerate(invocation: Invocation, webhook_id: str, *, yes: bool) -> None:
    """Sign with a new secret from now on. It goes to stdout alone, once."""
    confirm(invocation, f"Replace the signing secret of {webhook_id}? The old one ends now.", yes=yes)
    made = _ask(invocation, f"{_at(webhook_id)}/regenerate_signing_secret", None)
    show_secret(invocation, {"id": webhook_id, "name": "signing secret", **made}, "signing_secret")


def _at(webhook_id: str) -> str:
    return f"{_PATH}/{segment(webhook_id)}"


def _split(events: Sequence[str]) -> dict[str, object]:
    """Return the fields of events: those of the wire, and those beyond it."""
    if not events:
        return {}
    extensions = [event for event in events if event in _EXTENSIONS]
    return {"enabled_events": [event for event in events if event not in extensions], "extension_events": extensions}


def _ask(invocation: Invocation, path: str, body: object) -> dict[str, object]:
    with connect(invocation, administration=True) as server:
        answer = server.call("POST", path, body=body, headers=_BETA).json()
    return answer if isinstance(answer, dict) else {}
