"""Transactions: whole or not at all, and an outage is an outage, not a bug."""

import asyncio
import contextlib
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from antechamber.base.errors import Unavailable
from antechamber.base.unit import Unit
from antechamber.database.engine import Database, connection, database_url
from antechamber.database.schema import current
from tests.postgres import PrivatePostgres


async def write(database: Database, number: int) -> None:
    async with database.begin() as unit:
        await connection(unit).execute(text("CREATE TABLE IF NOT EXISTS numbers (number INTEGER)"))
        await connection(unit).execute(text("INSERT INTO numbers VALUES (:number)"), {"number": number})


async def numbers(unit: Unit) -> list[int]:
    return list((await connection(unit).execute(text("SELECT number FROM numbers ORDER BY number"))).scalars())


async def test_a_reader_does_not_wait_for_a_writer_and_sees_only_what_is_committed(database: Database) -> None:
    await write(database, 1)
    async with database.begin() as writer:
        await connection(writer).execute(text("INSERT INTO numbers VALUES (2)"))
        async with database.read() as reader:
            assert await numbers(reader) == [1]
    async with database.read() as reader:
        assert await numbers(reader) == [1, 2]


async def fail(database: Database, units: list[Unit]) -> None:
    async with database.begin() as unit:
        units.append(unit)
        raise RuntimeError


async def test_a_unit_is_closed_when_its_block_ends(database: Database) -> None:
    async with database.begin() as unit:
        seen = unit.open
    assert (seen, unit.open) == (True, False)
    failed: list[Unit] = []
    with pytest.raises(RuntimeError):
        await fail(database, failed)
    assert [unit.open for unit in failed] == [False]


async def test_a_mistake_in_a_statement_is_not_called_an_outage(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.read() as unit:
            await connection(unit).execute(text("SELECT * FROM nowhere"))


async def test_too_many_at_once_is_an_outage_and_passes(database: Database) -> None:
    pool = database.engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    pool._timeout = 0.05
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(pool.size()):
            await stack.enter_async_context(database.read())
        with pytest.raises(Unavailable) as caught:
            await stack.enter_async_context(database.read())
    assert (caught.value.retry_after, caught.value.should_retry) == (1, True)
    async with database.read() as unit:
        assert unit.open


@pytest.mark.parametrize("name", ["nowhere", "'; DROP TABLE x; --"])
async def test_a_database_that_is_not_there_is_an_outage(database: Database, name: str) -> None:
    threads = set(threading.enumerate())
    if database.is_sqlite:
        missing = Database(database_url(None, Path("/nowhere/at/all")))
    else:
        missing = Database(database.url.set(database=name))
        with pytest.raises(Unavailable):
            await current(missing)
    with pytest.raises(Unavailable):
        async with missing.read():
            pass
    await missing.close()
    # the driver's threads tell this loop that they end
    for thread in set(threading.enumerate()) - threads:
        await asyncio.to_thread(thread.join, 5)


async def test_a_server_that_does_not_listen_is_an_outage() -> None:
    missing = Database(database_url("postgresql://nobody@127.0.0.1:1/none", Path()))
    with pytest.raises(Unavailable, match=r"^The database is not reachable"):
        async with missing.begin():
            pass
    await missing.close()


class Foreign:
    open = True


def test_only_units_of_this_toolkit_are_taken() -> None:
    with pytest.raises(TypeError, match=r"^not a unit of this database: Foreign$"):
        connection(Foreign())


@pytest.mark.parametrize(
    ("written", "driver"),
    [
        (None, "sqlite+aiosqlite"),
        ("", "sqlite+aiosqlite"),
        ("postgresql://h/n", "postgresql+asyncpg"),
        ("postgres://h/n", "postgresql+asyncpg"),
        ("postgresql+asyncpg://h/n", "postgresql+asyncpg"),
    ],
)
def test_an_address_gets_its_driver(written: str | None, driver: str) -> None:
    url = database_url(written, Path("/data"))
    assert url.drivername == driver
    if not written:
        assert url.database == "/data/antechamber.db"


# SQLite answers from this process.
@pytest.mark.parametrize("database_address", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
async def test_a_database_that_does_not_answer_is_an_outage_and_its_connections_are_of_use_again(
    database: Database,
) -> None:
    hasty = Database(database.url, statement_seconds=0.2)
    for begin in (hasty.begin, hasty.read):
        with pytest.raises(Unavailable):
            async with begin() as unit:
                await connection(unit).execute(text("SELECT pg_sleep(60)"))
    await write(hasty, 1)
    async with hasty.read() as unit:
        assert await numbers(unit) == [1]
    await hasty.close()


@pytest.mark.postgres
async def test_postgresql_compiles_no_statement(postgres: PrivatePostgres, tmp_path: Path) -> None:
    database = Database(database_url(postgres.create(), tmp_path))
    for _ in range(2):
        async with database.read() as unit:
            assert (await connection(unit).execute(text("SHOW jit"))).scalar_one() == "off"
    await database.close()
