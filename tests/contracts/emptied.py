"""A PostgreSQL database for test after test: to empty it takes a tenth of what it takes to make another and drop it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.postgres import PrivatePostgres

# catalogues of what a test may have made otherwise; each change of a row of theirs shows in one of the two numbers
_CATALOGUES = ("pg_class", "pg_attribute", "pg_constraint", "pg_index", "pg_proc", "pg_trigger")
# a test may also say that the schema is another than it is
_SHAPE = "SELECT concat_ws(' ', (SELECT version_num FROM alembic_version), {})".format(  # noqa: S608 - names of ours
    ", ".join(f"(SELECT (count(*), max(xmin::text::bigint))::text FROM {name})" for name in _CATALOGUES)  # noqa: S608
)
# whoever a test has left behind may hold locks
_LEAVE = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# as a replica: no trigger keeps the log, no key keeps what it points to
_EMPTY = """
DO $$
DECLARE each text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', each);
    END LOOP;
END $$
"""


class EmptiedDatabase:
    """Made at first use, as the template is; made anew when a test has changed more than rows."""

    def __init__(self, postgres: PrivatePostgres, template: str) -> None:
        self._postgres = postgres
        self._template = template
        self._address: str | None = None
        self._shape = ""

    def take(self) -> str:
        """Return its address, to be given back before it is taken again."""
        if self._address is None:
            self._address = self._postgres.create(self._template)
            self._shape = asyncio.run(_shape(self._address))
        return self._address

    def give_back(self) -> None:
        """Empty it, or drop it."""
        assert self._address is not None
        if not asyncio.run(_empty(self._address, self._shape)):
            self._postgres.drop(self._address)
            self._address = None


async def _shape(address: str) -> str:
    async with _connected(address) as connection:
        return str(await connection.fetchval(_SHAPE))


async def _empty(address: str, shape: str) -> bool:
    """Remove every row, or nothing where the shape is another one."""
    async with _connected(address) as connection:
        await connection.fetch(_LEAVE)
        if str(await connection.fetchval(_SHAPE)) != shape:
            return False
        await connection.execute(_EMPTY)
        return True


@asynccontextmanager
async def _connected(address: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(address)
    try:
        yield connection
    finally:
        await connection.close()
