"""`ante admin-keys`: the keys by which programs administer the organization."""

from collections.abc import Mapping
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
    show_list,
    show_secret,
    yes_option,
)
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/admin_api_keys"


def _scopes(entry: Mapping[str, object]) -> str:
    scopes = entry.get("scopes")
    return " ".join(map(str, scopes)) if isinstance(scopes, list) and scopes else "everything"


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", "name"),
    ("status", "status"),
    ("may", _scopes),
    ("created", moment("created_at")),
)


@click.group(cls=Group)
def command() -> None:
    """Make and revoke admin keys."""


@command.command("create")
@click.argument("name")
@click.option("--scope", "scopes", metavar="SCOPE", multiple=True, help="As read:analytics; without one, everything.")
@click.option("--expires-in", "expires_in_seconds", type=Duration(), metavar="TIME", help="30m, 8h, 90d; else never.")
@click.pass_obj
def create(invocation: Invocation, /, **fields: object) -> None:
    """Make an admin key. Its secret goes to stdout alone, once. Needs an admin's token, not an admin key."""
    show_secret(invocation, ask(invocation, "POST", _PATH, given(**fields)))


@command.command("list")
@list_options
@click.pass_obj
def list_keys(invocation: Invocation, /, **query: object) -> None:
    """List admin keys, newest first."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))


add_retrieve(command, _PATH, "admin_key_id", "Show one admin key.")


@command.command("revoke")
@click.argument("admin_key_id")
@yes_option
@click.pass_obj
def revoke(invocation: Invocation, admin_key_id: str, *, yes: bool) -> None:
    """End an admin key now, for good."""
    confirm(invocation, f"Revoke {admin_key_id}? This cannot be undone.", yes=yes)
    call(invocation, "DELETE", f"{_PATH}/{segment(admin_key_id)}")
