"""SQLite's driver, with one visit to the connection's thread for each statement.

aiosqlite and SQLAlchemy's adapter visit it four times: to open a cursor, to execute, to fetch, to close. Each visit
costs both threads more than the statement itself does. Here one function does all four there, a transaction begins in
the visit of its first statement, writes that nothing asks about wait for the next visit (LATER), and what has ended is
not ended again when its connection goes back.
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
from sqlalchemy.util import await_only

LATER: Final = {"antechamber_later": True}
"""Execution options of a write that cannot fail on what is stored, and whose count of rows nobody reads."""


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that is open only while the thread works on its statement."""

    __slots__ = ("_described", "_last", "_touched", "arraysize", "later")

    def __init__(self, adapt_connection: AsyncAdapt_dbapi_connection) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._rows: deque[Any] = deque()
        self._described: Any = None
        self._touched = -1
        self._last: int | None = None
        self.arraysize = 1
        self.later = False

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
        link: Any = self._adapt_connection
        if self.later and not many:
            link.late.append((operation, parameters))
            return
        inner: sqlite3.Connection = self._connection._conn

        def work() -> tuple[Any, int, int | None, list[Any]]:
            cursor = inner.cursor()
            try:
                for first in late:
                    cursor.execute(*first)
                if many:
                    cursor.executemany(operation, parameters)
                else:
                    cursor.execute(operation, parameters)
                rows = cursor.fetchall() if cursor.description else []
                return cursor.description, cursor.rowcount, cursor.lastrowid, rows
            finally:
                cursor.close()

        async with link._execute_mutex:
            late = link.take_late()
            self._described, self._touched, self._last, rows = await self._connection._execute(work)
            self._rows = deque(rows)


class _Connection(AsyncAdapt_aiosqlite_connection):
    """A connection with what is to be done in its next visit: first of all to begin, if a transaction has to."""

    __slots__ = ("has_begun", "late")

    _cursor_cls = _Cursor
    has_begun: bool
    late: list[tuple[str, Any]]

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.has_begun, self.late = True, []

    def begin(self, statement: str) -> None:
        self.has_begun, self.late = False, [(statement, ())]

    def take_late(self) -> list[tuple[str, Any]]:
        late, self.late, self.has_begun = self.late, [], True
        return late

    def commit(self) -> None:
        is_empty = not self.has_begun and len(self.late) == 1
        late = self.take_late()
        if is_empty:
            return
        if not late:
            super().commit()
            return
        inner: sqlite3.Connection = self._connection._conn

        def work() -> None:
            for one in late:
                inner.execute(*one).close()
            inner.commit()

        try:
            await_only(self._connection._execute(work))
        except Exception as error:  # noqa: BLE001 - SQLAlchemy's own translation, which raises
            self._handle_exception(error)

    def rollback(self) -> None:
        self.take_late()
        if self._connection.in_transaction:
            super().rollback()


class _Driver(AsyncAdapt_aiosqlite_dbapi):
    """The driver as SQLAlchemy asks for it."""

    def connect(self, *arg: Any, **kw: Any) -> _Connection:
        return _Connection(self, super().connect(*arg, **kw)._connection)


def begin_late(connection: Any, statement: str) -> None:
    """Begin a transaction on a connection of this driver when it comes to its first statement."""
    link: _Connection = connection
    link.begin(statement)


def has_begun(connection: Any) -> bool:
    """Say whether a transaction of this driver's connection has come to its first statement."""
    link: _Connection = connection
    return link.has_begun


def write_late(cursor: Any) -> None:
    """Let the cursor's statement be done in the next visit, or in that of the commit; it then touches -1 rows."""
    own: _Cursor = cursor
    own.later = True


DRIVER: Final = _Driver(aiosqlite, sqlite3)
