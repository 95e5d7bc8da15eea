"""Pages of federation's lists: newest first, with a cursor that belongs to its list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from antechamber.base.ids import Kind, OrganizationId, is_id
from antechamber.base.page import foreign_cursor, open_cursor, read_number, seal_cursor
from antechamber.features.federation.model.stamps import Stamp
from antechamber.features.federation.ports import Asked

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a caller asks of a list: how many, the cursor that an earlier page gave, and whether archived ones too."""

    limit: int = 20
    page: str | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Part(Generic[Item]):
    """A part of a list, and the cursor of what follows, None at the end."""

    items: tuple[Item, ...]
    next_page: str | None


class Book:
    """The list of one kind of things in one organisation, as a caller pages through it."""

    def __init__(self, kind: Kind, organization_id: OrganizationId, query: ListQuery, **narrowed: object) -> None:
        self._kind = kind
        self._query = query
        self._binding = {
            "list": kind, "organization_id": organization_id, "archived": query.archived, **narrowed
        }  # fmt: skip

    def asked(self) -> Asked:
        """Return what a store is asked; InvalidRequest for a cursor of no list, or of another."""
        page = self._query.page
        after = None if page is None else self._position(open_cursor(page, self._binding))
        return Asked(self._query.limit + 1, after, self._query.archived)

    def part(self, found: Sequence[Item], place: Callable[[Item], tuple[Stamp, str]]) -> Part[Item]:
        """Return the page; `found` may be one more than asked for, `place` says when an item was made, and its id."""
        shown = tuple(found[: self._query.limit])
        if len(found) <= self._query.limit:
            return Part(shown, None)
        created, key = place(shown[-1])
        return Part(shown, seal_cursor(f"{created.at} {key}", self._binding))

    def _position(self, text: str) -> tuple[int, str]:
        at, _, key = text.partition(" ")
        if not is_id(self._kind, key):
            raise foreign_cursor()
        return read_number(at), key
