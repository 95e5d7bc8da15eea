"""The databases that every store must work on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from antechamber.database.engine import Database, database_url
from antechamber.database.migrate import migrate
from tests.postgres import PrivatePostgres, private_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """Where an empty, migrated database of each kind is."""
    address = request.getfixturevalue("postgres").create() if request.param == "postgresql" else None
    url = database_url(address, tmp_path)

    async def prepare() -> None:
        opened = Database(url)
        await migrate(opened)
        await opened.close()

    asyncio.run(prepare())
    return url


@pytest.fixture
async def database(database_address: URL) -> AsyncIterator[Database]:
    """An empty, migrated database of each kind."""
    opened = Database(database_address)
    yield opened
    await opened.close()
