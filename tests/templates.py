"""Databases at the newest schema, to be copied: a copy costs a fiftieth of the migrations."""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from sqlalchemy.engine import URL, Engine

from antechamber.database.engine import Database, database_url
from antechamber.database.migrate import migrate


def migrated(url: URL) -> URL:
    """Bring an empty database to the newest schema."""

    async def prepare() -> None:
        opened = Database(url)
        await migrate(opened)
        await opened.close()

    asyncio.run(prepare())
    return url


@cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:
        # whoever asks may be in an event loop already
        made = thread.submit(migrated, database_url(None, Path(folder))).result()
        return Path(made.database or "").read_bytes()


def lay_database(data: Path) -> None:
    """Put a migrated SQLite database into a data folder that is not there yet, as a server would have made it."""
    data.mkdir(mode=0o700, parents=True)
    path = Path(database_url(None, data).database or "")
    path.write_bytes(_content())
    path.chmod(0o600)


def copy_to(path: Path) -> None:
    """Write a migrated SQLite database to a file."""
    path.write_bytes(_content())


@cache
def _firsts() -> dict[str, Engine]:
    return {}


def share_statements(database: Database) -> Database:
    """Let a database use the statements that others of its kind have compiled in this process: a quarter of a test."""
    engine = database.engine.sync_engine
    first = _firsts().setdefault(engine.name, engine)
    # compiled statements are kept by dialect
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return database
