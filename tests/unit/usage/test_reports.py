"""Usage reports: what may be asked, and that pages are the whole, cut."""

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.clock import ManualClock, to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId
from antechamber.features.usage import wire
from antechamber.features.usage.model import (
    SHOWN,
    Dimension,
    Line,
    Piece,
    Printed,
    Question,
    Report,
    ReportQuery,
    TokenUsage,
    Width,
    context_window,
    interval,
)
from antechamber.features.usage.routes.usage_report import router
from antechamber.features.usage.service import UsageReports
from antechamber.http.needs import _query_names
from tests.unit.usage.samples import DAY, HOUR, NOON, ORGANIZATION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MIDNIGHT = NOON - 12 * HOUR
LINE = wire.line(())


class _Unit:
    open = True


class _Units:
    @asynccontextmanager
    async def begin(self) -> "AsyncIterator[_Unit]":
        yield _Unit()

    read = begin


class Recorded:
    """A store of nothing but sums: one request in each of the given buckets."""

    def __init__(self, buckets: set[int]) -> None:
        self._buckets = buckets

    async def printed(self, _unit: object, _organization_id: str, question: Question, _line: Line) -> dict[int, bytes]:
        (piece,) = question.pieces
        return dict.fromkeys(self._inside(piece), b"{}")

    async def marks(self, _unit: object, _organization_id: str, piece: Piece) -> dict[int, int]:
        return dict.fromkeys(self._inside(piece), 1)

    def _inside(self, piece: Piece) -> list[int]:
        inside = sorted(bucket for bucket in self._buckets if piece.start <= bucket < piece.end)
        assert all(bucket % piece.width.microseconds == 0 for bucket in inside)
        return inside


def reports(buckets: set[int], now: int = NOON) -> UsageReports:
    return UsageReports(Recorded(buckets), _Units(), ManualClock(now), None)  # type: ignore[arg-type]


def asked(**changes: Any) -> ReportQuery:  # noqa: ANN401 - any parameter
    told = {"starting_at": "2025-11-20T00:00:00Z", "ending_at": None, "bucket_width": "1d", "limit": None, "page": None}
    filters = changes.pop("filters", {})
    group_by = changes.pop("group_by", [])
    betas = changes.pop("betas", [])
    return wire.read_query(wire.Range(**{**told, **changes}), group_by, filters, betas)


async def page_through(service: UsageReports, query: dict[str, Any]) -> list[Printed]:
    buckets: list[Printed] = []
    page = None
    while True:
        report = await service.messages(OrganizationId(ORGANIZATION), asked(**query, page=page), LINE)
        buckets += report.buckets
        page = report.next_page
        if page is None:
            return buckets


@given(
    width=st.sampled_from(list(Width)),
    start=st.integers(0, 40),
    length=st.integers(1, 40),
    used=st.sets(st.integers(0, 80)),
    limit=st.integers(1, 31),
)
def test_pages_of_any_size_are_the_whole_report(
    width: Width, start: int, length: int, used: set[int], limit: int
) -> None:
    step = width.microseconds
    first = MIDNIGHT + start * step
    service = reports({MIDNIGHT + number * step for number in used})
    query = {
        "starting_at": to_rfc3339(first + 17),
        "ending_at": to_rfc3339(first + length * step),
        "bucket_width": width.value,
    }
    buckets = asyncio.run(page_through(service, {**query, "limit": limit}))
    assert [bucket.starting_at for bucket in buckets] == [first + number * step for number in range(length)]
    assert [bucket.ending_at - bucket.starting_at for bucket in buckets] == [step] * length
    filled = {bucket.starting_at for bucket in buckets if bucket.lines}
    assert filled == {MIDNIGHT + number * step for number in used if start <= number < start + length}


async def test_without_an_end_the_present_bucket_is_the_last() -> None:
    report = await reports({MIDNIGHT}).messages(
        OrganizationId(ORGANIZATION), asked(starting_at="2025-11-29T23:00:00Z", limit=31), LINE
    )
    assert [bucket.starting_at for bucket in report.buckets] == [MIDNIGHT - 2 * DAY, MIDNIGHT - DAY, MIDNIGHT]
    assert [bucket.lines for bucket in report.buckets] == [b"", b"", b"{}"]
    assert report.next_page is None


@pytest.mark.parametrize(
    ("starting_at", "ending_at", "days"),
    [
        ("2025-11-29T00:00:00Z", "2025-12-01T00:00:00Z", 2),
        ("2025-11-29T13:00:00Z", "2025-12-01T11:00:00Z", 2),
        ("2025-11-29T01:00:00+02:00", "2025-12-01", 3),
        ("2025-12-01T01:00:00Z", "2025-12-01T02:00:00Z", 0),
        ("2025-12-30T00:00:00Z", "2025-12-31T00:00:00Z", 1),
        ("2026-01-30T00:00:00Z", None, 0),
    ],
)
def test_only_buckets_that_end_in_time_count(starting_at: str, ending_at: str | None, days: int) -> None:
    start, end = interval(asked(starting_at=starting_at, ending_at=ending_at), NOON)
    assert (end - start) // DAY == days


async def test_a_cursor_opens_only_the_query_it_came_from() -> None:
    service = reports(set())
    query = {"starting_at": "2025-11-20T00:00:00Z", "limit": 2, "group_by": ["model"], "filters": {"models": ["a"]}}
    page = (await service.messages(OrganizationId(ORGANIZATION), asked(**query), LINE)).next_page
    assert page is not None
    changes: list[dict[str, Any]] = [
        {"bucket_width": "1h"},
        {"group_by": []},
        {"filters": {}},
        {"starting_at": "2025-11-19T00:00:00Z"},
    ]
    for change in changes:
        with pytest.raises(InvalidRequest, match="does not match current query parameters"):
            await service.messages(OrganizationId(ORGANIZATION), asked(**{**query, **change, "page": page}), LINE)
    with pytest.raises(InvalidRequest, match="does not match"):
        await service.messages(OrganizationId("another"), asked(**query, page=page), LINE)
    with pytest.raises(InvalidRequest, match="not a cursor"):
        await service.messages(OrganizationId(ORGANIZATION), asked(**query, page="page_zzz"), LINE)
    assert (
        await service.messages(OrganizationId(ORGANIZATION), asked(**{**query, "limit": 5, "page": page}), LINE)
    ).buckets


@pytest.mark.parametrize(("width", "default", "most"), [("1d", 7, 31), ("1h", 24, 168), ("1m", 60, 1440)])
def test_limits_depend_on_the_width(width: str, default: int, most: int) -> None:
    assert asked(bucket_width=width).limit == default
    assert asked(bucket_width=width, limit=most).limit == most
    for limit in (0, -1, most + 1):
        with pytest.raises(InvalidRequest, match=f"limit: must be between 1 and {most} for bucket_width {width}"):
            asked(bucket_width=width, limit=limit)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starting_at": "yesterday"}, "starting_at: 'yesterday' is not an RFC 3339 date-time"),
        ({"ending_at": "never"}, "ending_at: 'never' is not"),
        ({"ending_at": "2025-11-20T00:00:00Z"}, "ending_at: must be after starting_at"),
        ({"bucket_width": "1w"}, "bucket_width: '1w' is not one of 1d, 1h, 1m"),
        ({"group_by": ["model", "colour"]}, "group_by: 'colour' is not one of account_id, api_key_id, context_window"),
        ({"filters": {"service_tiers": ["gold"]}}, "service_tiers: 'gold' is not one of batch, flex, flex_discount"),
        ({"filters": {"context_window": ["1k"]}}, "context_window: '1k' is not one of 0-200k, 200k-1M"),
        ({"filters": {"inference_geos": ["eu"]}}, "inference_geos: 'eu' is not one of global, us, not_available"),
        ({"group_by": ["speed"]}, "group_by: speed needs the header anthropic-beta: fast-mode-2026-02-01"),
        ({"filters": {"speeds": ["fast"]}}, "speeds: speed needs the header anthropic-beta: fast-mode-2026-02-01"),
    ],
)
def test_what_may_not_be_asked_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        asked(**change)
    assert refused.value.message.startswith(message)


def test_speed_is_open_to_those_who_ask_for_the_beta() -> None:
    query = asked(group_by=["speed"], filters={"speeds": ["fast"]}, betas=["a, fast-mode-2026-02-01"])
    assert query.group_by == (Dimension.SPEED,)
    assert query.filters == {Dimension.SPEED: ("fast",)}


def test_a_result_has_every_key_and_only_the_grouped_ones_filled() -> None:
    line = wire.line((Dimension.WORKSPACE_ID, Dimension.MODEL))
    values = {"workspace_id": "null", "model": '"m"', **{name: str(number) for number, name in enumerate(SHOWN, 1)}}
    pairs = zip(line.texts, [*(values[name] for name in line.values), ""], strict=True)
    text = "".join(part for pair in pairs for part in pair)
    body = wire.show(Report((Printed(MIDNIGHT, MIDNIGHT + DAY, text.encode()),), None))
    shown = wire.ReportBody.model_validate_json(body).model_dump()
    assert shown == json.loads(body)
    assert (shown["has_more"], shown["next_page"]) == (False, None)
    assert shown["data"][0]["starting_at"] == "2025-12-01T00:00:00Z"
    assert shown["data"][0]["ending_at"] == "2025-12-02T00:00:00Z"
    assert shown["data"][0]["results"][0] == {
        **dict.fromkeys(dimension.value for dimension in Dimension),
        "model": "m",
        "uncached_input_tokens": 1,
        "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
        "cache_read_input_tokens": 4,
        "output_tokens": 5,
        "server_tool_use": {"web_search_requests": 6},
    }


def test_the_route_takes_every_parameter_of_the_contract_and_no_other() -> None:
    (route,) = [route for route in router(reports(set())).routes if isinstance(route, APIRoute)]
    names = set(_query_names(route.dependant))
    assert names == {"starting_at", "ending_at", "bucket_width", "limit", "page", "group_by", *wire.FILTERS}


@pytest.mark.parametrize(("tokens", "window"), [(0, "0-200k"), (200_000, "0-200k"), (200_001, "200k-1M")])
def test_the_context_window_is_by_all_input(tokens: int, window: str) -> None:
    assert context_window(TokenUsage(cache_read=tokens).total_input) == window


def test_every_filter_has_its_dimension() -> None:
    assert set(wire.FILTERS.values()) == set(Dimension)
