"""The analytics pair: what can be asked, who acts, and lines of the answer (wire-admin.md 3.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from antechamber.base.clock import MICROSECONDS, from_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.features.usage.model.reports import Dimension, Width
from antechamber.features.usage.model.tables import COSTS, TOKENS, Facet, Tag

_DAY_US: Final = 86_400 * MICROSECONDS
_OLDEST_DAYS: Final = 365
_LONGEST_DAYS: Final = 31
_BEGINNING: Final = "2026-01-01T00:00:00Z"
_MOST_GROUPS: Final = 5


class ActorType(StrEnum):
    """Kinds of identity that usage is attributed to; this server has no federated ones."""

    API = "api_actor"
    FEDERATED = "federated_actor"
    SERVICE_ACCOUNT = "service_account_actor"
    USER = "user_actor"


class Grouping(StrEnum):
    """What the pair groups and filters by; `end_user` and `tag` are extensions, `cost_type`, `token_type` for costs."""

    ACCOUNT_ID = "account_id"
    ACTOR = "actor"
    ACTOR_TYPE = "actor_type"
    AGENT_ID = "agent_id"
    API_KEY_ID = "api_key_id"
    CLAUDE_TAG_CATEGORY = "claude_tag_category"
    CLAUDE_TAG_USER_ID = "claude_tag_user_id"
    CONTEXT_WINDOW = "context_window"
    COST_TYPE = "cost_type"
    DEPLOYMENT_ID = "deployment_id"
    END_USER = "end_user"
    ENVIRONMENT_ID = "environment_id"
    INFERENCE_GEO = "inference_geo"
    MODEL = "model"
    ORGANIZATION_ID = "organization_id"
    PRODUCT = "product"
    RBAC_GROUP_ID = "rbac_group_id"
    SERVICE_TIER = "service_tier"
    SESSION_ID = "session_id"
    SLACK_CHANNEL_ID = "slack_channel_id"
    SPEED = "speed"
    TAG = "tag"
    TOKEN_TYPE = "token_type"  # noqa: S105 - a name, not a secret
    USER_PROFILE_ID = "user_profile_id"
    WORKSPACE_ID = "workspace_id"


FACETS: Final[Mapping[Grouping, Facet]] = {
    **{Grouping(each.value): each for each in Dimension if each is not Dimension.SERVICE_ACCOUNT_ID},
    **{Grouping(each.value): each for each in Tag},
}
IDENTITY: Final = (Dimension.ACCOUNT_ID, Dimension.SERVICE_ACCOUNT_ID, Dimension.API_KEY_ID)
FAN_OUT: Final = frozenset({Grouping.COST_TYPE, Grouping.TOKEN_TYPE})


METRICS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "usage": {
        "total_tokens": TOKENS,
        "output_tokens": ("output",),
        "requests": ("requests",),
        "uncached_input_tokens": ("uncached_input",),
        "time": TOKENS,
    },
    "cost": {"amount": COSTS, "list_amount": COSTS, "time": COSTS},
}


class Person(NamedTuple):
    """Someone whom usage is attributed to; `deleted` when they are no longer a member."""

    name: str | None
    email: str | None
    deleted: bool


class Identity(NamedTuple):
    """Whom usage is attributed to: a person, else a service account, else a key; the id is that of the three."""

    type: ActorType
    id: str


def identify(account_id: str, service_account_id: str, api_key_id: str, owners: Mapping[str, str]) -> Identity | None:
    """Return whom usage is attributed to; a personal key's is its owner's. None when nobody is known."""
    person = account_id or owners.get(api_key_id)
    if person:
        return Identity(ActorType.USER, person)
    if service_account_id:
        return Identity(ActorType.SERVICE_ACCOUNT, service_account_id)
    return Identity(ActorType.API, api_key_id) if api_key_id else None


@dataclass(frozen=True, slots=True)
class AnalyticsQuery:
    """What is asked, instants in microseconds; `order_by` is one of the METRICS of its report.

    With `bucketed` rows come by bucket, and `limit` counts buckets.
    """

    report: str
    starting_at: int
    ending_at: int | None
    width: Width | None
    group_by: tuple[Grouping, ...]
    filters: Mapping[Grouping, tuple[str, ...]]
    order_by: str
    ascending: bool
    limit: int
    page: str | None
    exclude_deleted_users: bool
    bucketed: bool = False

    @property
    def by_time(self) -> bool:
        """Whether buckets come before the metric in the order."""
        return self.order_by == "time" and self.width is not None


@dataclass(frozen=True, slots=True)
class AnalyticsLine:
    """One group in [starting_at, ending_at): its values by name, and the sums of the report's counters."""

    starting_at: int
    ending_at: int
    group: Mapping[Grouping, str | Identity | None]
    counters: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AnalyticsPage:
    """Lines in the query's order, the people among them, and whether the rows themselves had to be read."""

    lines: tuple[AnalyticsLine, ...]
    people: Mapping[str, Person]
    next_page: str | None
    refreshed_at: int
    is_scan: bool


@dataclass(frozen=True, slots=True)
class AnalyticsBuckets:
    """Buckets (start, end, lines with the greatest first), oldest first, and the cursor of the next page."""

    buckets: tuple[tuple[int, int, tuple[AnalyticsLine, ...]], ...]
    next_page: str | None
    refreshed_at: int


def span(query: AnalyticsQuery, now: int, end: int | None = None) -> tuple[int, int]:
    """Return the start and the end that are looked at, on the edges of buckets, or of hours without a width.

    `end` is where an open range was cut when its first page was asked for. InvalidRequest names what is out of bounds.
    """
    start = query.starting_at
    earliest = max(now - _OLDEST_DAYS * _DAY_US, from_rfc3339(_BEGINNING))
    # a day's grace: who asks for 365 days back means the bucket
    if start < earliest - _DAY_US or start < from_rfc3339(_BEGINNING):
        message = f"starting_at: must be within the last {_OLDEST_DAYS} days and not before {_BEGINNING}"
        raise InvalidRequest(message)
    stop = query.ending_at if query.ending_at is not None else end or min(now, start + _LONGEST_DAYS * _DAY_US)
    if query.ending_at is not None and stop <= start:
        message = "ending_at: must be after starting_at"
        raise InvalidRequest(message)
    is_short = query.width is Width.MINUTE and not query.bucketed
    longest, words = (_DAY_US, "24 hours") if is_short else (_LONGEST_DAYS * _DAY_US, "31 days")
    if stop - start > longest:
        message = f"ending_at: the range may span at most {words}"
        raise InvalidRequest(message)
    if query.width is None:
        # whole hours (SDK: beta_analytics_usage_item.py); the present one would be missed without its end
        last = Width.HOUR.floor(stop) if query.ending_at is not None else _ceil(Width.HOUR, stop)
        return Width.HOUR.floor(start), max(last, Width.HOUR.floor(start))
    return query.width.floor(start), _ceil(query.width, stop)


def _ceil(width: Width, instant: int) -> int:
    return width.floor(instant + width.microseconds - 1)


def check_groups(group_by: tuple[Grouping, ...]) -> None:
    """Raise InvalidRequest when there are more than five groups, the cost's own two not counted."""
    if len(set(group_by) - FAN_OUT) > _MOST_GROUPS:
        message = f"group_by: at most {_MOST_GROUPS} dimensions, not counting cost_type and token_type"
        raise InvalidRequest(message)


def rank_key(counters: tuple[int, ...], places: tuple[int, ...]) -> int:
    """Return what a line is ordered by."""
    return sum(map(counters.__getitem__, places))
