"""Pricing anew: rows and roll-ups agree afterwards, and a second time nothing changes."""

import pytest
from sqlalchemy import func, select

from antechamber.adapters.prices import Book, read_prices
from antechamber.base.actor import OPERATOR
from antechamber.base.chance import SystemChance
from antechamber.base.clock import SystemClock
from antechamber.base.ids import OrganizationId
from antechamber.database.engine import Database, connection
from antechamber.features.audit.service import Audit
from antechamber.features.audit.sql import SqlActivities
from antechamber.features.usage.model import COSTS, UsageRow
from antechamber.features.usage.service import Repricing
from antechamber.features.usage.service.pricing import price_row
from antechamber.features.usage.sql import SqlPrices, SqlUsage, usage_rollups, usage_rows, usage_sessions, usage_tagged
from antechamber.features.usage.sql.claude_code import claude_code_tokens
from tests.contracts.tenants import PEPPER
from tests.unit.usage.samples import DAY, NOON, ORGANIZATION, row

MINE = OrganizationId(ORGANIZATION)
OLD = Book()


def dearer() -> Book:
    import datetime as dt  # noqa: PLC0415

    entry = {"model": "claude-*", "valid_from": dt.date(2025, 1, 1), "input": 10**10, "output": 10**11}
    return Book(read_prices([entry]))


def repricing(database: Database, book: Book) -> Repricing:
    audit = Audit(SqlActivities(), database, SystemClock(), SystemChance(), PEPPER)
    return Repricing(SqlPrices(), database, SystemClock(), book, audit, slice_rows=3)


async def bring_in(database: Database, *rows: UsageRow) -> None:
    async with database.begin() as unit:
        await SqlUsage().sweep_in(unit, rows)


async def costs(database: Database) -> tuple[int, set[int], int]:
    """Return what rows, each width of roll-ups with days of sessions, and Claude Code's sessions say that all cost."""
    columns, tagged, every_session = usage_rollups.c, usage_tagged.c, usage_sessions.c
    total, total_tagged, total_sessions = (
        func.sum(sum((table[name] for name in COSTS[1:]), table[COSTS[0]]))
        for table in (columns, tagged, every_session)
    )
    async with database.read() as unit:
        link = connection(unit)
        rows = (await link.execute(select(func.coalesce(func.sum(usage_rows.c.cost), 0)))).scalar_one()
        rolled = [*(await link.execute(select(total).group_by(columns.width))).scalars()]
        rolled.append((await link.execute(select(total_sessions))).scalar_one())
        sessions = (await link.execute(select(func.coalesce(func.sum(claude_code_tokens.c.cost), 0)))).scalar_one()
        days = (await link.execute(select(func.coalesce(total_tagged, 0)))).scalar_one()
    assert int(days) == int(sessions)  # here whatever carries a session is tagged, and nothing else
    return int(rows), set(map(int, rolled)), int(sessions)


async def test_rows_and_roll_ups_agree_before_and_after(database: Database) -> None:
    rows = [price_row(row(number, session_id="s", key_id=f"apikey_{number % 3}"), OLD) for number in range(8)]
    await bring_in(database, *rows)
    before, rolled, sessions = await costs(database)
    assert rolled == {before}
    assert sessions == before
    found = await repricing(database, dearer()).apply(MINE, 0, OPERATOR)
    after, rolled, sessions = await costs(database)
    assert after == 8 * (19 * 10_000 + 7 * 100_000)
    assert rolled == {after}
    assert sessions == after
    assert (found.rows, found.changed, found.difference) == (8, 8, after - before)


async def test_a_second_time_nothing_changes(database: Database) -> None:
    await bring_in(database, *(price_row(row(number), OLD) for number in range(4)))
    await repricing(database, dearer()).apply(MINE, 0, OPERATOR)
    once = await costs(database)
    found = await repricing(database, dearer()).apply(MINE, 0, OPERATOR)
    assert (found.changed, found.difference, await costs(database)) == (0, 0, once)


async def test_a_dry_run_changes_nothing_and_tells_the_same(database: Database) -> None:
    await bring_in(database, *(price_row(row(number), OLD) for number in range(4)))
    before = await costs(database)
    dry = await repricing(database, dearer()).apply(MINE, 0, OPERATOR, dry_run=True)
    assert await costs(database) == before
    real = await repricing(database, dearer()).apply(MINE, 0, OPERATOR)
    assert (dry.changed, dry.models) == (real.changed, real.models)


async def test_rows_from_before_prices_get_one(database: Database) -> None:
    await bring_in(database, row(1), row(2))
    assert await costs(database) == (0, {0}, 0)
    await repricing(database, OLD).apply(MINE, 0, OPERATOR)
    priced = price_row(row(1), OLD).cost
    assert priced is not None
    assert (await costs(database))[:2] == (2 * priced.total, {2 * priced.total})
    async with database.read() as unit:
        flagged = (await connection(unit).execute(select(func.sum(usage_rollups.c.unpriced_requests)))).scalar_one()
    assert int(flagged) == 0


async def test_only_rows_from_the_day_on_and_of_the_organization(database: Database) -> None:
    other = "00000000-0000-4000-8000-000000000001"
    await bring_in(database, row(1, started_at=NOON - DAY), row(2), row(3, organization_id=other))
    found = await repricing(database, OLD).apply(MINE, NOON, OPERATOR)
    assert (found.rows, found.changed) == (1, 1)


async def test_what_was_changed_is_in_the_audit_log(database: Database) -> None:
    await bring_in(database, row(1))
    await repricing(database, OLD).apply(MINE, NOON, OPERATOR)
    await repricing(database, OLD).apply(MINE, NOON, OPERATOR)
    async with database.read() as unit:
        found = (await connection(unit).exec_driver_sql("SELECT type, organization_id FROM activities")).all()
    kinds = ("prices_reapplied", "prices_reapply_started")
    assert sorted(tuple(each) for each in found) == [(kind, ORGANIZATION) for kind in kinds]


async def test_who_is_ended_amid_the_slices_has_left_word(database: Database) -> None:
    await bring_in(database, *(row(number) for number in range(7)))

    def end(rows: int) -> None:
        raise KeyboardInterrupt(rows)

    with pytest.raises(KeyboardInterrupt):
        await repricing(database, OLD).apply(MINE, 0, OPERATOR, tell=end)
    async with database.read() as unit:
        link = connection(unit)
        changed = (await link.exec_driver_sql("SELECT COUNT(*) FROM usage_rows WHERE cost IS NOT NULL")).scalar_one()
        found = (await link.exec_driver_sql("SELECT type FROM activities")).scalars().all()
    assert (changed, found) == (3, ["prices_reapply_started"])
