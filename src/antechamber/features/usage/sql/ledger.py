"""The ledger's rows and their roll-ups in the database."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from itertools import chain, count
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, Table, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.sqlite import LATER
from antechamber.features.usage.model import (
    COSTS,
    Dimension,
    Intent,
    Line,
    Outcome,
    Piece,
    Question,
    Spent,
    SumRow,
    TokenUsage,
    UsageRow,
    Width,
)
from antechamber.features.usage.sql.claude_code import ADD_TOKENS, claude_code_tokens, roll_up_tokens
from antechamber.features.usage.sql.cubes import CUBES, UNTAGGED
from antechamber.features.usage.sql.printing import build_marks, build_printed
from antechamber.features.usage.sql.questions import FOREVER, build, fetch, is_nearly_plain, is_plain, merge
from antechamber.features.usage.sql.rolling import cost_values, counters_of, roll_up, roll_up_sessions, roll_up_tagged
from antechamber.features.usage.sql.tables import COUNTERS, usage_rollups, usage_rows, usage_sessions, usage_tagged


def _adding(table: Table) -> str:
    key = ", ".join(column.name for column in table.primary_key.columns)
    return f"ON CONFLICT ({key}) DO UPDATE SET " + (
        ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in COUNTERS)
    )


_ADD: Final = _adding(usage_rollups)
_ADD_TAGGED: Final = _adding(usage_tagged)
_ADD_SESSIONS: Final = _adding(usage_sessions)
_KNOWN: Final = "SELECT request_id FROM usage_rows WHERE request_id IN (SELECT value FROM json_each(?))"
_CHUNKS: Final = (256, 64, 16, 4, 1)
# the order of the table's columns: what came later is at its end
_intent_values: Final = attrgetter(*(field.name for field in fields(Intent) if field.name != "tag"))
_usage_values: Final = attrgetter(*(field.name for field in fields(TokenUsage)))
_ended_values: Final = attrgetter(*[field.name for field in fields(Outcome)][1:])
_SLICE: Final = {Width.MINUTE: 60, Width.HOUR: 24, Width.DAY: 31}


class SqlUsage:
    """The store of usage."""

    async def sweep_in(self, unit: Unit, rows: Sequence[UsageRow]) -> int:
        """Add the rows whose request id is new, and exactly these to the roll-ups; returns how many they were."""
        link = connection(unit)
        # each once, the first wins; in order, so that two nodes with the same rows can't lock each other out
        by_id = {row.intent.request_id: row for row in reversed(rows)}
        values = [
            (
                *_intent_values(row.intent),
                *_usage_values(row.outcome.usage),
                *_ended_values(row.outcome),
                *cost_values(row.cost),
                row.intent.tag,
            )
            for _, row in sorted(by_id.items())
        ]
        new = await _add_new(link, values)
        if new:
            fresh = [by_id[request_id] for request_id in new]
            pairs = [(row, counters_of(row)) for row in fresh]
            await _insert(link, usage_rollups, roll_up(pairs), _ADD)
            await _insert(link, usage_tagged, roll_up_tagged(pairs), _ADD_TAGGED)
            await _insert(link, usage_sessions, roll_up_sessions(pairs), _ADD_SESSIONS)
            await _insert(link, claude_code_tokens, roll_up_tokens(fresh), ADD_TOKENS)
        return len(new)

    async def sweep_durable(self, unit: Unit) -> None:
        """Return when everything committed so far would outlive a loss of power."""
        link = connection(unit)
        if link.dialect.name == "sqlite":
            # WAL with synchronous=NORMAL leaves a commit to the next checkpoint: sqlite.org/wal.html#performance
            path = str((await link.execute(text("PRAGMA database_list"))).all()[0][2])
            await asyncio.to_thread(_sync_file, Path(f"{path}-wal"))

    async def table(self, unit: Unit, organization_id: OrganizationId, question: Question) -> Sequence[SumRow]:
        """Return the sums per bucket and group, in the question's order."""
        statement = build(question, organization_id, postgres=connection(unit).dialect.name != "sqlite")
        rows = await fetch(unit, statement)
        if is_nearly_plain(question):
            return rows if is_plain(question) else merge(rows, question)
        # without groups there is a row of nulls even when nothing was used
        return rows if question.group_by or question.bucketed else [row for row in rows if row[-1] is not None]

    async def printed(
        self, unit: Unit, organization_id: OrganizationId, question: Question, line: Line
    ) -> Mapping[int, bytes]:
        """Return the groups of each bucket as lines with commas between them; a bucket without any is not there."""
        postgres = connection(unit).dialect.name != "sqlite"
        rows = await fetch(unit, build_printed(question, organization_id, line, postgres=postgres))
        return {bucket: lines for bucket, lines in rows if lines}

    async def marks(self, unit: Unit, organization_id: OrganizationId, piece: Piece) -> Mapping[int, tuple[int, int]]:
        """Return how many requests each bucket has, which every row adds to, and how often rows were priced anew."""
        statement = build_marks(piece, organization_id, postgres=connection(unit).dialect.name != "sqlite")
        return {bucket: (requests, version) for bucket, requests, version in await fetch(unit, statement)}

    async def spent(self, unit: Unit, organization_id: OrganizationId, since_us: int) -> Sequence[Spent]:
        """Return what has been spent from the UTC day that holds an instant on, as far as it is in the database."""
        group_by = (Dimension.WORKSPACE_ID, Dimension.API_KEY_ID, Dimension.ACCOUNT_ID)
        everything = Piece(Width.DAY, Width.DAY.floor(since_us), FOREVER)
        question = Question((everything,), group_by, COSTS, bucketed=False)
        rows = await self.table(unit, organization_id, question)
        return [Spent(row[2], row[3] or None, row[4] or None, sum(row[5:])) for row in rows]

    async def sweep_expired(self, unit: Unit, width: Width, before: int) -> int:
        """Remove a slice of the roll-ups of that width older than `before`; returns how many, 0 when done."""
        link = connection(unit)
        columns = usage_rollups.c
        removed = 0
        organization: str | None = ""
        while organization is not None:
            # one step through the key per organization, where a DISTINCT would read the whole table
            found = await link.execute(
                select(func.min(columns.organization_id)).where(columns.organization_id > organization)
            )
            organization = found.scalar_one()
            for name in (cube.name(width) for cube in (*CUBES, UNTAGGED) if width in cube.widths):
                removed += await self._expire(link, organization, name, width, before)
        return removed

    async def _expire(
        self, link: AsyncConnection, organization: str | None, name: str, width: Width, before: int
    ) -> int:
        columns = usage_rollups.c
        own = (columns.organization_id == organization, columns.width == name)
        oldest = (await link.execute(select(func.min(columns.bucket)).where(*own))).scalar_one()
        if oldest is None or oldest >= before:
            return 0
        end = min(before, oldest + _SLICE[width] * width.microseconds)
        return (await link.execute(delete(usage_rollups).where(*own, columns.bucket < end))).rowcount


async def _add_new(link: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Insert the rows whose request id is new, and return these ids."""
    if link.dialect.name != "sqlite":
        new = await _insert(link, usage_rows, rows, "ON CONFLICT DO NOTHING RETURNING request_id")
        return [row.request_id for row in new]
    # who writes is alone here, and a row that is returned would cost its thread a wait for the interpreter
    found = await link.exec_driver_sql(_KNOWN, (json.dumps([row[0] for row in rows]),))
    known = {row[0] for row in found.all()}
    fresh = [row for row in rows if row[0] not in known]
    await _insert(link, usage_rows, fresh, "")
    return [row[0] for row in fresh]


async def _insert(link: AsyncConnection, table: Table, rows: Sequence[tuple[Any, ...]], ending: str) -> list[Row[Any]]:
    """Insert rows a chunk a statement, and return what the statements return; those that return nothing may wait.

    In the driver's own terms: through the expression language a row costs as much processor time as its whole request.
    Chunks have few sizes, so that the drivers find their prepared statements again.
    """
    columns = tuple(column.name for column in table.columns)
    options = {} if "RETURNING" in ending else LATER
    start = 0
    returned: list[Row[Any]] = []
    for size in _CHUNKS:
        while len(rows) - start >= size:
            statement = _statement(link.dialect.name, table.name, columns, size, ending)
            values = tuple(chain.from_iterable(rows[start : start + size]))
            result = await link.exec_driver_sql(statement, values, execution_options=options)
            returned += result.all() if result.returns_rows else []
            start += size
    return returned


@lru_cache(maxsize=64)
def _statement(dialect: str, table: str, columns: tuple[str, ...], size: int, ending: str) -> str:
    numbers = count(1)
    marks = ("?" if dialect == "sqlite" else f"${next(numbers)}" for _ in range(size * len(columns)))
    row = ", ".join(["%s"] * len(columns))
    values = ", ".join([f"({row})"] * size) % tuple(marks)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values} {ending}"  # noqa: S608 - names of ours only


def _sync_file(path: Path) -> None:
    if path.exists():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
