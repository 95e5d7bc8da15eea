"""Prompt caching: what is written, read, renewed and forgotten."""

from typing import Any

import msgspec
import pytest

from antechamber.adapters.providers.simulated.answer import Refused
from antechamber.adapters.providers.simulated.caching import PrefixCache
from antechamber.base.clock import ManualClock
from antechamber.base.tokens import estimate
from tests.unit.simulated.caller import MESSAGES, VERSION, Caller

SHORT = {"type": "ephemeral"}
LONG = {"type": "ephemeral", "ttl": "1h"}


def body(*marks: tuple[int, dict[str, str]], blocks: int = 4, **fields: object) -> bytes:
    content: list[dict[str, Any]] = [{"type": "text", "text": f"{number}" * 400} for number in range(blocks)]
    for index, mark in marks:
        content[index]["cache_control"] = mark
    return msgspec.json.encode(
        {
            "model": "sim-1",
            "max_tokens": 10,
            "messages": [{"role": "user", "content": content}],
            **fields,
        }
    )


def test_the_first_request_writes_and_the_second_reads() -> None:
    cache = PrefixCache(ManualClock(1))
    raw = body((1, SHORT))
    first, second = cache.account(raw, "s"), cache.account(raw, "s")
    assert first.cache_5m > 200
    assert (first.cache_read, second.cache_read, second.cache_5m) == (0, first.cache_5m, 0)
    for usage in (first, second):
        assert usage.input + usage.cache_read + usage.cache_5m + usage.cache_1h == estimate(len(raw))


def test_each_mark_writes_at_its_own_lifetime() -> None:
    usage = PrefixCache(ManualClock(1)).account(body((0, LONG), (2, SHORT)), "s")
    assert 90 < usage.cache_1h < 120
    assert 190 < usage.cache_5m < 240


def test_a_mark_may_move_on_without_losing_what_was_cached() -> None:
    cache = PrefixCache(ManualClock(1))
    first = cache.account(body((0, SHORT)), "s")
    second = cache.account(body((2, SHORT)), "s")
    assert second.cache_read == first.cache_5m
    assert second.cache_5m > 0


def test_a_mark_on_the_request_stands_for_its_last_block() -> None:
    raw = body(cache_control=SHORT)
    usage = PrefixCache(ManualClock(1)).account(raw, "s")
    assert usage.input < 30


def test_an_entry_lives_as_long_as_it_says_and_reading_renews_it() -> None:
    clock = ManualClock(1)
    cache = PrefixCache(clock)
    raw = body((1, SHORT))
    cache.account(raw, "s")
    for _ in range(3):
        clock.advance(200)
        assert cache.account(raw, "s").cache_read > 0
    clock.advance(301)
    assert cache.account(raw, "s").cache_read == 0
    longer = body((1, LONG), blocks=3)
    cache.account(longer, "other")
    clock.advance(3500)
    assert cache.account(longer, "other").cache_read > 0


def test_another_scope_reads_nothing() -> None:
    cache = PrefixCache(ManualClock(1))
    cache.account(body((1, SHORT)), "a")
    assert cache.account(body((1, SHORT)), "b").cache_read == 0


@pytest.mark.parametrize("raw", [body(*((n, SHORT) for n in range(5)), blocks=5), body((0, {"ttl": "9h"}))])
def test_too_many_marks_and_odd_lifetimes_are_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        PrefixCache(ManualClock(1)).account(raw, "s")


async def test_usage_on_the_wire_has_four_buckets(caller: Caller) -> None:
    raw = body((0, LONG), (1, SHORT), system="be brief", tools=[])
    first = (await caller.ask(MESSAGES, raw, VERSION)).json()["usage"]
    second = (await caller.ask(MESSAGES, raw, VERSION)).json()["usage"]
    made = first["cache_creation"]
    assert first["cache_creation_input_tokens"] == sum(made.values()) > 0
    assert second["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    assert second["input_tokens"] == first["input_tokens"]
