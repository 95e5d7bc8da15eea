"""Migrations: forward-only, numbered, run by `ante migrate` or on an empty database at first start."""

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from antechamber.database.engine import Database
from antechamber.database.schema import MIGRATIONS, current, head, require_known


def _upgrade(link: Connection) -> None:
    scripts = ScriptDirectory(str(MIGRATIONS.parent), version_locations=[str(MIGRATIONS)])
    with EnvironmentContext(Config(), scripts, fn=lambda revision, _: scripts._upgrade_revs("head", revision)) as env:  # noqa: SLF001 - as alembic.command does
        env.configure(connection=link)
        env.run_migrations()


async def migrate(database: Database) -> tuple[str | None, str]:
    """Bring the database to the newest revision; returns where it was and where it is."""
    before = await current(database)
    require_known(before)
    # what a large table needs takes as long as it takes
    patient = Database(database.url, statement_seconds=None)
    try:
        async with patient.engine.connect() as link:
            await link.run_sync(_upgrade)
            await link.commit()
    finally:
        await patient.close()
    return before, head()
