"""Migrations: from empty to what the tables say; what is not known is refused with what to do."""

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine import Connection

from antechamber import wiring
from antechamber.database import migrate as migrating
from antechamber.database.engine import Database, connection, database_url
from antechamber.database.migrate import migrate
from antechamber.database.schema import UnknownSchemaError, current, head, require_current
from antechamber.database.tables import metadata


def _differences(link: Connection) -> list[object]:
    context = MigrationContext.configure(link, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def test_the_migrated_schema_is_what_the_tables_say(database: Database) -> None:
    assert wiring.routes()  # every feature's tables are registered once it is wired
    async with database.engine.connect() as link:
        differences = await link.run_sync(_differences)
    kept_indexes = [item for item in differences if not _is_partial(item)]
    assert kept_indexes == []


def _is_partial(difference: object) -> bool:
    """Alembic cannot read a partial index back from SQLite."""
    return isinstance(difference, tuple) and "uq_workspaces_default" in str(difference)


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    assert await migrate(database) == (head(), head())
    await require_current(database)
    assert await current(database) == head()


async def test_an_empty_database_goes_to_the_newest_revision(tmp_path: Path) -> None:
    database = Database(database_url(None, tmp_path))
    assert await current(database) is None
    with pytest.raises(UnknownSchemaError, match=r"at schema empty, this version needs .*run: ante migrate$"):
        await require_current(database)
    assert await migrate(database) == (None, head())
    await database.close()


async def set_revision(database: Database, revision: str) -> None:
    async with database.begin() as unit:
        await connection(unit).execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


async def test_a_revision_of_a_newer_version_is_refused(database: Database) -> None:
    await set_revision(database, "9999")
    for work in (migrate, require_current):
        with pytest.raises(UnknownSchemaError, match=r"schema 9999, which this version doesn't know.*run that one"):
            await work(database)


async def test_an_older_revision_is_refused_with_the_command_to_run(database: Database) -> None:
    await set_revision(database, "0001")
    expected = re.escape(f"The database is at schema 0001, this version needs {head()}.")
    with pytest.raises(UnknownSchemaError, match=rf"^{expected} Stop every server on it, then run: ante migrate$"):
        await require_current(database)


async def test_a_migration_that_fails_leaves_the_database_as_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = migrating._upgrade

    def fail(link: Connection) -> None:
        link.execute(text("CREATE TABLE half (id INTEGER)"))
        upgrade(link)
        message = "planted"
        raise RuntimeError(message)

    monkeypatch.setattr(migrating, "_upgrade", fail)
    with pytest.raises(RuntimeError, match="planted"):
        await migrate(database)
    assert await migrate_is_clean(database)


async def migrate_is_clean(database: Database) -> bool:
    async with database.engine.connect() as link:
        names = await link.run_sync(lambda sync: sync.dialect.get_table_names(sync))
    return "half" not in names
