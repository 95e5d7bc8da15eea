"""What the ledger holds: tokens, intents, outcomes, and the pure rules about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.errors import InvalidRequest

# beyond this a number from an upstream is nonsense, and no database or JSON client would carry it exactly
LARGEST: Final = 2**53 - 1
LONGEST: Final = 256
_CONTEXT_BORDER: Final = 200_000


@dataclass(slots=True)
class TokenUsage:
    """What one request has used so far: four token buckets (cache writes by lifetime) and server tools' calls."""

    uncached_input: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    web_search_requests: int = 0
    web_fetch_requests: int = 0
    code_execution_requests: int = 0

    @property
    def total_input(self) -> int:
        """Every token that the model read, from the cache or not."""
        return self.uncached_input + self.cache_write_5m + self.cache_write_1h + self.cache_read


class Ending(StrEnum):
    """How a request's stream ended."""

    COMPLETE = "complete"
    CALLER_LEFT = "caller_left"
    UPSTREAM_ERROR = "upstream_error"
    UPSTREAM_RESET = "upstream_reset"
    UPSTREAM_TRUNCATED = "upstream_truncated"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_REFUSED = "upstream_refused"
    LOST = "lost"
    REFUSED = "refused"


class Endpoint(StrEnum):
    """The model endpoint that was asked."""

    MESSAGES = "messages"
    COMPLETE = "complete"
    CHAT_COMPLETIONS = "chat_completions"


@dataclass(frozen=True, slots=True)
class Intent:
    """A request that is about to be dispatched.

    `started_at` in microseconds; `estimated_input` in tokens. The tags at the end are what the caller said of itself.
    New fields go to the end, with a default: spools of older versions are still read.
    """

    request_id: str
    started_at: int
    organization_id: str
    workspace_id: str
    default_workspace: bool
    key_id: str | None
    user_id: str | None
    service_account_id: str | None
    endpoint: str
    model_asked: str
    model_served: str
    provider: str
    estimated_input: int
    session_id: str | None = None
    agent_id: str | None = None
    parent_agent_id: str | None = None
    end_user: str | None = None
    user_profile_id: str | None = None

    @property
    def account_id(self) -> str | None:
        """The person whom reports name: only of traffic with a token, never of a key (wire-admin.md 3.1)."""
        return self.user_id if self.key_id is None else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended; durations in microseconds, `status` as the caller saw it.

    `estimated` marks a cut request: what was delivered <= these numbers <= what the upstream produced.
    New fields go to the end, with a default: spools of older versions are still read.
    """

    usage: TokenUsage
    status: int
    service_tier: str
    inference_geo: str
    speed: str
    context_window: str
    stop_reason: str | None
    duration_us: int
    first_token_us: int | None
    ended: Ending
    estimated: bool


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One row of the ledger: an intent and its outcome."""

    intent: Intent
    outcome: Outcome


def context_window(total_input: int) -> str:
    """Return the context window that a request falls into, by every token that the model read."""
    return "0-200k" if total_input <= _CONTEXT_BORDER else "200k-1M"


def lost(intent: Intent, seen: TokenUsage | None) -> Outcome:
    """Return the outcome of an intent that nobody settled: what its progress shows, else the estimate of its input."""
    usage = seen if seen is not None else TokenUsage(uncached_input=intent.estimated_input)
    return Outcome(
        usage=usage,
        status=0,
        service_tier="standard",
        inference_geo="not_available",
        speed="standard",
        context_window=context_window(usage.total_input),
        stop_reason=None,
        duration_us=0,
        first_token_us=None,
        ended=Ending.LOST,
        estimated=True,
    )


def clean_text(text: str) -> str:
    """Return what a caller or an upstream said, cut to 256 characters and without what databases refuse in text."""
    if len(text) <= LONGEST and text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:LONGEST]
    )


def clean_number(number: int) -> int:
    """Return a count between 0 and 2**53 - 1."""
    return min(max(int(number), 0), LARGEST)


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
class UsageSum:
    """The sums of one group of requests in the bucket that starts at `bucket`; `group` has only what was asked for."""

    bucket: int
    group: Mapping[Dimension, str | None]
    usage: TokenUsage
    requests: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """An interval of a report, [starting_at, ending_at) in microseconds, with its groups in a stable order."""

    starting_at: int
    ending_at: int
    results: tuple[UsageSum, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A page of buckets, oldest first, and the cursor of the next page."""

    buckets: tuple[Bucket, ...]
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
