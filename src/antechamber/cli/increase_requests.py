"""`ante spend-limits increase-requests`: asking for a higher spend limit, and deciding on what others ask."""

from collections.abc import Callable, Mapping
from typing import Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.money import Dollars, dollars, shown
from antechamber.cli.paths import segment
from antechamber.cli.resources import ORGANIZATION, Column, add_retrieve, call, given, moment, show_list
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/spend_limit_increase_requests"
_OWN: Final = "/v1/usage/me/spend_limit_increase_requests"
_PERIODS: Final = click.Choice(("daily", "weekly", "monthly"))
_STATUSES: Final = click.Choice(("pending", "approved", "denied"))


def _who(entry: Mapping[str, object]) -> object:
    actor = entry.get("actor")
    return (actor.get("email_address") or actor.get("user_id")) if isinstance(actor, Mapping) else None


def _now(name: str) -> Callable[[Mapping[str, object]], object]:
    def money(entry: Mapping[str, object]) -> object:
        summary = entry.get("spend_summary")
        value = summary.get(name) if isinstance(summary, Mapping) else None
        return None if value is None else shown(dollars(value))

    return money


def _wanted(entry: Mapping[str, object]) -> object:
    return None if entry.get("requested_amount") is None else shown(dollars(entry["requested_amount"]))


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("who", _who),
    ("period", "period"),
    ("status", "status"),
    ("spent", _now("period_to_date_spend")),
    ("limit", _now("amount")),
    ("wants", _wanted),
    ("asked", moment("created_at")),
)
_limit_option: Final = click.option("--limit", type=click.IntRange(1, 100), help="Entries a page.")
_quiet_option: Final = click.option("--suppress-notification", is_flag=True, help="Do not tell who asked by mail.")


@click.group(cls=Group)
def command() -> None:
    """Ask for a higher spend limit; approve and deny what others ask."""


@command.command("list")
@click.option("--status", type=_STATUSES, multiple=True, help="Only these; may be repeated.")
@click.option("--actor-id", "actor_ids", metavar="ID", multiple=True, help="Only this person's; may be repeated.")
@_limit_option
@click.pass_obj
def list_requests(invocation: Invocation, /, **query: object) -> None:
    """List what people ask for, newest first."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))


add_retrieve(command, _PATH, "increase_request_id", "Show one request, and how the budget of who asked stands.")


@command.command("approve")
@click.argument("increase_request_id")
@click.option("--usd", "amount", required=True, type=Dollars(), help="The person's new limit, in dollars.")
@click.option("--period", type=_PERIODS, help="For another period than was asked for.")
@_quiet_option
@click.pass_obj
def approve(invocation: Invocation, /, increase_request_id: str, **fields: object) -> None:
    """Give who asked a spend limit of their own."""
    call(invocation, "POST", f"{_PATH}/{segment(increase_request_id)}/approve", given(**fields))


@command.command("deny")
@click.argument("increase_request_id")
@_quiet_option
@click.pass_obj
def deny(invocation: Invocation, /, increase_request_id: str, **fields: object) -> None:
    """Leave the limits of who asked as they are."""
    call(invocation, "POST", f"{_PATH}/{segment(increase_request_id)}/deny", given(**fields))


@command.command("ask")
@click.option("--usd", "amount", type=Dollars(), help="What you would need, in dollars.")
@click.option("--period", type=_PERIODS, help="By default the one that you have used up most.")
@click.option("--reason", metavar="TEXT", help="Why.")
@click.pass_obj
def ask(invocation: Invocation, /, **fields: object) -> None:
    """Ask for a higher spend limit for yourself, with your own key or token."""
    call(invocation, "POST", _OWN, given(**fields), administration=False)


@command.command("mine")
@_limit_option
@click.pass_obj
def mine(invocation: Invocation, limit: int | None) -> None:
    """List what you have asked for, newest first."""
    show_list(invocation, _OWN, _COLUMNS, [("limit", limit)], administration=False)
