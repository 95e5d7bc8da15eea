"""`ante usage`: tokens used, from the usage report."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

import click

from antechamber.cli.charts import sparkline
from antechamber.cli.connection import connect
from antechamber.cli.groups import Group
from antechamber.cli.listing import entries, print_list
from antechamber.cli.output import Printer
from antechamber.cli.ranges import export_csv, flat, output_option, range_options, start_of
from antechamber.cli.resources import call
from antechamber.cli.settings import Invocation
from antechamber.cli.tables import table

Decorated = TypeVar("Decorated", bound=Callable[..., object])

_PATH: Final = "/v1/organizations/usage_report/messages"
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
_EXPORTED: Final = (
    "uncached_input_tokens",
    "cache_creation.ephemeral_5m_input_tokens",
    "cache_creation.ephemeral_1h_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "server_tool_use.web_search_requests",
)
_COUNTS: Final = ("input", "cache write", "cache read", "output")


@click.group(cls=Group)
def command() -> None:
    """See what was used."""


def _report_options(command: Decorated) -> Decorated:
    for option in (
        click.option("--limit", type=click.IntRange(min=1), help="Intervals a page."),
        click.option("--account-id", "account_ids", metavar="ID", multiple=True, help="Only this person."),
        click.option("--workspace-id", "workspace_ids", metavar="ID", multiple=True, help="Only this workspace."),
        click.option("--api-key-id", "api_key_ids", metavar="ID", multiple=True, help="Only this key."),
        click.option("--model", "models", metavar="MODEL", multiple=True, help="Only this model; may be repeated."),
        click.option(
            "--group-by", type=click.Choice(_DIMENSIONS), multiple=True, help="Apart by this; may be repeated."
        ),
        click.option("--bucket-width", type=click.Choice(_WIDTHS), help="One line a day, hour or minute."),
        range_options,
    ):
        command = option(command)
    return command


def _query(
    invocation: Invocation, days: int, starting_at: str | None, filters: Mapping[str, object]
) -> list[tuple[str, object]]:
    chosen = [(name, value) for name, value in filters.items() if value not in (None, ())]
    return [("starting_at", start_of(invocation, days, starting_at)), *chosen]


@command.command("messages")
@_report_options
@click.pass_obj
def messages(invocation: Invocation, /, days: int, starting_at: str | None, **filters: object) -> None:
    """Show the tokens of messages by interval; a table on a terminal. Needs an admin key."""
    query = _query(invocation, days, starting_at, filters)
    printer = Printer(invocation.world, invocation.settings)
    if not printer.is_for_humans:
        print_list(invocation, _PATH, query, administration=True)
        return
    with connect(invocation, administration=True) as server:
        printer.text(usage_table(entries(server, _PATH, query), _dimensions(filters), invocation.world.width()))


@command.command("export")
@_report_options
@output_option
@click.pass_obj
def export(
    invocation: Invocation, /, days: int, starting_at: str | None, output: Path | None, **filters: object
) -> None:
    """Write the usage report as CSV, page by page, with progress on a terminal."""
    query = _query(invocation, days, starting_at, filters)
    columns = ["starting_at", "ending_at", *_dimensions(filters), *_EXPORTED]
    export_csv(invocation, _PATH, query, columns, flat, output)


@command.command("me")
@click.pass_obj
def me(invocation: Invocation) -> None:
    """Show limits, spend and what is left of the key in use; any key may ask this of itself."""
    call(invocation, "GET", "/v1/usage/me", administration=False)


def _dimensions(filters: Mapping[str, object]) -> list[str]:
    chosen = filters.get("group_by")
    return [str(name) for name in chosen] if isinstance(chosen, tuple) else []


def usage_table(buckets: Iterable[object], dimensions: list[str], width: int) -> str:
    """Lay out the report's buckets, with a last line for the sums, and a sparkline of the intervals."""
    listed = [bucket for bucket in buckets if isinstance(bucket, dict)]
    rows = [row for bucket in listed for row in _rows(bucket, dimensions)]
    sums = [sum(int(str(row[-4 + at])) for row in rows) for at in range(4)]
    total = ["total", *("" for _ in dimensions), *sums]
    laid_out = table(["from", *dimensions, *_COUNTS], [*rows, total], width=width)
    course = [sum(sum(int(str(cell)) for cell in row[-4:]) for row in _rows(bucket, dimensions)) for bucket in listed]
    return f"{laid_out}\n\n{sparkline(course)}" if len(course) > 1 else laid_out


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
