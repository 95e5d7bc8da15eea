"""The ledger: from an intent to a row in the database, through outages and restarts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from antechamber.adapters.prices import Book
from antechamber.adapters.spool import FileSpool
from antechamber.base.clock import SystemClock
from antechamber.base.errors import Unavailable
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import Database, connection, database_url
from antechamber.database.migrate import migrate
from antechamber.features.usage.model import Piece, Question, TokenUsage, Width
from antechamber.features.usage.service import Ledger
from antechamber.features.usage.sql import SqlUsage, usage_rows
from tests.unit.usage.samples import ORGANIZATION, intent, outcome

STORE = SqlUsage()


class Switchable:
    """Transactions of a database that a test can take away, before or after they are committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.away = False
        self.forgets_to_answer = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        if self.away:
            message = "The database is not reachable."
            raise Unavailable(message)
        async with self._database.begin() as unit:
            yield unit
        if self.forgets_to_answer:
            message = "The connection broke after the commit."
            raise Unavailable(message)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Unit]:
        async with self._database.read() as unit:
            yield unit


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(database_url(None, tmp_path))
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
def units(database: Database) -> Switchable:
    return Switchable(database)


@pytest.fixture
def start(tmp_path: Path, units: Switchable) -> Iterator[Callable[[], Ledger]]:
    """Start a ledger as a server does; one that is started again has lost the one before to a kill."""
    spools: list[FileSpool] = []

    def begin() -> Ledger:
        for spool in spools:
            spool.close(durable=False)
        spools.append(FileSpool(tmp_path / "spool" / "n", segment_bytes=64 * 1024, sync_seconds=0.005))
        return Ledger(spools[-1], STORE, units, SystemClock(), Book(), batch_rows=8, drain_seconds=0.01)

    yield begin
    for spool in spools:
        spool.close(durable=False)


async def kept(database: Database) -> dict[int, tuple[str, int]]:
    async with database.read() as unit:
        found = (await connection(unit).execute(select(usage_rows))).mappings().all()
    return {int(row["request_id"].removeprefix("req_01")): (row["ended"], row["output"]) for row in found}


async def rolled_up(database: Database) -> int:
    async with database.read() as unit:
        question = Question((Piece(Width.DAY, 0, 2**62),), (), ("requests",))
        sums = await STORE.table(unit, OrganizationId(ORGANIZATION), question)
    return sum(row[-1] for row in sums)


async def test_a_settled_request_is_a_row(database: Database, start: Callable[[], Ledger]) -> None:
    ledger = start()
    entry = ledger.open(intent(1))
    assert (ledger.open_count, ledger.settled_count, ledger.backlog) == (1, 0, 0)
    entry.settle(outcome())
    assert (ledger.open_count, ledger.settled_count, ledger.backlog) == (0, 1, 1)
    await ledger.drain()
    assert (ledger.drained_count, ledger.backlog, ledger.oldest_undrained_seconds) == (1, 0, 0.0)
    assert await kept(database) == {1: ("complete", 7)}
    assert await rolled_up(database) == 1


async def test_rows_arrive_by_themselves(database: Database, start: Callable[[], Ledger]) -> None:
    ledger = start()
    running = asyncio.create_task(ledger.run())
    for number in range(50):
        ledger.open(intent(number)).settle(outcome())
    async with asyncio.timeout(5):
        while await rolled_up(database) < 50:  # noqa: ASYNC110 - what is watched is in the database
            await asyncio.sleep(0.01)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await ledger.close()


async def test_while_the_drain_is_held_the_database_has_exactly_what_is_said(
    database: Database, start: Callable[[], Ledger]
) -> None:
    ledger = start()
    for number in range(30):
        ledger.open(intent(number)).settle(outcome())
    async with ledger.drained() as position:
        assert position == 30 == await rolled_up(database)
        ledger.open(intent(30)).settle(outcome())
        draining = asyncio.create_task(ledger.drain())
        await asyncio.sleep(0.05)
        assert await rolled_up(database) == 30
        assert ledger.settled_count == 31
    await draining
    assert await rolled_up(database) == 31


async def test_an_outage_of_the_database_delays_rows_and_loses_none(
    database: Database, units: Switchable, start: Callable[[], Ledger]
) -> None:
    ledger = start()
    units.away = True
    for number in range(30):
        ledger.open(intent(number)).settle(outcome())
    with pytest.raises(Unavailable):
        await ledger.drain()
    assert ledger.backlog == 30
    assert ledger.oldest_undrained_seconds > 0
    units.away = False
    await ledger.drain()
    assert len(await kept(database)) == await rolled_up(database) == 30


async def test_a_commit_whose_answer_was_lost_doubles_nothing(
    database: Database, units: Switchable, start: Callable[[], Ledger]
) -> None:
    ledger = start()
    for number in range(20):
        ledger.open(intent(number)).settle(outcome())
    units.forgets_to_answer = True
    with pytest.raises(Unavailable):
        await ledger.drain()
    units.forgets_to_answer = False
    await ledger.drain()
    assert len(await kept(database)) == await rolled_up(database) == 20
    assert (ledger.drained_count, ledger.doubled_count) == (12, 8)


async def test_after_a_kill_every_intent_is_one_row(database: Database, start: Callable[[], Ledger]) -> None:
    killed = start()
    for number in range(20):
        killed.open(intent(number)).settle(outcome())
    await killed.drain()
    for number in range(20, 30):
        killed.open(intent(number)).settle(outcome())
    cut, silent = killed.open(intent(30)), killed.open(intent(31))
    cut.progress(TokenUsage(uncached_input=5, output=2))
    assert silent is not cut
    again = start()
    assert await again.recover() == 12
    assert await again.recover() == 0
    rows = await kept(database)
    assert rows[30] == ("lost", 2)
    assert rows[31] == ("lost", 0)
    assert len(rows) == await rolled_up(database) == 32


async def test_what_could_not_be_recovered_at_start_comes_in_later(
    database: Database, units: Switchable, start: Callable[[], Ledger]
) -> None:
    start().open(intent(1)).settle(outcome())
    units.away = True
    ledger = start()
    assert await ledger.recover() == 0
    ledger.open(intent(2)).settle(outcome())
    units.away = False
    await ledger.drain()
    assert sorted(await kept(database)) == [1, 2]


async def test_a_server_that_ends_in_peace_leaves_no_records(tmp_path: Path, start: Callable[[], Ledger]) -> None:
    ledger = start()
    ledger.open(intent(1)).settle(outcome())
    await ledger.close()
    assert list((tmp_path / "spool" / "n").glob("g*")) == []


async def test_a_server_that_ends_without_its_database_leaves_them(
    tmp_path: Path, units: Switchable, start: Callable[[], Ledger]
) -> None:
    ledger = start()
    ledger.open(intent(1)).settle(outcome())
    units.away = True
    await ledger.close()
    assert len(list((tmp_path / "spool" / "n").glob("g*"))) == 1


async def test_roll_ups_of_minutes_expire_and_those_of_days_stay(
    database: Database, start: Callable[[], Ledger]
) -> None:
    ledger = start()
    ledger.open(intent(1)).settle(outcome())
    await ledger.drain()
    # the fine roll-up and two coarser ones
    assert await ledger.sweep_expired() == 3
    assert await rolled_up(database) == 1
