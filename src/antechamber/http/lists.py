"""Lists on the wire: the id cursor's query names and its envelope (wire-admin.md 1.4)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
from fastapi import Depends, Query, Response
from pydantic import BaseModel

from antechamber.base.page import IdCursor, Page

Shown = TypeVar("Shown")
Kept = TypeVar("Kept")


class IdList(BaseModel, Generic[Shown]):
    """`{data, has_more, first_id, last_id}`; an empty page has null ids, at which SDKs stop."""

    data: list[Shown]
    has_more: bool
    first_id: str | None
    last_id: str | None


class PageList(BaseModel, Generic[Shown]):
    """`{data, next_page}`, null at the end."""

    data: list[Shown]
    next_page: str | None


async def _read_cursor(
    limit: Annotated[int, Query(ge=1, le=1000)] = 20, after_id: str | None = None, before_id: str | None = None
) -> IdCursor:
    return IdCursor(limit, after_id, before_id)


# a list's `limit`, `after_id`, `before_id`
Cursor = Annotated[IdCursor, Depends(_read_cursor)]


def list_fields(data: Sequence[Mapping[str, object]], has_more: bool) -> dict[str, object]:  # noqa: FBT001 - a field
    """Return the fields of an `IdList`."""
    return {
        "data": data,
        "has_more": has_more,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def answer(fields: Mapping[str, object]) -> Response:
    """Return an answer whose fields are those of its route's model already.

    A page can hold a thousand entries, and to make models of them and JSON of these takes longer than to find them.
    """
    return Response(msgspec.json.encode(fields), media_type="application/json")


def show_page(page: Page[Kept], show: Callable[[Kept], Shown], id_of: Callable[[Kept], str]) -> IdList[Shown]:
    """Return the envelope of a page."""
    items: Sequence[Kept] = page.items
    return IdList(
        data=[show(item) for item in items],
        has_more=page.has_more,
        first_id=id_of(items[0]) if items else None,
        last_id=id_of(items[-1]) if items else None,
    )
