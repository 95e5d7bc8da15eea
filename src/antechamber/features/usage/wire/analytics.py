"""The analytics pair on the wire (wire-admin.md 3.4; SDK: types/beta/organization/analytics)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
from pydantic import BaseModel

from antechamber.base.clock import to_rfc3339
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.money import to_cents
from antechamber.features.usage.model import ALLOWED, TOKENS, Dimension, Width
from antechamber.features.usage.model.analytics import (
    FACETS,
    FAN_OUT,
    METRICS,
    ActorType,
    AnalyticsLine,
    AnalyticsPage,
    AnalyticsQuery,
    Grouping,
    Identity,
    Person,
    check_groups,
)
from antechamber.features.usage.model.costs import TOKEN_TYPES
from antechamber.features.usage.model.prices import Component
from antechamber.features.usage.wire.encoding import envelope
from antechamber.http.fields import check_choice, choose, choose_all, read_instant

BETA: Final = "analytics-usage-cost-2026-08-24"
_MOST_ROWS: Final = 1000
_ORDERS: Final = ("asc", "desc")
_GONE: Final = Person(None, None, deleted=True)
# beyond the wire: in a group only when it is grouped by them
_EXTENSIONS: Final = frozenset({Grouping.ACCOUNT_ID, Grouping.END_USER, Grouping.TAG})
# the filters that are not their dimension's name and an s
_IRREGULAR: Final = {Grouping.CLAUDE_TAG_CATEGORY: "claude_tag_categories", Grouping.ACTOR: "actor_ids"}
FILTERS: Final[Mapping[str, Grouping]] = {
    _IRREGULAR.get(group, f"{group.value}s"): group for group in Grouping if group not in FAN_OUT
}


class CacheCreation(BaseModel):
    """Tokens written to the cache, by lifetime."""

    ephemeral_1h_input_tokens: int
    ephemeral_5m_input_tokens: int


class ServerToolUse(BaseModel):
    """Calls of server tools."""

    web_search_requests: int


class UsageMetrics(BaseModel):
    """The tokens and requests of a row."""

    cache_creation: CacheCreation
    cache_read_input_tokens: int
    output_tokens: int
    requests: int | None
    server_tool_use: ServerToolUse
    total_tokens: int
    uncached_input_tokens: int


class CostMetrics(BaseModel):
    """The cost of a row: decimal strings in **cents**; there are no discounts, so both amounts are the same."""

    amount: str
    currency: str
    list_amount: str
    requests: int | None


class UsageItem(BaseModel):
    """A row of usage; `group` has every dimension, null unless grouped by."""

    starting_at: str
    ending_at: str
    group: dict[str, Any]
    usage: UsageMetrics


class CostItem(BaseModel):
    """A row of cost; `group` has every dimension, null unless grouped by."""

    starting_at: str
    ending_at: str
    group: dict[str, Any]
    cost: CostMetrics


class UsagePage(BaseModel):
    """`{data, has_more, next_page, data_refreshed_at}`."""

    data: list[UsageItem]
    has_more: bool
    next_page: str | None
    data_refreshed_at: str


class CostPage(BaseModel):
    """`{data, has_more, next_page, data_refreshed_at}`."""

    data: list[CostItem]
    has_more: bool
    next_page: str | None
    data_refreshed_at: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The part of the query that is not a filter, as it was sent."""

    starting_at: str
    ending_at: str | None
    time_bucket_width: str | None
    group_by: Sequence[str]
    order: str
    order_by: str | None
    limit: int
    page: str | None
    exclude_deleted_users: bool


def require_beta(headers: Sequence[str]) -> None:
    """Raise NotFound, naming the header, unless one of the `anthropic-beta` headers has the pair's value."""
    if BETA not in [beta.strip() for header in headers for beta in header.split(",")]:
        message = f"This endpoint is in beta; send the header anthropic-beta: {BETA}"
        raise NotFound(message)


def read_analytics(report: str, asked: Asked, filters: Mapping[str, Sequence[str]]) -> AnalyticsQuery:
    """Return what is asked of `usage` or `cost`; InvalidRequest that names the parameter otherwise."""
    group_by = choose_all("group_by", asked.group_by, Grouping)
    if report == "usage" and not FAN_OUT.isdisjoint(group_by):
        message = "group_by: cost_type and token_type are dimensions of analytics/cost"
        raise InvalidRequest(message)
    check_groups(group_by)
    metrics = METRICS[report]
    order_by = asked.order_by or next(iter(metrics))
    for name, value, allowed in (("order", asked.order, _ORDERS), ("order_by", order_by, tuple(metrics))):
        check_choice(name, value, allowed)
    if not 1 <= asked.limit <= _MOST_ROWS:
        message = f"limit: must be between 1 and {_MOST_ROWS}"
        raise InvalidRequest(message)
    if asked.exclude_deleted_users and Grouping.ACTOR not in group_by:
        message = "exclude_deleted_users: needs group_by[]=actor"
        raise InvalidRequest(message)
    width = asked.time_bucket_width
    check_ended("time_bucket_width", width, asked.ending_at)
    return AnalyticsQuery(
        report=report,
        starting_at=read_instant("starting_at", asked.starting_at),
        ending_at=read_instant("ending_at", asked.ending_at),
        width=None if width is None else choose("time_bucket_width", width, Width),
        group_by=group_by,
        filters={FILTERS[name]: _allowed(name, values) for name, values in filters.items() if values},
        order_by=order_by,
        ascending=asked.order == "asc",
        limit=asked.limit,
        page=asked.page,
        exclude_deleted_users=asked.exclude_deleted_users,
    )


def check_ended(name: str, width: str | None, ending_at: str | None) -> None:
    """Raise InvalidRequest when rows are asked for by time without an end."""
    if width is not None and ending_at is None:
        message = f"ending_at: is required with {name}"
        raise InvalidRequest(message)


def _allowed(name: str, values: Sequence[str]) -> tuple[str, ...]:
    group = FILTERS[name]
    facet = FACETS.get(group)
    allowed = ALLOWED.get(facet) if isinstance(facet, Dimension) else None
    if group is Grouping.ACTOR_TYPE:
        allowed = tuple(ActorType)
    for value in values:
        if allowed is not None:
            check_choice(name, value, allowed)
    return tuple(dict.fromkeys(values))


def show_analytics(page: AnalyticsPage, query: AnalyticsQuery) -> bytes:
    """Return the wire's JSON of a page, in the shape of UsagePage or CostPage."""
    encode = msgspec.json.Encoder().encode
    hidden = _EXTENSIONS if query.report == "cost" else _EXTENSIONS | FAN_OUT
    unset: dict[str, Any] = {group.value: None for group in Grouping if group not in hidden}
    items: list[bytes] = []
    for line in page.lines:
        if query.exclude_deleted_users and is_deleted(line, page.people):
            continue
        item = {
            "starting_at": to_rfc3339(line.starting_at),
            "ending_at": to_rfc3339(line.ending_at),
            "group": {
                **unset,
                **{name.value: shown_value(name, value, page.people) for name, value in line.group.items()},
            },
        }
        if query.report == "usage":
            items.append(encode({**item, "usage": shown_usage(line.counters)}))
        else:
            items += [encode(each) for each in _costs(item, line.counters, query.group_by)]
    return envelope(items, page.next_page, refreshed(page.refreshed_at))


def refreshed(at: int) -> bytes:
    """Return what the end of an analytics report says of its age."""
    return b',"data_refreshed_at":"%b"' % to_rfc3339(at).encode()


def is_deleted(line: AnalyticsLine, people: Mapping[str, Person]) -> bool:
    """Whether a line's actor is a person who is no longer a member."""
    actor = line.group[Grouping.ACTOR]
    is_person = isinstance(actor, Identity) and actor.type is ActorType.USER
    return is_person and people.get(actor.id, _GONE).deleted  # type: ignore[union-attr] # an identity, as just said


def shown_value(name: Grouping, value: str | Identity | None, people: Mapping[str, Person]) -> object:
    """Return what a line has of a group, as the wire shows it."""
    if isinstance(value, Identity):
        return _actor(value, people)
    # SDK: an unset region reads null, and is filtered as not_available
    return None if name is Grouping.INFERENCE_GEO and value == "not_available" else value


def _actor(actor: Identity, people: Mapping[str, Person]) -> dict[str, object]:
    if actor.type is ActorType.USER:
        person = people.get(actor.id, _GONE)
        return {
            "type": actor.type,
            "user_id": actor.id,
            "email_address": person.email,
            "name": person.name,
            "deleted": person.deleted,
        }
    key = "service_account_id" if actor.type is ActorType.SERVICE_ACCOUNT else "api_key_id"
    return {"type": actor.type, key: actor.id}


def shown_usage(counters: Sequence[int]) -> dict[str, object]:
    """Return the fields of UsageMetrics."""
    uncached, five_minutes, an_hour, read, output, searches, requests = counters
    return {
        "cache_creation": {"ephemeral_1h_input_tokens": an_hour, "ephemeral_5m_input_tokens": five_minutes},
        "cache_read_input_tokens": read,
        "output_tokens": output,
        "requests": requests,
        "server_tool_use": {"web_search_requests": searches},
        "total_tokens": sum(counters[: len(TOKENS)]),
        "uncached_input_tokens": uncached,
    }


class Part(NamedTuple):
    """A part of a row's cost in nano-USD, or all of it; requests are of no part."""

    cost_type: str | None
    token_type: str | None
    amount: int
    requests: int | None


def parts_of(counters: Sequence[int], group_by: Sequence[Grouping]) -> list[Part]:
    """Return the parts of a row's cost that are asked for and not nothing; one for all of it when none are."""
    *amounts, requests = counters
    by_type, by_token = Grouping.COST_TYPE in group_by, Grouping.TOKEN_TYPE in group_by
    if not by_type and not by_token:
        return [Part(None, None, sum(amounts), requests)]
    by_component = dict(zip(Component, amounts, strict=True))
    if by_token:
        parts = [Part("tokens", TOKEN_TYPES[name], by_component[name], None) for name in TOKEN_TYPES]
    else:
        parts = [Part("tokens", None, sum(by_component[name] for name in TOKEN_TYPES), None)]
    if by_type:
        parts.append(Part("web_search", None, by_component[Component.WEB_SEARCH], None))
    return [part for part in parts if part.amount]


def shown_cost(part: Part) -> dict[str, object]:
    """Return the fields of CostMetrics."""
    cents = to_cents(part.amount)
    return {"amount": cents, "currency": "USD", "list_amount": cents, "requests": part.requests}


def _costs(item: dict[str, Any], counters: Sequence[int], group_by: Sequence[Grouping]) -> list[dict[str, object]]:
    """Return the items of a row: one, or one for each part of its cost."""
    return [
        {
            **item,
            "group": {**item["group"], "cost_type": part.cost_type, "token_type": part.token_type},
            "cost": shown_cost(part),
        }
        for part in parts_of(counters, group_by)
    ]
