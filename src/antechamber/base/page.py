"""Lists: cursors that are bound to the query they came from."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from antechamber.base.errors import InvalidRequest

Item = TypeVar("Item")

_PREFIX: Final = "page_"
_MARK_LENGTH: Final = 12
# every number of so many digits fits a signed 64-bit column
_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class IdCursor:
    """What an id-cursor list was asked: at most `limit` items after one id or before another."""

    limit: int = 20
    after_id: str | None = None
    before_id: str | None = None

    def __post_init__(self) -> None:
        if self.after_id is not None and self.before_id is not None:
            message = "after_id, before_id: only one of the two may be given"
            raise InvalidRequest(message)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list, newest first; `has_more` in the direction that was asked for."""

    items: tuple[Item, ...]
    has_more: bool


def foreign_cursor() -> InvalidRequest:
    """Return the refusal of a cursor whose position this server never gave."""
    message = "page: not a cursor that this server gave"
    return InvalidRequest(message)


def read_number(text: str) -> int:
    """Return a number in a cursor's position, such as microseconds; InvalidRequest unless a database could hold it."""
    if not text.isascii() or not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise foreign_cursor()
    return int(text)


def _mark(query: Mapping[str, object]) -> str:
    text = json.dumps(query, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_LENGTH]


def seal_cursor(position: str, query: Mapping[str, object]) -> str:
    """Make the opaque `page_…` cursor for a position in the answer to a query."""
    text = f"{_mark(query)}{position}"
    return _PREFIX + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def open_cursor(cursor: str, query: Mapping[str, object]) -> str:
    """Return the position in a cursor; InvalidRequest if it isn't one or belongs to another query.

    The mark is a digest, not a signature: the position is to be read as a stranger's.
    """
    body = cursor.removeprefix(_PREFIX)
    try:
        text = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        text = ""
    if not cursor.startswith(_PREFIX) or len(text) < _MARK_LENGTH:
        raise foreign_cursor()
    if text[:_MARK_LENGTH] != _mark(query):
        message = "page: cursor does not match current query parameters"
        raise InvalidRequest(message)
    return text[_MARK_LENGTH:]
