"""The breaker: counters that are slow or gone are left alone, and asked again after a while."""

import asyncio

import pytest

from antechamber.adapters.counters import MemoryCounters
from antechamber.base.clock import ManualClock
from antechamber.features.limits.model.admission import Granted, RefusedByLimit, Taking, Verdict
from antechamber.features.limits.model.buckets import Draw
from antechamber.features.limits.model.definitions import Limiter
from antechamber.features.limits.service.breaker import CountersAwayError, GuardedCounters
from tests.unit.limits.ledgers import Gate, rate

WANTED = Taking("a", (Draw("k", 10, 1, 1),), (), 0)


class Flaky(MemoryCounters):
    """Counters behind a network that a test can cut or slow down."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.is_away = False
        self.is_slow = False

    async def admit(self, taking: Taking, now: int) -> Verdict:
        self.asked += 1
        if self.is_away:
            raise ConnectionResetError
        if self.is_slow:
            await asyncio.sleep(60)
        return await super().admit(taking, now)


async def fails(guarded: GuardedCounters) -> None:
    with pytest.raises(CountersAwayError):
        await guarded.admit(WANTED, 0)


async def test_after_some_failures_in_a_row_nothing_is_asked_for_a_while() -> None:
    counters, clock = Flaky(), ManualClock()
    guarded = GuardedCounters(counters, clock, open_seconds=5, failures=3)
    counters.is_away = True
    for _ in range(10):
        await fails(guarded)
    assert (counters.asked, guarded.is_open) == (3, True)
    counters.is_away = False
    clock.advance(4.9)
    await fails(guarded)
    clock.advance(0.1)
    assert isinstance(await guarded.admit(WANTED, 0), Granted)
    assert (counters.asked, guarded.is_open) == (4, False)


async def test_a_probe_that_fails_closes_the_way_again_and_one_in_flight_lets_no_other_through() -> None:
    counters, clock = Flaky(), ManualClock()
    guarded = GuardedCounters(counters, clock, open_seconds=5, failures=1, deadline_seconds=0.02)
    counters.is_away = True
    await fails(guarded)
    clock.advance(5)
    counters.is_away, counters.is_slow = False, True
    await asyncio.gather(*(fails(guarded) for _ in range(5)))
    assert (counters.asked, guarded.is_open) == (2, True)


async def test_what_takes_too_long_counts_as_away() -> None:
    counters = Flaky()
    guarded = GuardedCounters(counters, ManualClock(), deadline_seconds=0.01, failures=2)
    counters.is_slow = True
    await fails(guarded)
    assert not guarded.is_open
    await fails(guarded)
    assert guarded.is_open


async def test_one_failure_between_successes_opens_nothing() -> None:
    counters = Flaky()
    guarded = GuardedCounters(counters, ManualClock(), failures=2)
    for _ in range(4):
        counters.is_away = True
        await fails(guarded)
        counters.is_away = False
        await guarded.admit(WANTED, 0)
    assert not guarded.is_open


async def test_requests_go_on_where_that_is_configured() -> None:
    counters = Flaky()
    gate = Gate(counters, is_open_on_failure=True)
    counters.is_away = True
    gate.limit(rate(Limiter.REQUESTS_PER_MINUTE, 0))
    for _ in range(5):
        ticket = await gate.admit()
        assert ticket.headers == []
        await gate.end(ticket)
    assert gate.admission.unchecked_count == 5


async def test_requests_are_refused_where_that_is_configured_and_unlimited_ones_do_not_notice() -> None:
    counters = Flaky()
    gate = Gate(counters, is_open_on_failure=False)
    counters.is_away = True
    await gate.end(await gate.admit())
    gate.limit(rate(Limiter.REQUESTS_PER_MINUTE, 100))
    with pytest.raises(RefusedByLimit, match="Limits cannot be checked at the moment"):
        await gate.admit()
    assert counters.asked == 1
