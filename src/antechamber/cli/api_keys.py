"""`ante api-keys`: the keys by which programs and people call models."""

from typing import Final

import click

from antechamber.cli.durations import Duration
from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import (
    ORGANIZATION,
    Column,
    add_retrieve,
    ask,
    call,
    confirm,
    given,
    list_options,
    moment,
    need,
    show_list,
    show_secret,
    yes_option,
)
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/api_keys"
_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", "name"),
    ("status", "status"),
    ("hint", "partial_key_hint"),
    ("created", moment("created_at")),
)


@click.group(cls=Group)
def command() -> None:
    """Make, rotate, change and retire API keys."""


_model_option = click.option(
    "--model",
    "models",
    metavar="MODEL",
    multiple=True,
    help="Opens only this model (* is a wildcard); may be repeated.",
)
_ip_option = click.option(
    "--ip",
    "allowed_ips",
    metavar="NETWORK",
    multiple=True,
    help="Opens only from here, as 10.0.0.0/8; may be repeated.",
)


@command.command("create")
@click.argument("name")
@click.option("--workspace-id", metavar="ID", help="Workspace; without it, the Default one.")
@click.option("--user-id", metavar="ID", help="A person's own key, which stops when they leave.")
@click.option("--expires-in", "expires_in_seconds", type=Duration(), metavar="TIME", help="30m, 8h, 90d; else never.")
@_model_option
@_ip_option
@click.pass_obj
def create(invocation: Invocation, /, **fields: object) -> None:
    """Make a key. Its secret goes to stdout alone, once, so that a script can take it."""
    show_secret(invocation, ask(invocation, "POST", _PATH, given(**fields)))


@command.command("list")
@click.option("--status", type=click.Choice(("active", "inactive", "archived", "expired")), help="Only this status.")
@click.option("--workspace-id", metavar="ID", help="Only keys of this workspace.")
@click.option("--created-by-user-id", metavar="ID", help="Only keys that this person made.")
@list_options
@click.pass_obj
def list_keys(invocation: Invocation, /, **query: object) -> None:
    """List keys, newest first; their secrets are never shown again."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))


add_retrieve(command, _PATH, "api_key_id", "Show one key.")


@command.command("update")
@click.argument("api_key_id")
@click.option("--name", help="The new name.")
@click.option(
    "--status", type=click.Choice(("active", "inactive", "archived")), help="inactive can be undone, archived cannot."
)
@_model_option
@_ip_option
@click.pass_obj
def update(invocation: Invocation, /, api_key_id: str, **fields: object) -> None:
    """Rename a key, switch it off or on, archive it, or limit where it opens."""
    body = need(given(**fields), "--name, --status, --model or --ip")
    call(invocation, "POST", f"{_PATH}/{segment(api_key_id)}", body)


@command.command("rotate")
@click.argument("api_key_id")
@click.option("--revoke-in", type=Duration(), metavar="TIME", help="The old secret opens so long: 0s, 1h, 7d.")
@click.pass_obj
def rotate(invocation: Invocation, api_key_id: str, revoke_in: int | None) -> None:
    """Give a key a new secret; the old one goes on for a day, or for --revoke-in."""
    body = {} if revoke_in is None else {"revoke_in_seconds": revoke_in}
    show_secret(invocation, ask(invocation, "POST", f"{_PATH}/{segment(api_key_id)}/rotate", body))


@command.command("expire")
@click.argument("api_key_id")
@yes_option
@click.pass_obj
def expire(invocation: Invocation, api_key_id: str, *, yes: bool) -> None:
    """End a key now, for good."""
    confirm(invocation, f"Expire {api_key_id} now? This cannot be undone.", yes=yes)
    call(invocation, "POST", f"{_PATH}/{segment(api_key_id)}/expire")


@command.command("secrets")
@click.argument("api_key_id")
@click.pass_obj
def secrets(invocation: Invocation, api_key_id: str) -> None:
    """Show a key's secrets by their hints: when each was made, last used, and stops."""
    columns: tuple[Column, ...] = (
        ("hint", "hint"),
        ("created", moment("created_at")),
        ("last used", moment("last_used_at")),
        ("stops", moment("revoke_at")),
    )
    show_list(invocation, f"{_PATH}/{segment(api_key_id)}/secrets", columns)


@command.command("unused")
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True, help="Not used for so many days.")
@click.pass_obj
def unused(invocation: Invocation, days: int) -> None:
    """List active keys that nobody has used for a while."""
    columns: tuple[Column, ...] = (*_COLUMNS[:2], ("last used", moment("last_used_at")), *_COLUMNS[3:])
    show_list(invocation, f"{_PATH}/unused", columns, [("days", days)])
