"""SQLite's locks belong to the process: what opens the file a second time must not give them up."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from antechamber.database.engine import Database, connection, database_url

_COUNT = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT COUNT(*) FROM kept').fetchone()[0])"


def count_elsewhere(path: str) -> int:
    """Return what another process sees, which closes the database afterwards."""
    done = subprocess.run([sys.executable, "-c", _COUNT, path], capture_output=True, text=True, check=True, timeout=30)
    return int(done.stdout)


async def write(database: Database, statement: str) -> None:
    async with database.begin() as unit:
        await connection(unit).execute(text(statement))


async def test_another_process_sees_what_is_written_after_the_file_was_opened_twice(tmp_path: Path) -> None:
    """As a first start does, whose migrations have an engine of their own."""
    database = Database(database_url(None, tmp_path))
    path = str(database.url.database)
    await write(database, "CREATE TABLE kept (id INTEGER)")
    second = Database(database.url)
    await second.close()
    for number in range(1, 4):
        await write(database, "INSERT INTO kept VALUES (1)")
        assert count_elsewhere(path) == number
    assert not os.stat(path).st_mode & 0o077  # noqa: PTH116 - nothing waits for it
    await database.close()
