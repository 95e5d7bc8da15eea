"""Rows read back with their cost, and costs replaced, in the rows and by difference in the roll-ups."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import count
from operator import sub
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.changes import PRICES, announce
from antechamber.database.engine import connection
from antechamber.features.usage.model import COSTS, Cost, Dimension, Ending, Intent, Outcome, Tag, TokenUsage, UsageRow
from antechamber.features.usage.sql.claude_code import claude_code_tokens, roll_up_tokens
from antechamber.features.usage.sql.rolling import cost_values, counters_of, roll_up, roll_up_sessions, roll_up_tagged
from antechamber.features.usage.sql.tables import COUNTERS, usage_rows, usage_sessions

_COLUMNS: Final = tuple(column.name for column in usage_rows.columns)
_INTENT: Final = len(fields(Intent)) - 1
_USED: Final = _INTENT + len(fields(TokenUsage))
_ENDED: Final = _USED + len(fields(Outcome)) - 1
_TAG: Final = len(_COLUMNS) - 1
_WRITTEN: Final = ("cost", *COSTS, "cost_cny", "price_source", "price_version")
_CHANGED: Final = (*COSTS, "unpriced_requests")
_PLACES: Final = tuple(COUNTERS.index(name) for name in _CHANGED)
_SESSION_KEY: Final = tuple(column.name for column in claude_code_tokens.primary_key.columns)
_TAGGED_KEY: Final = ("organization_id", "bucket", "digest")
_DAY_KEY: Final = tuple(column.name for column in usage_sessions.primary_key.columns)
_KEY: Final = ("organization_id", "width", "bucket", *(dimension.value for dimension in Dimension))


class SqlPrices:
    """The store of pricing anew."""

    async def priced(
        self, unit: Unit, organization_id: OrganizationId, after: tuple[int, str], limit: int, *, lock: bool
    ) -> list[UsageRow]:
        """Return the next rows of an organisation after (started_at, request_id), held to the end with `lock`."""
        link = connection(unit)
        sqlite = link.dialect.name == "sqlite"
        marks = _marks(sqlite=sqlite)
        query = (
            f"SELECT {', '.join(_COLUMNS)} FROM usage_rows "  # noqa: S608 - names of ours only
            f"WHERE organization_id = {next(marks)} AND (started_at, request_id) > ({next(marks)}, {next(marks)}) "
            f"ORDER BY started_at, request_id LIMIT {next(marks)}"
        )
        # on SQLite whoever may write is alone
        query += " FOR UPDATE" if lock and not sqlite else ""
        found = await link.exec_driver_sql(query, (organization_id, *after, limit))
        return [_row(tuple(values)) for values in found.all()]

    async def reprice(
        self, unit: Unit, organization_id: OrganizationId, changes: Sequence[tuple[UsageRow, UsageRow]]
    ) -> None:
        """Write the new costs of (old, new) rows, and add the differences to the roll-ups that still exist."""
        link = connection(unit)
        announce(unit, PRICES)
        marks = _marks(sqlite=link.dialect.name == "sqlite")
        sets = ", ".join(f"{name} = {next(marks)}" for name in _WRITTEN)
        update = f"UPDATE usage_rows SET {sets} WHERE organization_id = {next(marks)} AND request_id = {next(marks)}"  # noqa: S608
        await link.exec_driver_sql(
            update, [(*cost_values(new.cost), organization_id, new.intent.request_id) for _, new in changes]
        )
        await _change(link, "usage_rollups", _KEY, _differences(changes))
        await _change(link, "usage_tagged", _TAGGED_KEY, _tagged_differences(changes))
        days = _keyed(roll_up_sessions(_pairs(changes)), len(_DAY_KEY), len(_DAY_KEY))
        await _change(link, "usage_sessions", _DAY_KEY, days)
        marks = _marks(sqlite=link.dialect.name == "sqlite")
        where = f"cost = cost + {next(marks)} WHERE " + " AND ".join(f"{name} = {next(marks)}" for name in _SESSION_KEY)
        update = f"UPDATE claude_code_tokens SET {where}"  # noqa: S608 - as above
        differences = _session_differences(changes)
        if differences:
            await link.exec_driver_sql(update, differences)


async def _change(
    link: AsyncConnection, table: str, key: Sequence[str], differences: Sequence[tuple[Any, ...]]
) -> None:
    """Add differences to the costs of roll-ups that still exist; behind each are the values of its key."""
    marks = _marks(sqlite=link.dialect.name == "sqlite")
    sets = ", ".join(f"{name} = {name} + {next(marks)}" for name in _CHANGED)
    where = " AND ".join(f"{name} = {next(marks)}" for name in key)
    update = f"UPDATE {table} SET {sets} WHERE {where}"  # noqa: S608 - names of ours only
    if differences:
        await link.exec_driver_sql(update, differences)


def _row(values: tuple[Any, ...]) -> UsageRow:
    intent = Intent(*[*values[:_INTENT], values[_TAG]])
    told = [*values[_USED : _ENDED - 2], Ending(values[_ENDED - 2]), bool(values[_ENDED - 1])]
    outcome = Outcome(TokenUsage(*values[_INTENT:_USED]), *told)
    # a null is a row from before prices
    cost = None if values[_ENDED] is None else Cost(*values[_ENDED + 1 : _TAG])
    return UsageRow(intent, outcome, cost)


def _differences(changes: Sequence[tuple[UsageRow, UsageRow]]) -> list[tuple[Any, ...]]:
    """Return what is added to each roll-up, in the order of their keys, and the key behind it."""
    # the flag of the default workspace stands between key and counters
    return _keyed(roll_up(_pairs(changes)), len(_KEY), len(_KEY) + 1)


def _tagged_differences(changes: Sequence[tuple[UsageRow, UsageRow]]) -> list[tuple[Any, ...]]:
    """Return what is added to each day of tagged requests, in the order of their keys, and the key behind it."""
    first = len(_TAGGED_KEY) + len(Tag) + len(Dimension) + 1
    return _keyed(roll_up_tagged(_pairs(changes)), len(_TAGGED_KEY), first)


def _pairs(changes: Sequence[tuple[UsageRow, UsageRow]]) -> list[tuple[UsageRow, tuple[int, ...]]]:
    return [(old, tuple(map(sub, counters_of(new), counters_of(old)))) for old, new in changes]


def _keyed(rows: Sequence[tuple[Any, ...]], key: int, first: int) -> list[tuple[Any, ...]]:
    """Return the changed counters, which begin at `first`, of the rows that change, and their key behind them."""
    keyed = [([row[first + place] for place in _PLACES], row[:key]) for row in rows]
    return [(*added, *row) for added, row in keyed if any(added)]


def _session_differences(changes: Sequence[tuple[UsageRow, UsageRow]]) -> list[tuple[Any, ...]]:
    """Return what is added to the cost of each of Claude Code's sessions, and its key behind it."""
    old, new = (roll_up_tokens(rows) for rows in zip(*changes, strict=True))
    pairs = zip(old, new, strict=True)
    # the cost is the last of both, and the keys are the same
    return [(after[-1] - before[-1], *after[: len(_SESSION_KEY)]) for before, after in pairs if after[-1] != before[-1]]


def _marks(*, sqlite: bool) -> Iterator[str]:
    numbers = count(1)
    while True:
        yield "?" if sqlite else f"${next(numbers)}"
