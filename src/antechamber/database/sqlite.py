"""SQLite's driver, with one visit to the connection's thread for each statement.

aiosqlite and SQLAlchemy's adapter visit it four times: to open a cursor, to execute, to fetch, to close. Each visit
costs both threads more than the statement itself does. Here one function does all four there, a transaction begins in
the visit of its first statement, and one that has ended is not ended again when its connection goes back.
"""
# ruff: noqa: ANN401, SLF001 - the adapter's own types and parts: SQLAlchemy has no other way to change its cursor

import sqlite3
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import aiosqlite
from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_connection
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that is open only while the thread works on its statement."""

    __slots__ = ("_described", "_last", "_touched", "arraysize")

    def __init__(self, adapt_connection: AsyncAdapt_dbapi_connection) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._rows: deque[Any] = deque()
        self._described: Any = None
        self._touched = -1
        self._last: int | None = None
        self.arraysize = 1

    @property
    def description(self) -> Any:
        return self._described

    @property
    def rowcount(self) -> int:
        return self._touched

    @property
    def lastrowid(self) -> Any:
        return self._last

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        return

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        await self._visit(operation, () if parameters is None else parameters, many=False)
        return self

    async def _executemany_async(self, operation: Any, seq_of_parameters: Sequence[Any]) -> Any:
        await self._visit(operation, seq_of_parameters, many=True)
        return self

    async def _visit(self, operation: str, parameters: Any, *, many: bool) -> None:
        connection: Any = self._connection
        inner: sqlite3.Connection = connection._conn
        link = self._adapt_connection

        def work() -> tuple[Any, int, int | None, list[Any]]:
            cursor = inner.cursor()
            try:
                if opening:
                    cursor.execute(opening)
                if many:
                    cursor.executemany(operation, parameters)
                else:
                    cursor.execute(operation, parameters)
                rows = cursor.fetchall() if cursor.description else []
                return cursor.description, cursor.rowcount, cursor.lastrowid, rows
            finally:
                cursor.close()

        async with link._execute_mutex:
            opening = link.take_opening() if isinstance(link, _Connection) else None
            self._described, self._touched, self._last, rows = await connection._execute(work)
            self._rows = deque(rows)


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ("opening",)

    _cursor_cls = _Cursor
    opening: str | None

    def take_opening(self) -> str | None:
        opening: str | None = getattr(self, "opening", None)
        self.opening = None
        return opening

    def commit(self) -> None:
        if self.take_opening() is None:
            super().commit()

    def rollback(self) -> None:
        if self.take_opening() is None and self._connection.in_transaction:
            super().rollback()


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    """The driver as SQLAlchemy asks for it."""

    def connect(self, *arg: Any, **kw: Any) -> _Connection:
        return _Connection(self, super().connect(*arg, **kw)._connection)


def begin_late(connection: Any, statement: str) -> None:
    """Begin a transaction on a connection of this driver when it comes to its first statement."""
    link: _Connection = connection
    link.opening = statement


def has_begun(connection: Any) -> bool:
    """Say whether a transaction of this driver's connection has come to its first statement."""
    return getattr(connection, "opening", None) is None


DRIVER: Final = _Driver(aiosqlite, sqlite3)
