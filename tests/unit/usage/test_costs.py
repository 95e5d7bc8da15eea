"""Lines of the cost report, and who acts in the analytics pair."""

from itertools import pairwise

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.features.usage.model import Component, Dimension, Piece, Width, pieces
from antechamber.features.usage.model.analytics import ActorType, AnalyticsQuery, Grouping, Identity, identify, span
from antechamber.features.usage.model.costs import (
    CostGroup,
    Described,
    columns_of,
    describe,
    display_name,
    facets_of,
)
from tests.unit.usage.samples import DAY, HOUR

NOON = 1_795_262_400_000_000  # 2026-11-21T12:00:00Z


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-sonnet-4-20250514", "Claude Sonnet 4"),
        ("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5"),
        ("claude-3-5-haiku-latest", "Claude 3.5 Haiku"),
        ("claude-opus-4-6", "Claude Opus 4.6"),
        ("gpt-5", "GPT 5"),
        ("qwen3-coder-plus", "Qwen3 Coder Plus"),
        ("sim-1", "Sim 1"),
    ],
)
def test_models_have_names_for_people(model: str, name: str) -> None:
    assert display_name(model) == name


def test_descriptions_say_what_is_not_ordinary() -> None:
    plain = Described(Component.UNCACHED_INPUT, "claude-sonnet-4-20250514", "0-200k", "global", "standard")
    assert describe(plain) == "Claude Sonnet 4 Usage - Input Tokens"
    odd = plain._replace(context_window="200k-1M", service_tier="batch", inference_geo="us")
    assert describe(odd) == "Claude Sonnet 4 Usage - Input Tokens (Long Context, Batch, US)"
    assert describe(plain._replace(component=Component.WEB_SEARCH)) == "Claude Sonnet 4 Web Search Usage"


def test_persons_come_before_what_the_store_groups_by() -> None:
    assert facets_of((CostGroup.USER_ID,)) == ()
    assert columns_of((CostGroup.USER_ID,)) == (CostGroup.USER_ID,)
    groups = (CostGroup.API_KEY_ID, CostGroup.USER_ID)
    assert facets_of(groups) == (Dimension.API_KEY_ID,)
    assert columns_of(groups) == (CostGroup.USER_ID, Dimension.API_KEY_ID)


def test_usage_is_attributed_to_a_person_before_a_service_account_before_a_key() -> None:
    owners = {"apikey_1": "user_2"}
    assert identify("user_1", "svac_1", "apikey_1", owners) == Identity(ActorType.USER, "user_1")
    assert identify("", "svac_1", "apikey_1", owners) == Identity(ActorType.USER, "user_2")
    assert identify("", "svac_1", "apikey_2", owners) == Identity(ActorType.SERVICE_ACCOUNT, "svac_1")
    assert identify("", "", "apikey_2", owners) == Identity(ActorType.API, "apikey_2")
    assert identify("", "", "", owners) is None


def test_a_range_is_cut_into_whole_days_and_the_hours_around_them() -> None:
    midnight = NOON - 12 * HOUR
    assert pieces(NOON, NOON + HOUR) == (Piece(Width.HOUR, NOON, NOON + HOUR),)
    assert pieces(midnight, midnight + 2 * DAY) == (Piece(Width.DAY, midnight, midnight + 2 * DAY),)
    found = pieces(NOON, NOON + 2 * DAY)
    assert [piece.width for piece in found] == [Width.HOUR, Width.DAY, Width.HOUR]
    assert all(one.end == following.start for one, following in pairwise(found))
    assert (found[0].start, found[-1].end) == (NOON, NOON + 2 * DAY)


def query(start: int, end: int | None, width: Width | None = None) -> AnalyticsQuery:
    return AnalyticsQuery("usage", start, end, width, (Grouping.MODEL,), {}, "total_tokens", False, 20, None, False)


def test_an_open_range_ends_with_the_present_hour_and_stays_so_on_later_pages() -> None:
    assert span(query(NOON - DAY, None), NOON + 1) == (NOON - DAY, NOON + HOUR)
    assert span(query(NOON - DAY, None), NOON + 5 * HOUR, NOON + HOUR) == (NOON - DAY, NOON + HOUR)
    assert span(query(NOON - 40 * DAY, None), NOON) == (NOON - 40 * DAY, NOON - 9 * DAY)


def test_a_bucket_that_is_touched_is_whole() -> None:
    start, stop = span(query(NOON + 1, NOON + HOUR + 1, Width.HOUR), NOON + DAY)
    assert (start, stop) == (NOON, NOON + 2 * HOUR)


def test_ranges_that_are_too_long_or_too_old_are_refused() -> None:
    for bad in (query(NOON - 32 * DAY, NOON), query(NOON - 25 * HOUR, NOON, Width.MINUTE), query(NOON, NOON)):
        with pytest.raises(InvalidRequest, match="ending_at"):
            span(bad, NOON)
    with pytest.raises(InvalidRequest, match="starting_at"):
        span(query(NOON - 380 * DAY, None), NOON)
