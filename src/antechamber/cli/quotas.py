"""`ante quotas`: how many requests a person may make, and which model answers beyond that."""

from typing import Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import ORGANIZATION, Column, call, given, need, show_list
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/quotas"
_COLUMNS: Final[tuple[Column, ...]] = (
    ("person", lambda entry: entry.get("user_id") or "everyone"),
    ("a minute", "requests_per_minute"),
    ("a day", "requests_per_day"),
    ("then", "fallback_model"),
)


@click.group(cls=Group)
def command() -> None:
    """See and set how many requests people may make with their own keys."""


@command.command("list")
@click.pass_obj
def list_quotas(invocation: Invocation) -> None:
    """List quotas: everyone's, and those of single people."""
    show_list(invocation, _PATH, _COLUMNS)


@command.command("set")
@click.option("--user-id", metavar="ID", help="For one person; without it, for everyone who has none of their own.")
@click.option("--requests-per-minute", type=click.IntRange(min=1), help="So many a minute.")
@click.option("--requests-per-day", type=click.IntRange(min=1), help="So many a day, which begins at midnight UTC.")
@click.option("--fallback-model", metavar="MODEL", help="This model answers beyond the quota, instead of a refusal.")
@click.pass_obj
def set_quota(invocation: Invocation, /, user_id: str | None, **limits: object) -> None:
    """Set a quota."""
    body = need(given(**limits), "--requests-per-minute, --requests-per-day or --fallback-model")
    call(invocation, "POST", _PATH, {"user_id": user_id, **body})


@command.command("delete")
@click.option("--user-id", metavar="ID", help="That of one person; without it, everyone's.")
@click.pass_obj
def delete(invocation: Invocation, user_id: str | None) -> None:
    """Take a quota away."""
    call(invocation, "DELETE", f"{_PATH}/{segment(user_id or 'default')}")
