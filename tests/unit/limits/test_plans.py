"""What a request holds of a budget is at least what it can come to cost, whatever its price is made of."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.adapters.prices import Book, read_prices
from antechamber.features.limits.model.admission import Asking
from antechamber.features.limits.model.definitions import Applicable
from antechamber.features.limits.model.spending import Hold
from antechamber.features.limits.service.plans import ASSUMED_SEARCHES, holds
from antechamber.features.usage.model import TokenUsage
from antechamber.wiring.admission import BookPricer
from tests.unit.limits.ledgers import spend
from tests.unit.usage.samples import NOON

MILLION = 1_000_000
BOOK = Book(
    read_prices(
        [
            {
                "model": "stepped",
                "valid_from": dt.date(2025, 1, 1),
                "input": 1 * MILLION,
                "output": 5 * MILLION,
                "cache_write_5m": 2 * MILLION,
                "cache_write_1h": 3 * MILLION,
                "web_search": 10 * MILLION,
                "fast_percent": 600,
                "us_percent": 110,
                "steps": [
                    {"above": 1000, "input": 10 * MILLION, "output": 100 * MILLION, "cache_write_1h": 40 * MILLION}
                ],
            }
        ]
    )
)


def asking(read: int, most: int | None, **body: object) -> Asking:
    sent = json.dumps({"model": "stepped", **body}).encode()
    return Asking("req_1", "org", "wrkspc_1", None, None, "stepped", "p", NOON, read, most, sent)  # type: ignore[arg-type]


def held(asked: Asking) -> Hold:
    (hold,) = holds(Applicable((), (spend(10**12),), None, "sim"), asked, BookPricer(BOOK))
    return hold


def cost(usage: TokenUsage, **how: Any) -> int:  # noqa: ANN401 - the book's own
    return BOOK.cost("stepped", "p", usage, NOON, **how).total


@given(st.integers(0, 3000), st.integers(0, 3000), st.data())
def test_a_hold_is_never_less_than_what_the_request_comes_to_cost(read: int, most: int, data: st.DataObject) -> None:
    uncached = data.draw(st.integers(0, read))
    hour = data.draw(st.integers(0, read - uncached))
    usage = TokenUsage(uncached, 0, hour, read - uncached - hour, data.draw(st.integers(0, most)))
    asked = asking(read, most, system=[{"cache_control": {"type": "ephemeral", "ttl": "1h"}}])
    assert held(asked).worst >= cost(usage)


def test_what_is_written_is_held_at_the_step_that_the_input_reaches() -> None:
    assert held(asking(1000, 10)).worst == cost(TokenUsage(1000, output=10))
    assert held(asking(1001, 10)).worst == cost(TokenUsage(1001, output=10))
    assert held(asking(1001, 10)).needed == cost(TokenUsage(1001))


@pytest.mark.parametrize(
    ("body", "searches", "how"),
    [
        ({"speed": "fast"}, 0, {"speed": "fast"}),
        ({"inference_geo": "us"}, 0, {"inference_geo": "us"}),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}]}, 3, {}),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, ASSUMED_SEARCHES, {}),
        ({"messages": [{"role": "user", "content": 'say "fast" in the "us", "web_search_"'}]}, 0, {}),
    ],
)
def test_what_makes_a_request_dearer_is_held(body: dict[str, Any], searches: int, how: dict[str, str]) -> None:
    usage = TokenUsage(100, output=50, web_search_requests=searches)
    assert held(asking(100, 50, **body)).worst == cost(usage, **how)
