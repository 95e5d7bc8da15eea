"""The databases that every store must work on."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from antechamber.database.engine import Database, database_url
from tests.contracts.emptied import EmptiedDatabase
from tests.contracts.tenants import Services, settle
from tests.postgres import PrivatePostgres, private_postgres
from tests.templates import copy_to, migrated, share_statements


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_address(postgres: PrivatePostgres) -> str:
    """A PostgreSQL database at the newest schema, to be taken as a template."""
    address = postgres.create()
    migrated(database_url(address, Path()))
    return address


@pytest.fixture(scope="session")
def emptied(postgres: PrivatePostgres, migrated_address: str) -> EmptiedDatabase:
    """A copy of it, from test to test."""
    return EmptiedDatabase(postgres, migrated_address)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """Where an empty, migrated database of each kind is."""
    if request.param == "sqlite":
        url = database_url(None, tmp_path)
        copy_to(Path(url.database or ""))
        yield url
        return
    kept: EmptiedDatabase = request.getfixturevalue("emptied")
    yield database_url(kept.take(), tmp_path)
    kept.give_back()


@pytest.fixture
async def database(database_address: URL) -> AsyncIterator[Database]:
    """An empty, migrated database of each kind."""
    opened = share_statements(Database(database_address))
    yield opened
    await opened.close()


@pytest.fixture
async def made(database: Database) -> Services:
    """Every tenant feature over two organisations that have their Default workspaces."""
    return await settle(database)
