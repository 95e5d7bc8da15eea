"""What a report asks of the store, and the table that it gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

from antechamber.features.usage.model.prices import Component
from antechamber.features.usage.model.reports import Dimension, Width

COSTS: Final = tuple(f"cost_{component.value}" for component in Component)
# the sum of these, as a counter that stores have to add up
COST: Final = "cost"
TOKENS: Final = ("uncached_input", "cache_write_5m", "cache_write_1h", "cache_read", "output")
SHOWN: Final = (*TOKENS, "web_search_requests")


class Tag(StrEnum):
    """What a caller says of its requests: days of it are rolled up, hours and minutes are summed from the rows."""

    AGENT_ID = "agent_id"
    END_USER = "end_user"
    SESSION_ID = "session_id"
    TAG = "tag"
    USER_PROFILE_ID = "user_profile_id"


Facet: TypeAlias = Dimension | Tag


@dataclass(frozen=True, slots=True)
class Persons:
    """Some people, as the ledger knows them: by accounts of their tokens, and by the keys that are theirs."""

    accounts: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """The buckets of a width that start in [start, end), microseconds."""

    width: Width
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Question:
    """Sums of `counters` by group, and by bucket if `bucketed`; empty filters let everything through.

    With `persons` only what these people used counts. With `owners`, persons by their keys, groups are first by whose
    they are: the account of a token, the owner of a key, '' for nobody.
    Groups in which all of `unless_zero` are 0 are left out. `rank` are the counters by whose sum the groups are
    ordered, greatest first unless `ascending`, before their names; `by_time` puts the buckets before the rank, and
    `newest_first` turns them. `limit` and `offset` cut the ordered groups.
    """

    pieces: tuple[Piece, ...]
    group_by: tuple[Facet, ...]
    counters: tuple[str, ...]
    filters: Mapping[Facet, Sequence[str]] = field(default_factory=dict)
    bucketed: bool = True
    unless_zero: tuple[str, ...] = ()
    rank: tuple[str, ...] = ()
    ascending: bool = False
    by_time: bool = True
    newest_first: bool = False
    limit: int | None = None
    offset: int = 0
    persons: Persons | None = None
    owners: Mapping[str, str] | None = None

    @property
    def facets(self) -> frozenset[Facet]:
        """Everything that the question looks at."""
        is_personal = self.persons is not None or self.owners is not None
        people = (Dimension.ACCOUNT_ID, Dimension.API_KEY_ID) if is_personal else ()
        return frozenset((*self.group_by, *people)) | {name for name, values in self.filters.items() if values}

    @property
    def is_tagged(self) -> bool:
        """Whether it looks at what only tagged requests have."""
        return any(isinstance(facet, Tag) for facet in self.facets)

    @property
    def is_scan(self) -> bool:
        """Whether some piece of it is answered by the rows themselves."""
        return any(self.scans(piece) for piece in self.pieces)

    def scans(self, piece: Piece) -> bool:
        """Whether a piece is answered by the rows: roll-ups have no hours of tags, and no requests without any."""
        for_none = any("" in values for facet, values in self.filters.items() if isinstance(facet, Tag))
        return self.is_tagged and (piece.width is not Width.DAY or for_none)


@dataclass(frozen=True, slots=True)
class Line:
    """How a group is shown: `texts` around the names of `values`, one more than these.

    Of a dimension it shows a JSON text, null for '' and for the default workspace; of a counter the sum.
    """

    texts: tuple[str, ...]
    values: tuple[str, ...]


# (bucket or 0, 1 in the default workspace else 0, the person if there are `owners`, the group's values with '' for
# null, the counters)
SumRow: TypeAlias = Sequence[Any]


def pieces(start: int, end: int) -> tuple[Piece, ...]:
    """Cut whole hours into whole days where there are some, and hours around them."""
    first, last = Width.DAY.floor(start + Width.DAY.microseconds - 1), Width.DAY.floor(end)
    if first >= last:
        return (Piece(Width.HOUR, start, end),)
    parts = (Piece(Width.HOUR, start, first), Piece(Width.DAY, first, last), Piece(Width.HOUR, last, end))
    return tuple(part for part in parts if part.start < part.end)
