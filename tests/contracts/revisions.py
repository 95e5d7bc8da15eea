"""A database as an earlier version of the server left it."""

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from antechamber.database.schema import MIGRATIONS


def upgrade_to(link: Connection, revision: str) -> None:
    """Bring an empty database to a revision that is not the newest."""
    scripts = ScriptDirectory(str(MIGRATIONS.parent), version_locations=[str(MIGRATIONS)])
    with EnvironmentContext(Config(), scripts, fn=lambda at, _: scripts._upgrade_revs(revision, at)) as environment:
        environment.configure(connection=link)
        environment.run_migrations()
