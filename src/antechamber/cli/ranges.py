"""The stretch of time that a report is asked for, and its export as CSV with a line of progress."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO, TypeVar

import click

from antechamber.base.clock import MICROSECONDS, from_rfc3339, to_rfc3339
from antechamber.base.outbound import Headers
from antechamber.cli.connection import connect
from antechamber.cli.settings import Invocation
from antechamber.client.http import Query, items_of

Decorated = TypeVar("Decorated", bound=Callable[..., object])

DAY: Final = 86_400 * MICROSECONDS
_BAR: Final = 30
Row = Mapping[str, object]


def range_options(command: Decorated) -> Decorated:
    """Add `--days`, `--starting-at`, `--ending-at`."""
    for option in (
        click.option("--ending-at", metavar="TIME", help="Up to this moment."),
        click.option("--starting-at", metavar="TIME", help="From this moment (RFC 3339), instead of --days."),
        click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="So many up to now."),
    ):
        command = option(command)
    return command


def output_option(command: Decorated) -> Decorated:
    """Add `--output`."""
    where = click.Path(dir_okay=False, writable=True, path_type=Path)
    return click.option("--output", "-o", type=where, help="File to write; without it, stdout.")(command)


def start_of(invocation: Invocation, days: int, starting_at: str | None) -> str:
    """Return when the range begins: as given, else at midnight so many days ago, today being the first."""
    today = invocation.world.clock.now() // DAY * DAY
    return starting_at or to_rfc3339(today - (days - 1) * DAY)


def export_csv(
    invocation: Invocation,
    path: str,
    query: Query,
    columns: Sequence[str],
    rows_of: Callable[[Row], Iterable[Row]],
    output: Path | None,
    headers: Headers = (),
) -> None:
    """Write a report's rows as CSV; while a page is fetched a terminal that does not show them shows how far it is."""
    world = invocation.world
    asked = [(name, value) for name, value in query if value not in (None, ())]
    is_shown = output is None and world.stdout.isatty()
    progress = _Progress(None if is_shown else world.stderr, asked, world.clock.now())
    with connect(invocation, administration=True) as server:
        target = world.stdout if output is None else output.open("w", encoding="utf-8", newline="")
        try:
            writer = csv.writer(target, lineterminator="\n")
            writer.writerow(columns)
            for page in server.pages(path, query=asked, headers=headers):
                for bucket in items_of(page):
                    if isinstance(bucket, Mapping):
                        writer.writerows([_cell(row.get(name)) for name in columns] for row in rows_of(bucket))
                        progress.reach(bucket)
        finally:
            progress.close()
            if output is not None:
                target.close()


def flat(bucket: Row) -> Iterator[Row]:
    """Yield the results of a report's bucket as flat rows: nested fields with dots, each with its interval."""
    results = bucket.get("results")
    times = {name: bucket.get(name) for name in ("starting_at", "ending_at")}
    for result in results if isinstance(results, list) else []:
        if isinstance(result, Mapping):
            yield {**times, **dict(_flattened(result))}


def _flattened(value: Row, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flattened(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", inner


def _cell(value: object) -> object:
    # A spreadsheet runs what begins with these (OWASP: CSV injection); a quote before it makes it text.
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


class _Progress:
    """A bar on stderr: how much of the time that was asked for is written."""

    def __init__(self, stream: TextIO | None, query: Iterable[tuple[str, object]], now: int) -> None:
        self._stream = stream if stream is not None and stream.isatty() else None
        asked = dict(query)
        self._start = _instant(asked.get("starting_at")) or now
        self._end = _instant(asked.get("ending_at")) or now

    def reach(self, bucket: Row) -> None:
        """Show that everything up to this bucket's end is written."""
        if self._stream is None or self._end <= self._start:
            return
        reached = _instant(bucket.get("ending_at")) or self._start
        part = min(1.0, max(0.0, (reached - self._start) / (self._end - self._start)))
        done = round(part * _BAR)
        self._stream.write(f"\r[{'#' * done}{'.' * (_BAR - done)}] {part:4.0%}  {str(bucket.get('starting_at'))[:10]}")
        self._stream.flush()

    def close(self) -> None:
        """Take the bar away."""
        if self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _instant(value: object) -> int | None:
    try:
        return from_rfc3339(value) if isinstance(value, str) else None
    except ValueError:
        return None
