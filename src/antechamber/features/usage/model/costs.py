"""The cost report: what can be asked, and the lines of a day (wire-admin.md 3.2)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from antechamber.features.usage.model.prices import Component
from antechamber.features.usage.model.reports import Dimension, Width
from antechamber.features.usage.model.tables import Facet

_DATE: Final = re.compile(r"-(\d{8}|\d{4}-\d\d-\d\d|latest)$")
# 4-5 is version 4.5; four digits are a date or a size
_VERSION: Final = re.compile(r"(?<=\d)-(?=\d{1,2}(?:-|$))")


class CostGroup(StrEnum):
    """What costs are grouped by; all but the wire's `workspace_id` and `description` are extensions."""

    ACCOUNT_ID = "account_id"
    API_KEY_ID = "api_key_id"
    DESCRIPTION = "description"
    MODEL = "model"
    USER_ID = "user_id"
    WORKSPACE_ID = "workspace_id"


DESCRIBED: Final = (Dimension.MODEL, Dimension.CONTEXT_WINDOW, Dimension.INFERENCE_GEO, Dimension.SERVICE_TIER)
TOKEN_TYPES: Final[Mapping[Component, str]] = {
    Component.UNCACHED_INPUT: "uncached_input_tokens",
    Component.CACHE_WRITE_5M: "cache_creation.ephemeral_5m_input_tokens",
    Component.CACHE_WRITE_1H: "cache_creation.ephemeral_1h_input_tokens",
    Component.CACHE_READ: "cache_read_input_tokens",
    Component.OUTPUT: "output_tokens",
}
_WORDS: Final[Mapping[Component, str]] = {
    Component.UNCACHED_INPUT: "Input Tokens",
    Component.CACHE_WRITE_5M: "Input Tokens, Cache Write (5m)",
    Component.CACHE_WRITE_1H: "Input Tokens, Cache Write (1h)",
    Component.CACHE_READ: "Input Tokens, Cache Read",
    Component.OUTPUT: "Output Tokens",
}


class Described(NamedTuple):
    """What a line of a cost is for; a search has no model."""

    component: Component
    model: str
    context_window: str
    inference_geo: str
    service_tier: str


@dataclass(frozen=True, slots=True)
class CostQuery:
    """What the cost report is asked; instants in microseconds."""

    starting_at: int
    ending_at: int | None
    limit: int
    group_by: tuple[CostGroup, ...]
    page: str | None

    @property
    def by_person(self) -> bool:
        """Whether personal keys count as their owners."""
        return CostGroup.USER_ID in self.group_by

    @property
    def is_described(self) -> bool:
        """Whether each component of the costs is a line."""
        return CostGroup.DESCRIPTION in self.group_by

    def binding(self) -> dict[str, object]:
        """Return what a cursor is bound to."""
        return {"starting_at": self.starting_at, "ending_at": self.ending_at, "group_by": sorted(self.group_by)}

    def interval(self, now: int) -> tuple[int, int]:
        """Return the first day's start and the last one's end; a day counts only if it ends by `ending_at`."""
        start = Width.DAY.floor(self.starting_at)
        end = Width.DAY.floor(now) + Width.DAY.microseconds if self.ending_at is None else self.ending_at
        return start, max(start, Width.DAY.floor(end))


def facets_of(group_by: Sequence[CostGroup]) -> tuple[Facet, ...]:
    """Return what the store has to group by, beside persons."""
    found: dict[Facet, None] = {}
    for group in group_by:
        if group is CostGroup.DESCRIPTION:
            found |= dict.fromkeys(DESCRIBED)
        elif group is not CostGroup.USER_ID:
            found[Dimension(group.value)] = None
    return tuple(found)


def columns_of(group_by: Sequence[CostGroup]) -> tuple[Facet | CostGroup, ...]:
    """Return what the store's rows hold: persons first."""
    persons = (CostGroup.USER_ID,) if CostGroup.USER_ID in group_by else ()
    return (*persons, *facets_of(group_by))


@lru_cache(maxsize=4096)
def describe(what: Described) -> str:
    """Return a line's text, as "Claude Sonnet 4 Usage - Input Tokens"; what isn't the ordinary case is added."""
    if what.component is Component.WEB_SEARCH:
        return f"{display_name(what.model)} Web Search Usage"
    extras = [
        *(["Long Context"] if what.context_window == "200k-1M" else []),
        *([what.service_tier.replace("_", " ").title()] if what.service_tier != "standard" else []),
        *(["US"] if what.inference_geo == "us" else []),
    ]
    extra = f" ({', '.join(extras)})" if extras else ""
    return f"{display_name(what.model)} Usage - {_WORDS[what.component]}{extra}"


def display_name(model: str) -> str:
    """Return a model's name for people: claude-sonnet-4-5-20250929 is "Claude Sonnet 4.5"."""
    name = _VERSION.sub(".", _DATE.sub("", model))
    return " ".join(part.upper() if part == "gpt" else part[:1].upper() + part[1:] for part in name.split("-"))
