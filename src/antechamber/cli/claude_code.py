"""`ante claude-code`: what Claude Code did for whom on a day."""

from collections.abc import Mapping
from typing import Final

import click

from antechamber.base.clock import to_rfc3339
from antechamber.cli.groups import Group
from antechamber.cli.money import dollars, shown
from antechamber.cli.ranges import DAY
from antechamber.cli.resources import Column, show_list
from antechamber.cli.settings import Invocation

_PATH: Final = "/v1/organizations/usage_report/claude_code"


def _inner(*path: str) -> Column:
    def read(entry: Mapping[str, object]) -> object:
        value: object = entry
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    return (path[-1], read)


def _actor(entry: Mapping[str, object]) -> object:
    actor = entry.get("actor")
    return actor.get("email_address") or actor.get("api_key_name") if isinstance(actor, Mapping) else None


def _cost(entry: Mapping[str, object]) -> str:
    models = entry.get("model_breakdown")
    costs = [model.get("estimated_cost") for model in models] if isinstance(models, list) else []
    return shown(sum((dollars(cost.get("amount")) for cost in costs if isinstance(cost, Mapping)), dollars(0)))


_COLUMNS: Final[tuple[Column, ...]] = (
    ("who", _actor),
    ("terminal", "terminal_type"),
    ("sessions", _inner("core_metrics", "num_sessions")[1]),
    ("+lines", _inner("core_metrics", "lines_of_code", "added")[1]),
    ("-lines", _inner("core_metrics", "lines_of_code", "removed")[1]),
    ("commits", _inner("core_metrics", "commits_by_claude_code")[1]),
    ("PRs", _inner("core_metrics", "pull_requests_by_claude_code")[1]),
    ("USD", _cost),
)


@click.group(cls=Group)
def command() -> None:
    """See what Claude Code did for whom."""


@command.command("report")
@click.option("--date", metavar="YYYY-MM-DD", help="The day, in UTC; without it, yesterday.")
@click.option("--limit", type=click.IntRange(1, 1000), help="Entries a page.")
@click.pass_obj
def report(invocation: Invocation, date: str | None, limit: int | None) -> None:
    """Show a day's sessions, lines, commits and cost by person."""
    yesterday = to_rfc3339(invocation.world.clock.now() - DAY)[:10]
    show_list(invocation, _PATH, _COLUMNS, [("starting_at", date or yesterday), ("limit", limit)])
