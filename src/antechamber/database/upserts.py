"""Inserts that know what to do about a row that is there: ON CONFLICT, in the database's own dialect."""

from typing import TYPE_CHECKING, cast

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


def insert_into(table: Table, link: "AsyncConnection") -> sqlite.Insert:
    """Return an insert with `on_conflict_do_nothing` and `on_conflict_do_update`, which both databases have alike."""
    if link.dialect.name == "sqlite":
        return sqlite.insert(table)
    # what is not used is not loaded: its dialect brings drivers along
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - see above

    return cast("sqlite.Insert", postgresql.insert(table))
