"""`ante analytics`: usage and cost by any dimension, largest first."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Final, TypeVar

import click

from antechamber.cli.connection import connect
from antechamber.cli.groups import Group
from antechamber.cli.listing import entries, print_list
from antechamber.cli.money import dollars, shown
from antechamber.cli.output import Printer
from antechamber.cli.ranges import range_options, start_of
from antechamber.cli.settings import Invocation
from antechamber.cli.tables import table

Decorated = TypeVar("Decorated", bound=Callable[..., object])

_PATH: Final = "/v1/organizations/analytics"
_BETA: Final = [("anthropic-beta", "analytics-usage-cost-2026-08-24")]
_MOST: Final = 20


@click.group(cls=Group)
def command() -> None:
    """See who used what, and what it cost, by any dimension."""


def _options(command: Decorated) -> Decorated:
    for option in (
        click.option("--order-by", metavar="FIELD", help="By this instead of by how much."),
        click.option("--order", type=click.Choice(("asc", "desc")), help="Largest first unless told otherwise."),
        click.option(
            "--time-bucket-width", type=click.Choice(("1d", "1h", "1m")), help="Apart by day, hour or minute."
        ),
        click.option(
            "--filter", "filters", metavar="NAME=VALUE", multiple=True, help="As models=sim-1; may be repeated."
        ),
        click.option("--group-by", metavar="DIMENSION", multiple=True, help="As actor, model, session_id; up to five."),
        range_options,
    ):
        command = option(command)
    return command


@command.command("usage")
@_options
@click.pass_obj
def usage(invocation: Invocation, /, days: int, starting_at: str | None, **asked: object) -> None:
    """Show tokens and requests by what --group-by names."""
    _show(invocation, "usage", _query(invocation, days, starting_at, asked), ("requests", "total_tokens"))


@command.command("cost")
@_options
@click.pass_obj
def cost(invocation: Invocation, /, days: int, starting_at: str | None, **asked: object) -> None:
    """Show what it cost by what --group-by names; in other formats than tables amounts are in cents."""
    _show(invocation, "cost", _query(invocation, days, starting_at, asked), ("requests", "amount"))


def _query(
    invocation: Invocation, days: int, starting_at: str | None, asked: dict[str, object]
) -> list[tuple[str, object]]:
    filters = asked.pop("filters")
    query = [("starting_at", start_of(invocation, days, starting_at))]
    chosen = [(name, value) for name, value in asked.items() if value not in (None, ())]
    return [*query, *chosen, *_filters(filters if isinstance(filters, tuple) else ())]


def _filters(pairs: Iterable[str]) -> list[tuple[str, object]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or not name:
            message = f"--filter {pair}: write it as NAME=VALUE, as models=sim-1"
            raise click.UsageError(message)
        found.setdefault(name, []).append(value)
    return list(found.items())


def _show(invocation: Invocation, report: str, query: list[tuple[str, object]], counts: tuple[str, str]) -> None:
    path = f"{_PATH}/{report}"
    printer = Printer(invocation.world, invocation.settings)
    if not printer.is_for_humans:
        print_list(invocation, path, query, _BETA, administration=True)
        return
    limit = invocation.settings.max_items or _MOST
    with connect(invocation, administration=True) as server:
        listed = islice(entries(server, path, [*query, ("limit", limit)], _BETA), limit)
        rows = [row for row in listed if isinstance(row, Mapping)]
    named = next((value for name, value in query if name == "group_by"), ())
    dimensions = [str(name) for name in named] if isinstance(named, tuple) else []
    printer.text(analytics_table(rows, report, dimensions, counts, invocation.world.width()))


def analytics_table(
    rows: list[Mapping[str, object]], report: str, dimensions: list[str], counts: tuple[str, str], width: int
) -> str:
    """Lay out the rows: from when, the dimensions that they are grouped by, the counts."""
    if not rows:
        return "none"
    lines = [
        [
            str(row.get("starting_at", ""))[:16].replace("T", " "),
            *_named(row, dimensions),
            *_counted(row, report, counts),
        ]
        for row in rows
    ]
    heads = [head.replace("amount", "USD").replace("_", " ") for head in counts]
    return table(["from", *dimensions, *heads], lines, width=width)


def _named(row: Mapping[str, object], dimensions: list[str]) -> list[object]:
    group = row.get("group")
    return [_plain(group.get(name)) if isinstance(group, Mapping) else None for name in dimensions]


def _plain(value: object) -> object:
    """Show an actor by what it is known by: a person by the address, what has none by its id."""
    if not isinstance(value, Mapping):
        return value
    ids = (part for name, part in value.items() if name.endswith("_id") and part)
    return value.get("email_address") or next(ids, value.get("type"))


def _counted(row: Mapping[str, object], report: str, counts: tuple[str, str]) -> list[object]:
    inner = row.get(report)
    found = inner if isinstance(inner, Mapping) else {}
    return [shown(dollars(found.get(name))) if name == "amount" else found.get(name, 0) for name in counts]
