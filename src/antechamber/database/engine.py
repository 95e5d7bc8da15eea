"""Connections to SQLite and PostgreSQL, and the transactions that features are handed as units."""

import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from antechamber.base.errors import Unavailable
from antechamber.base.unit import Unit
from antechamber.database.feed import raise_versions
from antechamber.database.sqlite import DRIVER, LATER, begin_late, write_late

_READ_OPTION: Final = "antechamber_read"
(_LATER,) = LATER
_BUSY_MILLISECONDS: Final = 10_000
# errors go to the log, and what was being written is not for it
_ENGINE: Final[dict[str, Any]] = {"pool_size": 10, "max_overflow": 0, "pool_timeout": 5, "hide_parameters": True}
# a host that vanished answers nothing, and would be waited for until TCP gives up, a quarter of an hour later
_STATEMENT_SECONDS: Final = 30.0


class SqlUnit:
    """A transaction on one connection, and the names of what it has changed that nodes keep in memory."""

    __slots__ = ("changed", "connection", "open")

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.changed: set[str] = set()
        self.open = True


def own(unit: Unit) -> SqlUnit:
    """Return a unit as what this toolkit made it; TypeError for another's."""
    if not isinstance(unit, SqlUnit):
        message = f"not a unit of this database: {type(unit).__name__}"
        raise TypeError(message)
    return unit


def connection(unit: Unit) -> AsyncConnection:
    """Return the connection inside a unit that this toolkit made."""
    return own(unit).connection


def database_url(text: str | None, data: Path) -> URL:
    """Return the address with its driver filled in; without one, the SQLite file in the data folder."""
    if not text:
        return URL.create("sqlite+aiosqlite", database=str(data / "antechamber.db"))
    url = make_url(text)
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
    return url.set(drivername=drivers.get(url.drivername, url.drivername))


class Database:
    """An engine, and where its transactions begin."""

    def __init__(self, url: URL, statement_seconds: float | None = _STATEMENT_SECONDS) -> None:
        """Open nothing yet; on PostgreSQL a statement may take `statement_seconds`, None for as long as it likes."""
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        if self.is_sqlite and url.database:
            # SQLite would make it readable for all; its companions take its mode. Who can't learns why on connecting.
            # One that exists is not touched: closing any descriptor of a file gives up this process's locks on it, and
            # another process that closes the database would then remove the log under ours (sqlite.org/howtocorrupt).
            with contextlib.suppress(OSError):
                os.close(os.open(url.database, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        self.engine = _open_engine(url, statement_seconds, is_sqlite=self.is_sqlite)
        self.driver_errors: tuple[type[Exception], ...] = () if self.is_sqlite else _driver_errors()
        self._outages: tuple[type[Exception], ...] = (DBAPIError, OSError, PoolTimeoutError, *self.driver_errors)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        """Begin a transaction that may write; Unavailable when the database can't be reached."""
        async with self._transaction(read=False) as unit:
            yield unit

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Unit]:
        """Begin a transaction that only reads, and never waits for a writer."""
        async with self._transaction(read=True) as unit:
            yield unit

    @asynccontextmanager
    async def _transaction(self, *, read: bool) -> AsyncIterator[SqlUnit]:
        is_begun = False
        try:
            async with self.engine.connect() as raw:
                link = await raw.execution_options(**{_READ_OPTION: read})
                async with link.begin():
                    is_begun = True
                    unit = SqlUnit(link)
                    try:
                        yield unit
                    finally:
                        unit.open = False
                    await raise_versions(link, unit.changed)
        except self._outages as error:
            # Whatever keeps a transaction from beginning is an outage; some of it comes as the driver's own, unwrapped.
            if is_begun and isinstance(error, DBAPIError) and not _is_outage(error):
                raise
            message = "The database is not reachable; try again shortly."
            raise Unavailable(message, note=repr(error), retry_after=1) from error

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _driver_errors() -> tuple[type[Exception], ...]:
    # a driver that is not used is not loaded
    import asyncpg  # noqa: PLC0415 - see above

    return (asyncpg.PostgresError, asyncpg.InterfaceError)


def _is_outage(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    text = str(error.orig).lower()
    signs = ("database is locked", "disk i/o", "unable to open", "disk is full", "connection", "shutting down",
             "readonly", "starting up", "too many clients")  # fmt: skip
    return any(sign in text for sign in signs)


def _compile_nothing(link: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
    # statements of ours take less time than it takes PostgreSQL to compile them: reports wait for half as long
    cursor = link.cursor()
    cursor.execute("SET jit = off")
    cursor.close()
    link.commit()


def _open_engine(url: URL, statement_seconds: float | None, *, is_sqlite: bool) -> AsyncEngine:
    if not is_sqlite:
        waits = {"timeout": 5, "command_timeout": statement_seconds}
        engine = create_async_engine(url, pool_pre_ping=True, connect_args=waits, **_ENGINE)
        event.listen(engine.sync_engine, "connect", _compile_nothing)
        return engine
    engine = create_async_engine(url, module=DRIVER, **_ENGINE)

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(link: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        link.isolation_level = None
        cursor = link.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "cache_size=-8000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "invalidate")
    def on_invalidate(link: Any, _record: object, _error: BaseException | None) -> None:  # noqa: ANN401 - as above
        # A caller that is cancelled leaves a statement half read, which keeps a closed connection's locks
        # (sqlite.org/c3ref/close.html); rolled back, it has none.
        link.rollback()

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def on_execute(_link: Any, cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:  # noqa: ANN401, FBT001 - as above
        if context is not None and _LATER in context.execution_options:
            write_late(cursor)

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(link: Connection) -> None:
        read = cast("bool", link.get_execution_options().get(_READ_OPTION, False))
        begin_late(link.connection.dbapi_connection, "BEGIN" if read else "BEGIN IMMEDIATE")

    return engine
