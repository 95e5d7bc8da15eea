"""`ante usage`: tokens used, from the usage report."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import click

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.cli.connection import connect
from antechamber.cli.groups import Group
from antechamber.cli.listing import entries, print_list
from antechamber.cli.output import Printer
from antechamber.cli.settings import Invocation
from antechamber.cli.tables import table

_PATH: Final = "/v1/organizations/usage_report/messages"
_DAY: Final = 86_400 * MICROSECONDS
_WIDTHS: Final = ("1d", "1h", "1m")
_DIMENSIONS: Final = (
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "speed",
    "workspace_id",
)
_COUNTS: Final = ("input", "cache write", "cache read", "output")


@click.group(cls=Group)
def command() -> None:
    """See what was used."""


@command.command("messages")
@click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="So many days up to now.")
@click.option("--starting-at", metavar="TIME", help="From this moment (RFC 3339), instead of --days.")
@click.option("--ending-at", metavar="TIME", help="Up to this moment.")
@click.option("--bucket-width", type=click.Choice(_WIDTHS), help="One line a day, hour or minute.")
@click.option("--group-by", type=click.Choice(_DIMENSIONS), multiple=True, help="Apart by this; may be repeated.")
@click.option("--model", "models", metavar="MODEL", multiple=True, help="Only this model; may be repeated.")
@click.option("--api-key-id", "api_key_ids", metavar="ID", multiple=True, help="Only this key.")
@click.option("--workspace-id", "workspace_ids", metavar="ID", multiple=True, help="Only this workspace.")
@click.option("--account-id", "account_ids", metavar="ID", multiple=True, help="Only this person.")
@click.option("--limit", type=click.IntRange(min=1), help="Intervals a page.")
@click.pass_obj
def messages(invocation: Invocation, /, days: int, starting_at: str | None, **filters: object) -> None:
    """Show the tokens of messages by interval; a table on a terminal. Needs an admin key."""
    today = invocation.world.clock.now() // _DAY * _DAY
    query: list[tuple[str, object]] = [("starting_at", starting_at or to_rfc3339(today - (days - 1) * _DAY))]
    query += [(name, value) for name, value in filters.items() if value not in (None, ())]
    printer = Printer(invocation.world, invocation.settings)
    if not printer.is_for_humans:
        print_list(invocation, _PATH, query)
        return
    chosen = filters.get("group_by")
    dimensions = [str(name) for name in chosen] if isinstance(chosen, tuple) else []
    with connect(invocation) as server:
        printer.text(usage_table(entries(server, _PATH, query), dimensions))


def usage_table(buckets: Iterable[object], dimensions: list[str]) -> str:
    """Lay out the report's buckets, with a last line for the sums."""
    rows = [row for bucket in buckets if isinstance(bucket, dict) for row in _rows(bucket, dimensions)]
    sums = [sum(int(str(row[-4 + at])) for row in rows) for at in range(4)]
    total = ["total", *("" for _ in dimensions), *sums]
    return table(["from", *dimensions, *_COUNTS], [*rows, total])


def _rows(bucket: Mapping[str, object], dimensions: list[str]) -> Iterator[list[object]]:
    results = bucket.get("results")
    moment = str(bucket.get("starting_at", "")).removesuffix("T00:00:00Z")
    for result in results if isinstance(results, list) else []:
        yield [moment, *(result.get(name) for name in dimensions), *_counts(result)]


def _counts(result: Mapping[str, object]) -> list[int]:
    written = result.get("cache_creation")
    creation = sum(value for value in written.values() if isinstance(value, int)) if isinstance(written, dict) else 0
    return [
        _number(result, "uncached_input_tokens"),
        creation,
        _number(result, "cache_read_input_tokens"),
        _number(result, "output_tokens"),
    ]


def _number(result: Mapping[str, object], name: str) -> int:
    value = result.get(name)
    return value if isinstance(value, int) else 0
