"""`ante spend-limits`: how much money may be spent in a day, a week or a month."""

from collections.abc import Mapping
from typing import Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.increase_requests import command as increase_requests
from antechamber.cli.money import Dollars, dollars, shown
from antechamber.cli.paths import segment
from antechamber.cli.resources import ORGANIZATION, Column, call, confirm, show_list, yes_option
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/spend_limits"
_PERIODS: Final = click.Choice(("daily", "weekly", "monthly"))
_SCOPES: Final = click.Choice(("organization", "workspace", "user", "api_key"))


def _scope(entry: Mapping[str, object]) -> object:
    scope = entry.get("scope")
    if not isinstance(scope, Mapping):
        return None
    named = [str(value) for name, value in scope.items() if name.endswith("_id")]
    return " ".join([str(scope.get("type")), *named])


def _who(entry: Mapping[str, object]) -> object:
    actor = entry.get("actor")
    named = [str(value) for name, value in actor.items() if name.endswith("_id")] if isinstance(actor, Mapping) else []
    return named[0] if named else _scope(entry)


def _money(name: str) -> Column:
    return (name, lambda entry: None if entry.get(name) is None else shown(dollars(entry[name])))


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"), ("scope", _scope), ("period", "period"), ("USD", _money("amount")[1]),
)  # fmt: skip
_EFFECTIVE: Final[tuple[Column, ...]] = (
    ("who", _who),
    ("period", "period"),
    ("spent", _money("period_to_date_spend")[1]),
    ("limit", _money("amount")[1]),
    ("by", "spend_limit_id"),
)


@click.group(cls=Group)
def command() -> None:
    """See and set spend limits, in US dollars."""


command.add_command(increase_requests, "increase-requests")


@command.command("list")
@click.option("--scope-type", type=_SCOPES, multiple=True, help="Only this scope; may be repeated.")
@click.option("--workspace-id", metavar="ID", help="Only those of a workspace.")
@click.pass_obj
def list_limits(invocation: Invocation, /, **query: object) -> None:
    """List spend limits."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))


@command.command("retrieve")
@click.argument("spend_limit_id")
@click.pass_obj
def retrieve(invocation: Invocation, spend_limit_id: str) -> None:
    """Show one spend limit."""
    call(invocation, "GET", f"{_PATH}/{segment(spend_limit_id)}")


@command.command("set")
@click.option("--usd", required=True, type=Dollars(), help="The most to spend in a period, in dollars.")
@click.option("--period", type=_PERIODS, default="monthly", show_default=True, help="When it begins anew, in UTC.")
@click.option("--workspace-id", metavar="ID", help="For a workspace.")
@click.option("--user-id", metavar="ID", help="For a person.")
@click.option("--api-key-id", metavar="ID", help="For an API key.")
@click.pass_obj
def set_limit(invocation: Invocation, /, usd: str, period: str, **scopes: str | None) -> None:
    """Set a spend limit, of the organization unless a scope is named; an earlier one of that period is replaced."""
    named = [(name, value) for name, value in scopes.items() if value]
    if len(named) > 1:
        message = "name one scope: --workspace-id, --user-id or --api-key-id; none means the organization"
        raise click.UsageError(message)
    scope = {"type": named[0][0].removesuffix("_id"), named[0][0]: named[0][1]} if named else {"type": "organization"}
    call(invocation, "POST", _PATH, {"scope": scope, "amount": usd, "period": period})


@command.command("delete")
@click.argument("spend_limit_id")
@yes_option
@click.pass_obj
def delete(invocation: Invocation, spend_limit_id: str, *, yes: bool) -> None:
    """Take a spend limit away."""
    confirm(invocation, f"Delete the spend limit {spend_limit_id}?", yes=yes)
    call(invocation, "DELETE", f"{_PATH}/{segment(spend_limit_id)}")


@command.command("effective")
@click.option("--user-id", "user_ids", metavar="ID", multiple=True, help="Only this person; may be repeated.")
@click.option("--period", type=_PERIODS, multiple=True, help="Only this period; may be repeated.")
@click.pass_obj
def effective(invocation: Invocation, /, **query: object) -> None:
    """Show which limit holds for whom, and how much of it is spent."""
    show_list(invocation, f"{_PATH}/effective", _EFFECTIVE, list(query.items()))
