"""SQLite writes that wait for the next visit are there for what is read after them, and gone with their transaction."""

from pathlib import Path

import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError

from antechamber.database.engine import Database, connection, database_url
from antechamber.database.sqlite import LATER

_WRITE = text("INSERT INTO kept VALUES (:number)").execution_options(**LATER)


async def made(folder: Path) -> Database:
    database = Database(database_url(None, folder))
    async with database.begin() as unit:
        await connection(unit).execute(text("CREATE TABLE kept (number INTEGER PRIMARY KEY)"))
    return database


async def write_both(database: Database, second: TextClause) -> None:
    """Write 1 late, then something else."""
    async with database.begin() as unit:
        await connection(unit).execute(_WRITE, {"number": 1})
        await connection(unit).execute(second)


async def numbers(database: Database) -> list[int]:
    async with database.read() as unit:
        rows = await connection(unit).execute(text("SELECT number FROM kept ORDER BY number"))
        return [row.number for row in rows]


async def test_a_late_write_is_read_in_its_own_transaction_and_kept_by_the_commit(tmp_path: Path) -> None:
    database = await made(tmp_path)
    async with database.begin() as unit:
        await connection(unit).execute(_WRITE, {"number": 1})
        seen = await connection(unit).execute(text("SELECT COUNT(*) FROM kept"))
        assert seen.scalar_one() == 1
        await connection(unit).execute(_WRITE, {"number": 2})
    assert await numbers(database) == [1, 2]
    await database.close()


async def test_late_writes_alone_are_kept(tmp_path: Path) -> None:
    database = await made(tmp_path)
    async with database.begin() as unit:
        for number in range(3):
            await connection(unit).execute(_WRITE, {"number": number})
    assert await numbers(database) == [0, 1, 2]
    await database.close()


async def test_a_transaction_that_fails_leaves_no_late_write_to_the_next(tmp_path: Path) -> None:
    database = await made(tmp_path)
    with pytest.raises(IntegrityError):
        await write_both(database, text("INSERT INTO kept VALUES (NULL), (7), (7)"))
    async with database.begin() as unit:
        await connection(unit).execute(_WRITE, {"number": 2})
    assert await numbers(database) == [2]
    await database.close()


async def test_a_late_write_that_fails_takes_its_transaction_along(tmp_path: Path) -> None:
    database = await made(tmp_path)
    with pytest.raises(IntegrityError):
        await write_both(database, _WRITE.bindparams(number=1))
    assert await numbers(database) == []
    async with database.begin() as unit:
        await connection(unit).execute(_WRITE, {"number": 3})
    assert await numbers(database) == [3]
    await database.close()


async def test_a_transaction_without_a_statement_holds_nobody_up(tmp_path: Path) -> None:
    database = await made(tmp_path)
    async with database.begin(), database.begin() as unit:
        await connection(unit).execute(_WRITE, {"number": 1})
    assert await numbers(database) == [1]
    await database.close()
