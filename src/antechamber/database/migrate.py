"""Migrations: forward-only, numbered, run by `ante migrate` or on an empty database at first start."""

from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from antechamber.database.engine import Database

_FOLDER: Final = Path(__file__).parent


class UnknownSchemaError(Exception):
    """The database holds a schema that this version can't use; the message says what to do."""


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_FOLDER), version_locations=[str(_FOLDER / "migrations")])


def head() -> str:
    """Return the newest revision that this version knows."""
    revision = _scripts().get_current_head()
    if revision is None:
        message = "no migrations are installed"
        raise UnknownSchemaError(message)
    return revision


def _current(link: Connection) -> str | None:
    return MigrationContext.configure(link).get_current_revision()


def _upgrade(link: Connection) -> None:
    scripts = _scripts()
    with EnvironmentContext(Config(), scripts, fn=lambda revision, _: scripts._upgrade_revs("head", revision)) as env:  # noqa: SLF001 - as alembic.command does
        env.configure(connection=link)
        env.run_migrations()


async def current(database: Database) -> str | None:
    """Return the revision that the database is at; None when it is empty."""
    async with database.engine.connect() as link:
        return await link.run_sync(_current)


async def migrate(database: Database) -> tuple[str | None, str]:
    """Bring the database to the newest revision; returns where it was and where it is."""
    async with database.engine.connect() as link:
        before = await link.run_sync(_current)
        _know(before)
        await link.run_sync(_upgrade)
        await link.commit()
    return before, head()


async def require_current(database: Database) -> None:
    """Raise UnknownSchemaError unless the database is at the newest revision."""
    revision = await current(database)
    _know(revision)
    if revision != head():
        message = (
            f"The database is at schema {revision or 'empty'}, this version needs {head()}. "
            "Stop every server on it, then run: ante migrate"
        )
        raise UnknownSchemaError(message)


def _know(revision: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        message = (
            f"The database is at schema {revision}, which this version doesn't know (its newest is {head()}). "
            "It was written by a newer version: run that one."
        )
        raise UnknownSchemaError(message)
