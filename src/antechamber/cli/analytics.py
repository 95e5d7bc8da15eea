"""`ante analytics`: usage and cost by any dimension, largest first."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Final, TypeVar

import click

from antechamber.cli.connection import connect
from antechamber.cli.cost import cost_table
from antechamber.cli.groups import Group
from antechamber.cli.listing import entries, print_list
from antechamber.cli.money import dollars, shown
from antechamber.cli.output import Printer
from antechamber.cli.ranges import range_options, start_of
from antechamber.cli.settings import Invocation
from antechamber.cli.tables import table
from antechamber.cli.usage import usage_table

Decorated = TypeVar("Decorated", bound=Callable[..., object])

_PATH: Final = "/v1/organizations/analytics"
_BETA: Final = [("anthropic-beta", "analytics-usage-cost-2026-08-24")]
_MOST: Final = 20


@click.group(cls=Group)
def command() -> None:
    """See who used what, and what it cost, by any dimension."""


def _options(command: Decorated) -> Decorated:
    command = _apart("As actor, model, session_id; up to five.")(command)
    return range_options(_width("--time-bucket-width")(_ranked(command)))


def _report_options(command: Decorated) -> Decorated:
    command = _apart("As model, speed, context_window; may be repeated.")(command)
    return range_options(_width("--bucket-width")(command))


def _ranked(command: Decorated) -> Decorated:
    for option in (
        click.option("--order-by", metavar="FIELD", help="By this instead of by how much."),
        click.option("--order", type=click.Choice(("asc", "desc")), help="Largest first unless told otherwise."),
    ):
        command = option(command)
    return command


def _width(name: str) -> Callable[[Decorated], Decorated]:
    return click.option(name, type=click.Choice(("1d", "1h", "1m")), help="Apart by day, hour or minute.")


def _apart(dimensions: str) -> Callable[[Decorated], Decorated]:
    def apply(command: Decorated) -> Decorated:
        filters = click.option(
            "--filter", "filters", metavar="NAME=VALUE", multiple=True, help="As models=sim-1; may be repeated."
        )
        return filters(click.option("--group-by", metavar="DIMENSION", multiple=True, help=dimensions)(command))

    return apply


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


@command.command("usage-report")
@_report_options
@click.pass_obj
def usage_report(invocation: Invocation, /, days: int, starting_at: str | None, **asked: object) -> None:
    """Show tokens by interval."""
    _show_intervals(invocation, "usage_report", _query(invocation, days, starting_at, asked), usage_table)


@command.command("cost-report")
@_report_options
@click.pass_obj
def cost_report(invocation: Invocation, /, days: int, starting_at: str | None, **asked: object) -> None:
    """Show what it cost by interval; in other formats than tables amounts are in cents."""
    _show_intervals(invocation, "cost_report", _query(invocation, days, starting_at, asked), cost_table)


@command.command("user-usage-report")
@_ranked
@_report_options
@click.pass_obj
def user_usage_report(invocation: Invocation, /, days: int, starting_at: str | None, **asked: object) -> None:
    """Show who used how many tokens."""
    query = _query(invocation, days, starting_at, asked)
    _show(invocation, "user_usage_report", query, ("requests", "total_tokens"))


@command.command("user-cost-report")
@_ranked
@_report_options
@click.pass_obj
def user_cost_report(invocation: Invocation, /, days: int, starting_at: str | None, **asked: object) -> None:
    """Show what each person cost; in other formats than tables amounts are in cents."""
    _show(invocation, "user_cost_report", _query(invocation, days, starting_at, asked), ("requests", "amount"))


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
    is_by_person = report.startswith("user_")
    headers = [] if is_by_person else _BETA
    printer = Printer(invocation.world, invocation.settings)
    if not printer.is_for_humans:
        print_list(invocation, path, query, headers, administration=True)
        return
    limit = invocation.settings.max_items or _MOST
    with connect(invocation, administration=True) as server:
        listed = islice(entries(server, path, [*query, ("limit", limit)], headers), limit)
        rows = [row for row in listed if isinstance(row, Mapping)]
    dimensions = _dimensions(query)
    if is_by_person:
        # such rows hold what they are about beside their counts
        dimensions = ["actor", *dimensions]
        start = dict(query)["starting_at"]
        rows = [{"starting_at": row.get("starting_at") or start, "group": row, report: row} for row in rows]
    printer.text(analytics_table(rows, report, dimensions, counts, invocation.world.width()))


def _show_intervals(
    invocation: Invocation,
    report: str,
    query: list[tuple[str, object]],
    lay_out: Callable[[Iterable[object], list[str], int], str],
) -> None:
    path = f"{_PATH}/{report}"
    printer = Printer(invocation.world, invocation.settings)
    if not printer.is_for_humans:
        print_list(invocation, path, query, administration=True)
        return
    with connect(invocation, administration=True) as server:
        printer.text(lay_out(entries(server, path, query), _dimensions(query), invocation.world.width()))


def _dimensions(query: list[tuple[str, object]]) -> list[str]:
    named = next((value for name, value in query if name == "group_by"), ())
    return [str(name) for name in named] if isinstance(named, tuple) else []


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
