"""Lists: cursors that are bound to the query they came from."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import Kind, is_id

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


@dataclass(frozen=True, slots=True)
class PageQuery:
    """What a caller asks of a `page_…` list: at most `limit` items from where an earlier answer's cursor points."""

    limit: int = 20
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a store is asked: at most `limit` items beyond (time, id), from the newest or from the oldest on."""

    limit: int
    after: tuple[int, str] | None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Part(Generic[Item]):
    """A part of a list, and the cursor of what follows, None at the end."""

    items: tuple[Item, ...]
    next_page: str | None


class Paging:
    """One list of things with ids of `kind`, as a caller pages through it; `bound` is what a cursor belongs to."""

    def __init__(self, kind: Kind, query: PageQuery, *, ascending: bool = False, **bound: object) -> None:
        self._kind = kind
        self._query = query
        self._ascending = ascending
        self._bound = {"list": str(kind), "ascending": ascending, **bound}

    def asked(self) -> Asked:
        """Return what to ask of a store, one item more than the page has; InvalidRequest for another list's cursor."""
        page = self._query.page
        after = None if page is None else self._position(open_cursor(page, self._bound))
        return Asked(self._query.limit + 1, after, self._ascending)

    def part(self, found: Sequence[Item], place: Callable[[Item], tuple[int, str]]) -> Part[Item]:
        """Return the page of what a store gave; `place` says an item's time and id."""
        shown = tuple(found[: self._query.limit])
        if len(found) <= self._query.limit:
            return Part(shown, None)
        at, key = place(shown[-1])
        return Part(shown, seal_cursor(f"{at} {key}", self._bound))

    def _position(self, text: str) -> tuple[int, str]:
        at, _, key = text.partition(" ")
        if not is_id(self._kind, key):
            raise foreign_cursor()
        return read_number(at), key
