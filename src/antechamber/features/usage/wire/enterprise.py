"""The four usage and cost reports of Claude Enterprise on the wire (SDK: types/beta/organization/analytics)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from pydantic import BaseModel

from antechamber.base.clock import to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.features.usage.model import ALLOWED, Dimension, Width
from antechamber.features.usage.model.analytics import (
    FAN_OUT,
    METRICS,
    ActorType,
    AnalyticsBuckets,
    AnalyticsLine,
    AnalyticsPage,
    AnalyticsQuery,
    Grouping,
    Person,
)
from antechamber.features.usage.wire.analytics import (
    CacheCreation,
    ServerToolUse,
    check_ended,
    is_deleted,
    parts_of,
    refreshed,
    shown_cost,
    shown_usage,
    shown_value,
)
from antechamber.features.usage.wire.encoding import envelope, show_buckets
from antechamber.http.fields import check_choice, choose, choose_all, read_instant

_ROWS: Final = 20
_MOST_ROWS: Final = 1000
_MOST_MINUTES: Final = 256
_ORDERS: Final = ("asc", "desc")
_PEOPLE: Final = {Grouping.ACTOR_TYPE: (ActorType.USER.value,)}
_GROUPS: Final = (
    Grouping.CLAUDE_TAG_CATEGORY,
    Grouping.CLAUDE_TAG_USER_ID,
    Grouping.CONTEXT_WINDOW,
    Grouping.INFERENCE_GEO,
    Grouping.MODEL,
    Grouping.PRODUCT,
    Grouping.RBAC_GROUP_ID,
    Grouping.SLACK_CHANNEL_ID,
    Grouping.SPEED,
)
FILTERS: Final[Mapping[str, Grouping]] = {
    "claude_tag_categories": Grouping.CLAUDE_TAG_CATEGORY,
    "user_ids": Grouping.ACTOR,
    **{f"{group.value}s": group for group in _GROUPS if group is not Grouping.CLAUDE_TAG_CATEGORY},
}
_ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "claude_tag_categories": ("dm", "engaged", "monitoring", "proactive", "scheduled"),
    "context_windows": ALLOWED[Dimension.CONTEXT_WINDOW],
    "inference_geos": ALLOWED[Dimension.INFERENCE_GEO],
    "products": (
        "chat", "chat_cowork_unified", "claude-tag", "claude_code", "claude_design", "claude_in_chrome", "cowork",
        "office_agent",
    ),
    "speeds": ALLOWED[Dimension.SPEED],
}  # fmt: skip


class Dimensions(BaseModel):
    """What a row can be grouped by, null unless it is; what this server attributes nothing to is always null."""

    claude_tag_category: str | None = None
    claude_tag_user_id: str | None = None
    context_window: str | None = None
    inference_geo: str | None = None
    model: str | None = None
    product: str | None = None
    rbac_group_id: str | None = None
    slack_channel_id: str | None = None
    speed: str | None = None


class UsageResult(Dimensions):
    """A group of a bucket: its tokens and requests."""

    cache_creation: CacheCreation
    cache_read_input_tokens: int
    output_tokens: int
    requests: int | None = None
    server_tool_use: ServerToolUse
    uncached_input_tokens: int


class CostResult(Dimensions):
    """A group of a bucket: decimal strings in **cents**; there are no discounts, so both amounts are the same."""

    amount: str
    cost_type: str | None = None
    currency: str
    list_amount: str
    requests: int | None = None
    token_type: str | None = None


class UserActor(BaseModel):
    """A person, `deleted` when no longer a member."""

    deleted: bool
    email_address: str | None = None
    name: str | None = None
    type: str
    user_id: str


class _OfUser(BaseModel):
    actor: UserActor
    ending_at: str | None = None
    starting_at: str | None = None


class UserUsage(UsageResult, _OfUser):
    """A person's tokens; times are null unless rows are by bucket."""

    total_tokens: int


class UserCost(CostResult, _OfUser):
    """What a person cost; times are null unless rows are by bucket."""


class UsageBucket(BaseModel):
    """`{starting_at, ending_at, results}`, RFC 3339; at most a hundred results, the greatest."""

    starting_at: str
    ending_at: str
    results: list[UsageResult]


class CostBucket(BaseModel):
    """`{starting_at, ending_at, results}`, RFC 3339; results of at most a hundred groups, the greatest."""

    starting_at: str
    ending_at: str
    results: list[CostResult]


class _Envelope(BaseModel):
    has_more: bool
    next_page: str | None
    data_refreshed_at: str


class UsageReportPage(_Envelope):
    """`{data, has_more, next_page, data_refreshed_at}`."""

    data: list[UsageBucket]


class CostReportPage(_Envelope):
    """`{data, has_more, next_page, data_refreshed_at}`."""

    data: list[CostBucket]


class UserUsagePage(_Envelope):
    """`{data, has_more, next_page, data_refreshed_at}`."""

    data: list[UserUsage]


class UserCostPage(_Envelope):
    """`{data, has_more, next_page, data_refreshed_at}`."""

    data: list[UserCost]


@dataclass(frozen=True, slots=True)
class Asked:
    """What all four are asked, as it was sent, but for the filters."""

    starting_at: str
    ending_at: str | None
    bucket_width: str | None
    group_by: Sequence[str]
    limit: int | None
    page: str | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """What the reports by person are asked beside that."""

    order: str
    order_by: str | None
    exclude_deleted_users: bool


def read_buckets(report: str, asked: Asked, filters: Mapping[str, Sequence[str]]) -> AnalyticsQuery:
    """Return what the report by bucket of `usage` or `cost` is asked; InvalidRequest names the parameter otherwise."""
    width = choose("bucket_width", asked.bucket_width or Width.DAY, Width)
    most = _MOST_MINUTES if width is Width.MINUTE else width.max_limit
    query = _query(report, asked, filters, _limit(width.default_limit if asked.limit is None else asked.limit, most))
    if Grouping.ACTOR in query.filters:
        query = replace(query, filters={**query.filters, **_PEOPLE})
    return replace(query, width=width, order_by="time", ascending=True, bucketed=True)


def read_users(report: str, asked: Asked, ranked: Ranked, filters: Mapping[str, Sequence[str]]) -> AnalyticsQuery:
    """Return what the report by person of `usage` or `cost` is asked; InvalidRequest names the parameter otherwise."""
    check_ended("bucket_width", asked.bucket_width, asked.ending_at)
    metrics = tuple(name for name in METRICS[report] if name != "time")
    order_by = ranked.order_by or metrics[0]
    for name, value, allowed in (("order", ranked.order, _ORDERS), ("order_by", order_by, metrics)):
        check_choice(name, value, allowed)
    query = _query(report, asked, filters, _limit(_ROWS if asked.limit is None else asked.limit, _MOST_ROWS))
    return replace(
        query,
        width=None if asked.bucket_width is None else choose("bucket_width", asked.bucket_width, Width),
        group_by=(Grouping.ACTOR, *query.group_by),
        filters={**query.filters, **_PEOPLE},
        order_by=order_by,
        ascending=ranked.order == "asc",
        exclude_deleted_users=ranked.exclude_deleted_users,
    )


def _query(report: str, asked: Asked, filters: Mapping[str, Sequence[str]], limit: int) -> AnalyticsQuery:
    """Return what reports by bucket and by person have in common."""
    chosen = {FILTERS[name]: _allowed(name, values) for name, values in filters.items() if values}
    group_by = choose_all("group_by", asked.group_by, Grouping)
    for group in group_by:
        check_choice("group_by", group, [*_GROUPS, *(sorted(FAN_OUT) if report == "cost" else ())])
    if Grouping.CLAUDE_TAG_USER_ID in group_by and Grouping.RBAC_GROUP_ID in {*group_by, *chosen}:
        message = "group_by: claude_tag_user_id can't be combined with rbac_group_id"
        raise InvalidRequest(message)
    return AnalyticsQuery(
        report=report,
        starting_at=read_instant("starting_at", asked.starting_at),
        ending_at=read_instant("ending_at", asked.ending_at),
        width=None,
        group_by=group_by,
        filters=chosen,
        order_by="time",
        ascending=False,
        limit=limit,
        page=asked.page,
        exclude_deleted_users=False,
    )


def _limit(limit: int, most: int) -> int:
    if not 1 <= limit <= most:
        message = f"limit: must be between 1 and {most}"
        raise InvalidRequest(message)
    return limit


def _allowed(name: str, values: Sequence[str]) -> tuple[str, ...]:
    for value in values:
        if name in _ALLOWED:
            check_choice(name, value, _ALLOWED[name])
    return tuple(dict.fromkeys(values))


def show_by_bucket(report: AnalyticsBuckets, query: AnalyticsQuery) -> bytes:
    """Return the wire's JSON of a page, in the shape of UsageReportPage or CostReportPage."""
    encode = msgspec.json.Encoder().encode
    buckets = (
        (start, end, b",".join(encode(row) for line in lines for row in _rows(line, query, {})))
        for start, end, lines in report.buckets
    )
    return show_buckets(buckets, report.next_page, refreshed(report.refreshed_at))


def show_by_user(page: AnalyticsPage, query: AnalyticsQuery) -> bytes:
    """Return the wire's JSON of a page, in the shape of UserUsagePage or UserCostPage."""
    encode = msgspec.json.Encoder().encode
    items: list[bytes] = []
    for line in page.lines:
        if query.exclude_deleted_users and is_deleted(line, page.people):
            continue
        times = (None, None) if query.width is None else (to_rfc3339(line.starting_at), to_rfc3339(line.ending_at))
        rows = _rows(line, query, page.people)
        items += [encode({"starting_at": times[0], "ending_at": times[1], **row}) for row in rows]
    return envelope(items, page.next_page, refreshed(page.refreshed_at))


def _rows(line: AnalyticsLine, query: AnalyticsQuery, people: Mapping[str, Person]) -> list[dict[str, Any]]:
    """Return the rows of a group: one, or one for each part of its cost."""
    unset: dict[str, Any] = {group.value: None for group in _GROUPS}
    group = {**unset, **{name.value: shown_value(name, value, people) for name, value in line.group.items()}}
    if query.report == "cost":
        return [
            {**group, "cost_type": part.cost_type, "token_type": part.token_type, **shown_cost(part)}
            for part in parts_of(line.counters, query.group_by)
        ]
    usage = shown_usage(line.counters)
    if query.bucketed:
        del usage["total_tokens"]
    return [{**group, **usage}]
