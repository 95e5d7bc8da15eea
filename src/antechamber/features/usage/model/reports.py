"""Reports: what can be asked of them, and the pure rules about their buckets."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.errors import InvalidRequest


class Dimension(StrEnum):
    """What a report can be grouped and filtered by, in alphabetical order."""

    ACCOUNT_ID = "account_id"
    API_KEY_ID = "api_key_id"
    CONTEXT_WINDOW = "context_window"
    INFERENCE_GEO = "inference_geo"
    MODEL = "model"
    SERVICE_ACCOUNT_ID = "service_account_id"
    SERVICE_TIER = "service_tier"
    SPEED = "speed"
    WORKSPACE_ID = "workspace_id"


# the values that a dimension can have on the wire (wire-admin.md 3.1); those without an entry are open
ALLOWED: Final[dict[Dimension, tuple[str, ...]]] = {
    Dimension.SERVICE_TIER: ("batch", "flex", "flex_discount", "priority", "priority_on_demand", "standard"),
    Dimension.CONTEXT_WINDOW: ("0-200k", "200k-1M"),
    Dimension.INFERENCE_GEO: ("global", "us", "not_available"),
    Dimension.SPEED: ("fast", "standard"),
}


class Width(StrEnum):
    """The width of a report's buckets."""

    DAY = "1d"
    HOUR = "1h"
    MINUTE = "1m"

    @property
    def microseconds(self) -> int:
        """How long a bucket is."""
        return _WIDTHS[self][0]

    @property
    def default_limit(self) -> int:
        """How many buckets a page has when nobody says."""
        return _WIDTHS[self][1]

    @property
    def max_limit(self) -> int:
        """How many buckets a page may have."""
        return _WIDTHS[self][2]

    def floor(self, instant: int) -> int:
        """Return the start of the bucket that holds an instant; buckets are cut in UTC."""
        return instant - instant % self.microseconds


_WIDTHS: Final = {
    Width.DAY: (86_400_000_000, 7, 31),
    Width.HOUR: (3_600_000_000, 24, 168),
    Width.MINUTE: (60_000_000, 60, 1440),
}


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """What a report is asked: instants in microseconds; an empty filter lets everything through."""

    starting_at: int
    ending_at: int | None
    width: Width
    limit: int
    group_by: tuple[Dimension, ...]
    filters: Mapping[Dimension, tuple[str, ...]]
    page: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What requests of one key in one workspace, or of one account's tokens there, have cost; nano-USD."""

    workspace_id: str
    api_key_id: str | None
    account_id: str | None
    cost: int


@dataclass(frozen=True, slots=True)
class Printed:
    """An interval of a report, [starting_at, ending_at) in microseconds, with its groups as they are shown.

    `lines` is JSON in UTF-8, with commas between the groups.
    """

    starting_at: int
    ending_at: int
    lines: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """A page of buckets, oldest first, and the cursor of the next page."""

    buckets: tuple[Printed, ...]
    next_page: str | None


def interval(query: ReportQuery, now: int) -> tuple[int, int]:
    """Return the first bucket's start and the last one's end.

    A bucket counts only if it ends by `ending_at`; without one the bucket that holds `now` is the last.
    """
    start = query.width.floor(query.starting_at)
    if query.ending_at is None:
        end = query.width.floor(now) + query.width.microseconds
    else:
        end = query.width.floor(query.ending_at)
    return start, max(start, end)


# a page of minutes spans a day; a week of them answers every question about "just now"
KEPT_SECONDS: Final[Mapping[Width, int]] = {Width.MINUTE: 8 * 86_400}


def check_kept(width: Width, start: int, now: int) -> None:
    """Raise InvalidRequest when buckets of that width are no longer kept from `start` on: none would look like zero."""
    seconds = KEPT_SECONDS.get(width)
    if seconds is not None and start < width.floor(now - seconds * 1_000_000):
        days = seconds // 86_400
        message = f"starting_at: buckets of {width} are kept for {days} days; start later, or ask for 1h or 1d"
        raise InvalidRequest(message)
