"""The ledger's rows and their roll-ups in the database."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Boolean, Column, Index, Integer, RowMapping, Select, Table, cast, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.tables import Count, Instant, Number, Text, metadata
from antechamber.features.usage.model import Dimension, Intent, Outcome, TokenUsage, UsageRow, UsageSum, Width

usage_rows: Final = Table(
    "usage_rows",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("default_workspace", Boolean, nullable=False),
    Column("api_key_id", Text),
    Column("user_id", Text),
    Column("service_account_id", Text),
    Column("endpoint", Text, nullable=False),
    Column("model_asked", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("estimated_input", Count, nullable=False),
    Column("session_id", Text),
    Column("agent_id", Text),
    Column("parent_agent_id", Text),
    Column("end_user", Text),
    Column("user_profile_id", Text),
    Column("uncached_input", Count, nullable=False),
    Column("cache_write_5m", Count, nullable=False),
    Column("cache_write_1h", Count, nullable=False),
    Column("cache_read", Count, nullable=False),
    Column("output", Count, nullable=False),
    Column("web_search_requests", Count, nullable=False),
    Column("web_fetch_requests", Count, nullable=False),
    Column("code_execution_requests", Count, nullable=False),
    Column("status", Number, nullable=False),
    Column("service_tier", Text, nullable=False),
    Column("inference_geo", Text, nullable=False),
    Column("speed", Text, nullable=False),
    Column("context_window", Text, nullable=False),
    Column("stop_reason", Text),
    Column("duration_us", Count, nullable=False),
    Column("first_token_us", Count),
    Column("ended", Text, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Index("ix_usage_rows_organization_id", "organization_id", "started_at"),
)

# '' stands for null in the dimensions: a key must not hold nulls
usage_rollups: Final = Table(
    "usage_rollups",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("width", Text, primary_key=True),
    Column("bucket", Instant, primary_key=True),
    *(Column(dimension.value, Text, primary_key=True) for dimension in Dimension),
    Column("default_workspace", Boolean, nullable=False),
    *(Column(field.name, Count, nullable=False) for field in fields(TokenUsage)),
    Column("requests", Count, nullable=False),
    # the key is all that is ever looked for, so on SQLite the rows lie in its order
    sqlite_with_rowid=False,
)

_ROW_COLUMNS: Final = tuple(column.name for column in usage_rows.columns)
_KEY_COLUMNS: Final = tuple(column.name for column in usage_rollups.primary_key.columns)
_COUNTERS: Final = (*(field.name for field in fields(TokenUsage)), "requests")
# what a caller sees as used; a group of requests that were all refused is not shown
_SHOWN: Final = ("uncached_input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search_requests")
_intent_values: Final = attrgetter(*(field.name for field in fields(Intent)))
_usage_values: Final = attrgetter(*(field.name for field in fields(TokenUsage)))
_ended_values: Final = attrgetter(*[field.name for field in fields(Outcome)][1:])
_SLICE: Final = {Width.MINUTE: 60, Width.HOUR: 24, Width.DAY: 31}


class SqlUsage:
    """The store of usage."""

    async def sweep_in(self, unit: Unit, rows: Sequence[UsageRow]) -> int:
        """Add the rows whose request id is new, and exactly these to the roll-ups; returns how many they were."""
        link = connection(unit)
        insert = sqlite_insert if link.dialect.name == "sqlite" else postgresql_insert
        by_id = {row.intent.request_id: row for row in reversed(rows)}
        statement = insert(usage_rows).on_conflict_do_nothing().returning(usage_rows.c.request_id)
        values = [dict(zip(_ROW_COLUMNS, _row_values(row), strict=True)) for row in by_id.values()]
        new = (await link.execute(statement, values)).scalars().all()
        if new:
            upsert = insert(usage_rollups)
            added = {name: usage_rollups.c[name] + upsert.excluded[name] for name in _COUNTERS}
            # in the order of their keys: two nodes that add to the same roll-ups can't lock each other out
            sums = sorted(_roll_up([by_id[request_id] for request_id in new]).items())
            await link.execute(
                upsert.on_conflict_do_update(index_elements=_KEY_COLUMNS, set_=added),
                [{**dict(zip(_KEY_COLUMNS, key, strict=True)), **counters} for key, counters in sums],
            )
        return len(new)

    async def sweep_durable(self, unit: Unit) -> None:
        """Return when everything committed so far would outlive a loss of power."""
        link = connection(unit)
        if link.dialect.name == "sqlite":
            # WAL with synchronous=NORMAL leaves a commit to the next checkpoint: sqlite.org/wal.html#performance
            path = str((await link.execute(text("PRAGMA database_list"))).all()[0][2])
            await asyncio.to_thread(_sync_file, Path(f"{path}-wal"))

    async def sums(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        width: Width,
        between: tuple[int, int],
        group_by: Sequence[Dimension],
        filters: Mapping[Dimension, Sequence[str]],
    ) -> Sequence[UsageSum]:
        """Return the sums per bucket and group in [start, end), from the roll-ups, ordered by bucket and group."""
        columns = usage_rollups.c
        asked = [columns[dimension] for dimension in group_by]
        # a workspace is the default one or it isn't: grouped by workspace, the greatest is the only value
        default = func.max(cast(columns.default_workspace, Integer)).label("default_workspace")
        totals = [func.sum(columns[name]).label(name) for name in _COUNTERS]
        query: Select[Any] = (
            select(columns.bucket, *asked, default, *totals)
            .where(
                columns.organization_id == organization_id,
                columns.width == width.value,
                columns.bucket >= between[0],
                columns.bucket < between[1],
                *(columns[dimension].in_(values) for dimension, values in filters.items() if values),
            )
            .group_by(columns.bucket, *asked)
            .having(sum((func.sum(columns[name]) for name in _SHOWN[1:]), func.sum(columns[_SHOWN[0]])) > 0)
            .order_by(columns.bucket, *asked)
        )
        return [_sum(row, group_by) for row in (await connection(unit).execute(query)).mappings()]

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
            own = (columns.organization_id == organization, columns.width == width.value)
            oldest = (await link.execute(select(func.min(columns.bucket)).where(*own))).scalar_one()
            if organization is not None and oldest is not None and oldest < before:
                end = min(before, oldest + _SLICE[width] * width.microseconds)
                removed += (await link.execute(delete(usage_rollups).where(*own, columns.bucket < end))).rowcount
        return removed


def _row_values(row: UsageRow) -> tuple[object, ...]:
    return (*_intent_values(row.intent), *_usage_values(row.outcome.usage), *_ended_values(row.outcome))


def _dimensions(row: UsageRow) -> tuple[str, ...]:
    values: dict[Dimension, str | None] = {
        Dimension.ACCOUNT_ID: row.intent.account_id,
        Dimension.API_KEY_ID: row.intent.key_id,
        Dimension.CONTEXT_WINDOW: row.outcome.context_window,
        Dimension.INFERENCE_GEO: row.outcome.inference_geo,
        Dimension.MODEL: row.intent.model_served,
        Dimension.SERVICE_ACCOUNT_ID: row.intent.service_account_id,
        Dimension.SERVICE_TIER: row.outcome.service_tier,
        Dimension.SPEED: row.outcome.speed,
        Dimension.WORKSPACE_ID: row.intent.workspace_id,
    }
    return tuple(values[dimension] or "" for dimension in Dimension)


def _roll_up(rows: Sequence[UsageRow]) -> Mapping[tuple[Any, ...], Mapping[str, int]]:
    sums: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * len(_COUNTERS))
    default_workspaces: set[tuple[Any, ...]] = set()
    for row in rows:
        counters = (*_usage_values(row.outcome.usage), 1)
        group = _dimensions(row)
        for width in Width:
            key = (row.intent.organization_id, width.value, width.floor(row.intent.started_at), *group)
            sums[key] = [total + count for total, count in zip(sums[key], counters, strict=True)]
            if row.intent.default_workspace:
                default_workspaces.add(key)
    return {
        key: {"default_workspace": key in default_workspaces, **dict(zip(_COUNTERS, total, strict=True))}
        for key, total in sums.items()
    }


def _sum(row: RowMapping, group_by: Sequence[Dimension]) -> UsageSum:
    group: dict[Dimension, str | None] = {dimension: row[dimension.value] or None for dimension in group_by}
    if Dimension.WORKSPACE_ID in group and row["default_workspace"]:
        group[Dimension.WORKSPACE_ID] = None
    # PostgreSQL sums integers to numerics
    *usage, requests = (int(row[name]) for name in _COUNTERS)
    return UsageSum(row["bucket"], group, TokenUsage(*usage), requests)


def _sync_file(path: Path) -> None:
    if path.exists():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
