"""Lists by the time and the id of their rows: with id cursors, newest first, and with page cursors, either way."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Row, Select, and_, or_
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.errors import InvalidRequest
from antechamber.base.page import Asked, IdCursor
from antechamber.base.unit import Unit
from antechamber.database.engine import connection


async def list_rows(
    unit: Unit,
    query: Select[Any],
    tenant: ColumnElement[bool],
    order: tuple[Column[Any], Column[Any]],
    cursor: IdCursor,
) -> tuple[Sequence[Row[Any]], bool]:
    """Return the rows of `query` that a cursor asks for, newest first, and whether there are more that way.

    `order` is (time, id); `tenant` limits where the row that the cursor names is looked for, which need not be among
    those that `query` lets through (a client may delete what it has just been shown). InvalidRequest for a row that
    is nowhere.
    """
    at, key = order
    named = cursor.after_id or cursor.before_id
    older = cursor.before_id is None
    if named is not None:
        lookup = at.table.select().with_only_columns(at).where(tenant, key == named)
        # PostgreSQL has no text with a NUL in it, and so no id
        found = None if "\x00" in named else (await connection(unit).execute(lookup)).first()
        if found is None:
            message = f"{'after_id' if older else 'before_id'}: there is no {named}"
            raise InvalidRequest(message)
        position = found[0]
        if older:
            query = query.where(or_(at < position, and_(at == position, key < named)))
        else:
            query = query.where(or_(at > position, and_(at == position, key > named)))
    ordered = query.order_by(at.desc(), key.desc()) if older else query.order_by(at.asc(), key.asc())
    rows = (await connection(unit).execute(ordered.limit(cursor.limit + 1))).all()
    has_more = len(rows) > cursor.limit
    rows = rows[: cursor.limit]
    return (rows if older else rows[::-1]), has_more


def page_of(query: Select[Any], order: tuple[Column[Any], Column[Any]], asked: Asked) -> Select[Any]:
    """Return `query` cut to what is asked; `order` is (time, id)."""
    at, key = order
    if asked.after is not None:
        time, last = asked.after
        beyond = at > time if asked.ascending else at < time
        same = key > last if asked.ascending else key < last
        query = query.where(or_(beyond, and_(at == time, same)))
    ways = (at.asc(), key.asc()) if asked.ascending else (at.desc(), key.desc())
    return query.order_by(*ways).limit(asked.limit)
