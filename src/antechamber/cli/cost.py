"""`ante cost`: what was spent, in US dollars, from the cost report."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import click

from antechamber.cli.charts import bar
from antechamber.cli.connection import connect
from antechamber.cli.groups import Group
from antechamber.cli.listing import entries, print_list
from antechamber.cli.money import dollars, shown
from antechamber.cli.output import Printer
from antechamber.cli.ranges import export_csv, flat, output_option, range_options, start_of
from antechamber.cli.settings import Invocation
from antechamber.cli.tables import table

_PATH: Final = "/v1/organizations/cost_report"
_DIMENSIONS: Final = ("workspace_id", "description", "api_key_id", "account_id", "model", "user_id")
_EXPORTED: Final = ("amount", "currency", "cost_type", "token_type", "service_tier", "context_window", "inference_geo")
_BAR: Final = 24


@click.group(cls=Group)
def command() -> None:
    """See what it cost, in US dollars."""


_group_option = click.option(
    "--group-by", type=click.Choice(_DIMENSIONS), multiple=True, help="Apart by this; may be repeated."
)
_limit_option = click.option("--limit", type=click.IntRange(min=1), help="Days a page.")


@command.command("report")
@range_options
@_group_option
@_limit_option
@click.pass_obj
def report(invocation: Invocation, /, days: int, starting_at: str | None, **asked: object) -> None:
    """Show the cost by day; bars on a terminal. In other formats amounts are decimal strings in cents."""
    query = [("starting_at", start_of(invocation, days, starting_at)), *_given(asked)]
    printer = Printer(invocation.world, invocation.settings)
    if not printer.is_for_humans:
        print_list(invocation, _PATH, query, administration=True)
        return
    with connect(invocation, administration=True) as server:
        printer.text(cost_table(entries(server, _PATH, query), _dimensions(asked), invocation.world.width()))


@command.command("export")
@range_options
@_group_option
@_limit_option
@output_option
@click.pass_obj
def export(invocation: Invocation, /, days: int, starting_at: str | None, output: Path | None, **asked: object) -> None:
    """Write the cost report as CSV, with progress on a terminal; amounts are in cents."""
    query = [("starting_at", start_of(invocation, days, starting_at)), *_given(asked)]
    dimensions = _dimensions(asked)
    rest = [name for name in _EXPORTED if name in {"amount", "currency"} or "description" in dimensions]
    export_csv(invocation, _PATH, query, ["starting_at", "ending_at", *dimensions, *rest], flat, output)


def _given(asked: Mapping[str, object]) -> list[tuple[str, object]]:
    return [(name, value) for name, value in asked.items() if value not in (None, ())]


def _dimensions(asked: Mapping[str, object]) -> list[str]:
    chosen = asked.get("group_by")
    return [str(name) for name in chosen] if isinstance(chosen, tuple) else []


def cost_table(buckets: Iterable[object], dimensions: list[str], width: int) -> str:
    """Lay out the report's buckets with a bar for each amount, and a last line for the sum."""
    lines = [
        (str(row.get("starting_at"))[:10], [row.get(name) for name in dimensions], dollars(row.get("amount")))
        for bucket in buckets
        if isinstance(bucket, Mapping)
        for row in (flat(bucket) if bucket.get("results") else [{**bucket, "amount": 0}])
    ]
    top = float(max((amount for *_, amount in lines), default=Decimal(0)))
    rows = [[day, *named, shown(amount), bar(float(amount), top, _BAR)] for day, named, amount in lines]
    total = shown(sum((amount for *_, amount in lines), Decimal(0)))
    last = ["total", *("" for _ in dimensions), total, ""]
    return table(["day", *dimensions, "USD", ""], [*rows, last], width=width)
