"""Which schema the database is at: asked at every start, and cheaper than loading the migrations' tool."""

from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from antechamber.base.errors import WireError
from antechamber.database.engine import Database, connection

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_TABLE_MISSING: Final = ("no such table", 'relation "alembic_version" does not exist', "undefinedtable")


class UnknownSchemaError(Exception):
    """The database holds a schema that this version can't use; the message says what to do."""


def revisions() -> list[str]:
    """Return every revision that this version knows, oldest first: the numbers that its files begin with."""
    return sorted(path.name.partition("_")[0] for path in MIGRATIONS.glob("[0-9]*.py"))


def head() -> str:
    """Return the newest revision that this version knows."""
    return revisions()[-1]


async def current(database: Database) -> str | None:
    """Return the revision that the database is at; None when it is empty."""
    try:
        async with database.read() as unit:
            rows = await connection(unit).execute(text("SELECT version_num FROM alembic_version"))
            revision: str | None = rows.scalar_one_or_none()
            return revision
    except (DBAPIError, WireError) as error:
        if any(sign in f"{error} {getattr(error, 'note', '')}".lower() for sign in _TABLE_MISSING):
            return None
        raise


async def require_current(database: Database) -> None:
    """Raise UnknownSchemaError unless the database is at the newest revision."""
    revision = await current(database)
    require_known(revision)
    if revision != head():
        message = (
            f"The database is at schema {revision or 'empty'}, this version needs {head()}. "
            "Stop every server on it, then run: ante migrate"
        )
        raise UnknownSchemaError(message)


def require_known(revision: str | None) -> None:
    """Raise UnknownSchemaError for a revision of a newer version."""
    if revision is not None and revision not in revisions():
        message = (
            f"The database is at schema {revision}, which this version doesn't know (its newest is {head()}). "
            "It was written by a newer version: run that one."
        )
        raise UnknownSchemaError(message)
