"""The usage report on the wire (wire-admin.md 3.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from antechamber.base.errors import InvalidRequest
from antechamber.features.usage.model import ALLOWED, Dimension, Line, Report, ReportQuery, Width
from antechamber.features.usage.wire.encoding import show_buckets
from antechamber.http.fields import check_choice, choose, choose_all, read_instant

# what stands before each
_COUNTERS: Final = (
    ('"cache_creation":{"ephemeral_1h_input_tokens":', "cache_write_1h"),
    (',"ephemeral_5m_input_tokens":', "cache_write_5m"),
    ('},"cache_read_input_tokens":', "cache_read"),
    (',"output_tokens":', "output"),
    (',"server_tool_use":{"web_search_requests":', "web_search_requests"),
    ('},"uncached_input_tokens":', "uncached_input"),
)
FAST_MODE_BETA: Final = "fast-mode-2026-02-01"

# context_window is the one filter in the singular
FILTERS: Final = {
    "account_ids": Dimension.ACCOUNT_ID,
    "api_key_ids": Dimension.API_KEY_ID,
    "context_window": Dimension.CONTEXT_WINDOW,
    "inference_geos": Dimension.INFERENCE_GEO,
    "models": Dimension.MODEL,
    "service_account_ids": Dimension.SERVICE_ACCOUNT_ID,
    "service_tiers": Dimension.SERVICE_TIER,
    "speeds": Dimension.SPEED,
    "workspace_ids": Dimension.WORKSPACE_ID,
}


@dataclass(frozen=True, slots=True)
class Range:
    """The part of a report's query that is about time, as it was sent."""

    starting_at: str
    ending_at: str | None
    bucket_width: str
    limit: int | None
    page: str | None


class CacheCreationBody(BaseModel):
    """Tokens written to the cache, by lifetime."""

    ephemeral_1h_input_tokens: int
    ephemeral_5m_input_tokens: int


class ServerToolUseBody(BaseModel):
    """Calls of server tools."""

    web_search_requests: int


class UsageBody(BaseModel):
    """One group of a bucket; a dimension is null unless it was grouped by (or has no value)."""

    account_id: str | None = None
    api_key_id: str | None = None
    cache_creation: CacheCreationBody
    cache_read_input_tokens: int
    context_window: str | None = None
    inference_geo: str | None = None
    model: str | None = None
    output_tokens: int
    server_tool_use: ServerToolUseBody
    service_account_id: str | None = None
    service_tier: str | None = None
    speed: str | None = None
    uncached_input_tokens: int
    workspace_id: str | None = None


class BucketBody(BaseModel):
    """`{starting_at, ending_at, results}`, RFC 3339."""

    starting_at: str
    ending_at: str
    results: list[UsageBody]


class ReportBody(BaseModel):
    """`{data, has_more, next_page}`."""

    data: list[BucketBody]
    has_more: bool
    next_page: str | None


def read_query(
    asked: Range, group_by: Sequence[str], filters: Mapping[str, Sequence[str]], betas: Sequence[str]
) -> ReportQuery:
    """Return what is asked; InvalidRequest that names the parameter otherwise.

    `filters` by the wire's names; `betas` the values of every `anthropic-beta` header.
    """
    width = choose("bucket_width", asked.bucket_width, Width)
    query = ReportQuery(
        starting_at=read_instant("starting_at", asked.starting_at),
        ending_at=read_instant("ending_at", asked.ending_at),
        width=width,
        limit=_limit(asked.limit, width),
        group_by=choose_all("group_by", group_by, Dimension),
        filters={FILTERS[name]: _allowed(name, values) for name, values in filters.items() if values},
        page=asked.page,
    )
    if query.ending_at is not None and query.ending_at <= query.starting_at:
        message = "ending_at: must be after starting_at"
        raise InvalidRequest(message)
    speed = Dimension.SPEED in query.group_by or Dimension.SPEED in query.filters
    if speed and FAST_MODE_BETA not in [beta.strip() for header in betas for beta in header.split(",")]:
        name = "group_by" if Dimension.SPEED in query.group_by else "speeds"
        message = f"{name}: speed needs the header anthropic-beta: {FAST_MODE_BETA}"
        raise InvalidRequest(message)
    return query


def line(group_by: Sequence[Dimension]) -> Line:
    """Return how a group is shown, in the shape of UsageBody."""
    texts, values, text = [], [], "{"
    for name in Dimension:
        text += f'"{name}":'
        if name in group_by:
            texts.append(text)
            values.append(name.value)
            text = ","
        else:
            text += "null,"
    for before, counter in _COUNTERS:
        texts.append(text + before)
        values.append(counter)
        text = ""
    return Line((*texts, "}"), tuple(values))


def show(report: Report) -> bytes:
    """Return the wire's JSON of a page, in the shape of ReportBody."""
    buckets = ((bucket.starting_at, bucket.ending_at, bucket.lines) for bucket in report.buckets)
    return show_buckets(buckets, report.next_page)


def _limit(limit: int | None, width: Width) -> int:
    if limit is None:
        return width.default_limit
    if not 1 <= limit <= width.max_limit:
        message = f"limit: must be between 1 and {width.max_limit} for bucket_width {width}"
        raise InvalidRequest(message)
    return limit


def _allowed(name: str, values: Sequence[str]) -> tuple[str, ...]:
    allowed = ALLOWED.get(FILTERS[name])
    for value in values:
        if allowed is not None:
            check_choice(name, value, allowed)
    return tuple(dict.fromkeys(values))
