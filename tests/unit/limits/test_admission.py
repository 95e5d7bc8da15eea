"""Admission: everything or nothing, what was really used, and a spending that is the ledger's own."""

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest, RateLimited
from antechamber.base.ids import UserId
from antechamber.features.limits.model.admission import Detour, RefusedByLimit, Settlement
from antechamber.features.limits.model.definitions import Limiter, Period, Quota, Scope
from antechamber.features.limits.model.spending import rule_key
from antechamber.features.limits.service.admission import LimitTicket
from antechamber.features.usage.model import TokenUsage
from tests.unit.limits.ledgers import KEY, ORGANIZATION, USER, WORKSPACE, Gate, cost_of, rate, spend

DAY = 86_400


async def refusal(gate: Gate, read: int = 10, write: int | None = 10) -> RefusedByLimit:
    with pytest.raises(RefusedByLimit) as caught:
        await gate.admission.admit(gate.asking(read, write))
    return caught.value


async def _spent(gate: Gate) -> int:
    """What the organisation's budget of the month has come to."""
    key = rule_key(spend(0), gate.clock.now())
    return (await gate.counters.settle(Settlement("nobody", (), (), ((key, 0),)), gate.clock.now()))[key]


async def test_a_request_that_no_limit_holds_says_nothing_and_leaves_nothing() -> None:
    gate = Gate()
    ticket = await gate.admit()
    assert ticket.headers == []
    await gate.end(ticket)
    assert (gate.ledger.readings, gate.admission.held_count, gate.admission.refused_count) == (0, 0, 0)


async def test_input_is_taken_as_estimated_and_corrected_without_what_came_from_a_cache() -> None:
    gate = Gate()
    gate.limit(
        rate(Limiter.INPUT_TOKENS_PER_MINUTE_CACHE_AWARE, 10_000),
        rate(Limiter.INPUT_TOKENS_PER_MINUTE, 20_000),
        rate(Limiter.OUTPUT_TOKENS_PER_MINUTE, 5000),
        rate(Limiter.TOKENS_PER_DAY, 50_000),
    )
    first = await gate.admit(read=6000, write=4000)
    assert _remaining(first) == {"input-tokens": 4000, "output-tokens": 5000, "tokens": 44_000}
    await first.release(TokenUsage(uncached_input=1000, cache_write_5m=1000, cache_read=9000, output=3000))
    second = await gate.admit(read=0)
    assert _remaining(second) == {"input-tokens": 8000, "output-tokens": 2000, "tokens": 36_000}


async def test_output_is_counted_when_it_is_there_not_when_it_is_asked_for() -> None:
    gate = Gate()
    gate.limit(rate(Limiter.OUTPUT_TOKENS_PER_MINUTE, 1000))
    tickets = [await gate.admit(write=100_000) for _ in range(3)]
    await tickets[0].release(TokenUsage(output=1500))
    assert "1,000 output tokens per minute" in (await refusal(gate)).error.message
    gate.clock.advance(31)
    assert isinstance(await gate.admit(), LimitTicket)


async def test_a_request_that_never_left_gives_its_place_back_and_one_that_failed_does_not() -> None:
    gate = Gate()
    gate.limit(rate(Limiter.REQUESTS_PER_MINUTE, 2), spend(10_000))
    never = await gate.admit()
    await never.release(None)
    await never.release(None)
    failed, other = await gate.admit(), await gate.admit()
    await gate.end(failed, 0, 0)
    assert isinstance((await refusal(gate)).error, RateLimited)
    await gate.end(other)
    assert gate.admission.held_count == 0


async def test_a_count_of_tokens_takes_requests_of_its_own_group_and_no_money() -> None:
    gate = Gate()
    gate.limit(spend(0), rate(Limiter.REQUESTS_PER_MINUTE, 0), quota=Quota(requests_per_minute=0))
    asking = gate.asking(read=0)
    asking.is_count = True
    ticket = await gate.admission.admit(asking)
    assert isinstance(ticket, LimitTicket)
    await ticket.release(TokenUsage())


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 100)), min_size=1, max_size=60),
    st.integers(0, 20_000),
)
@settings(deadline=None)
def test_in_any_order_of_coming_and_ending_a_budget_is_overshot_by_at_most_one_request(
    steps: list[tuple[int, int, int]], limit: int
) -> None:
    async def run() -> None:
        gate = Gate()
        gate.limit(spend(limit))
        dearest, under_way = 0, []
        for read, write, choice in steps:
            with contextlib.suppress(RefusedByLimit):
                under_way.append((await gate.admit(read, write), read, write))
            if choice < 50 and under_way:
                ticket, read_, write_ = under_way.pop(choice % len(under_way))
                dearest = max(dearest, await gate.end(ticket, read_, write_))
        for ticket, read, write in under_way:
            dearest = max(dearest, await gate.end(ticket, read, write))
        assert sum(gate.ledger.rows) <= limit + dearest
        assert gate.admission.held_count == 0

    asyncio.run(run())


async def test_two_hundred_at_the_edge_overshoot_by_at_most_one_request() -> None:
    gate = Gate()
    gate.limit(spend(10 * cost_of(TokenUsage(uncached_input=10, output=10)) + 1))

    async def one() -> int:
        try:
            ticket = await gate.admit(10, 10)
        except RefusedByLimit:
            return 0
        await asyncio.sleep(0)
        return await gate.end(ticket, 10, 10)

    costs = await asyncio.gather(*(one() for _ in range(200)))
    assert sum(cost > 0 for cost in costs) == 10
    # what was held but not spent is there for those that come after
    assert isinstance((await refusal(gate)).error, InvalidRequest)


async def test_waves_of_requests_that_use_less_than_they_hold_overshoot_by_at_most_one() -> None:
    gate = Gate()
    gate.limit(spend(10_000))
    under_way, costs = [], []
    for turn in range(400):
        with contextlib.suppress(RefusedByLimit):
            under_way.append(await gate.admit(10, 60))
        if turn % 3 and under_way:
            costs.append(await gate.end(under_way.pop(0), 10, 38))
    costs += [await gate.end(ticket, 10, 38) for ticket in under_way]
    assert sum(costs) <= 10_000 + max(costs)


async def test_what_requests_under_way_hold_is_no_limit_that_was_reached() -> None:
    gate = Gate()
    gate.limit(spend(1000))
    ticket = await gate.admit(10, 10_000)
    held = await refusal(gate)
    assert (held.error.type, held.error.retry_after, held.error.should_retry) == ("rate_limit_error", 1, None)
    assert dict(held.headers)[b"anthropic-ratelimit-unified-status"] == b"allowed"
    await gate.end(ticket, 10, 10)
    assert isinstance(await gate.admit(10, 10), LimitTicket)


async def test_who_does_not_say_how_much_it_wants_holds_a_usual_amount() -> None:
    gate = Gate()
    gate.limit(spend(8192 * 15 * 2 + 60))
    await gate.admit(10, None)
    await gate.admit(10, None)
    assert "under way" in (await refusal(gate, 1, None)).error.message


async def test_what_may_be_written_into_a_cache_is_held_at_its_price() -> None:
    gate = Gate()
    gate.limit(spend(750))
    assert isinstance(await gate.admission.admit(gate.asking(100, 0, b'{"cache_control": {"ttl": "1h"}}')), LimitTicket)
    assert isinstance(await gate.admission.admit(gate.asking(40, 0, b'{"cache_control": {}}')), LimitTicket)
    assert "under way" in (await refusal(gate, 1, 0)).error.message


async def test_spending_before_this_process_counts_and_is_read_once() -> None:
    gate = Gate()
    gate.ledger.earlier = 980
    gate.limit(spend(1000))
    await gate.admit(5, 0)
    assert isinstance((await refusal(gate, 100, 0)).error, InvalidRequest)
    await asyncio.gather(*(gate.admit(0, 0) for _ in range(5)))
    assert gate.ledger.readings == 1


async def test_what_is_settled_while_the_ledger_is_read_counts_once() -> None:
    gate = Gate()
    unlimited = [await gate.admit() for _ in range(3)]
    first = await gate.end(unlimited[0])
    gate.limit(spend(10_000))
    gate.ledger.pause = asyncio.Event()
    waiting = asyncio.create_task(gate.admit(0, 0))
    await asyncio.sleep(0.01)
    second = await gate.end(unlimited[1])
    gate.ledger.pause.set()
    await waiting
    third = await gate.end(unlimited[2])
    assert await _spent(gate) == first + second + third == sum(gate.ledger.rows)


async def test_requests_that_came_before_a_limit_are_charged_to_it_when_they_end() -> None:
    gate = Gate()
    old = await gate.admit()
    gate.limit(spend(1000))
    await gate.admit(0, 0)
    cost = await gate.end(old)
    assert await _spent(gate) == cost


async def test_each_holder_and_period_has_its_own_budget() -> None:
    gate = Gate()
    gate.limit(
        spend(10_000),
        spend(400, Scope.API_KEY, KEY, Period.DAILY),
        spend(10_000, Scope.USER, USER, Period.WEEKLY),
        spend(10_000, Scope.WORKSPACE, WORKSPACE),
    )
    await gate.end(await gate.admit(10, 20), 10, 20)
    refused = await refusal(gate, 30, 0)
    assert refused.error.message.startswith("You have reached your specified API key API usage limits.")
    assert refused.error.details["resets_at"] == "2026-11-22T00:00:00Z"
    gate.ledger.rows.clear()
    gate.clock.advance(DAY)
    assert isinstance(await gate.admit(30, 0), LimitTicket)


async def test_a_request_that_crosses_midnight_is_charged_to_the_day_it_came_on() -> None:
    gate = Gate()
    gate.limit(spend(700, period=Period.DAILY))
    late = await gate.admit(10, 20)
    gate.clock.advance(DAY)
    await gate.admit(0, 0)
    await gate.end(late, 10, 20)
    assert isinstance(await gate.admit(100, 0), LimitTicket)


async def test_a_refresh_takes_up_what_the_ledger_has_corrected_and_keeps_what_is_held() -> None:
    gate = Gate()
    gate.limit(spend(1000))
    ticket = await gate.admit(10, 20)
    gate.ledger.earlier = 600
    await gate.spending.refresh()
    assert await _spent(gate) == 600
    assert "under way" in (await refusal(gate, 100, 0)).error.message
    await gate.end(ticket, 10, 20)
    assert await _spent(gate) == 930
    gate.clock.advance(40 * DAY)
    readings = gate.ledger.readings
    await gate.spending.refresh()
    assert gate.ledger.readings == readings


async def test_thresholds_are_told_once_in_a_period_and_not_again_after_a_restart() -> None:
    gate = Gate()
    gate.ledger.earlier = 510
    gate.limit(spend(1000))
    for _ in range(2):
        await gate.end(await gate.admit(0, 10), 0, 10)
    assert gate.told.percents == [75]
    await gate.end(await gate.admit(0, 20), 0, 20)
    assert gate.told.percents == [75, 90, 100]
    crossing = gate.told.crossings[-1]
    assert (crossing.spent, crossing.limit, crossing.scope_id) == (1110, 1000, ORGANIZATION)
    gate.limit(spend(2000))
    await gate.end(await gate.admit(0, 0), 0, 0)
    assert gate.told.percents == [75, 90, 100]


async def test_a_quota_leads_to_the_weaker_model_and_what_it_takes_does_not_count_again() -> None:
    gate = Gate()
    gate.limit(quota=Quota(requests_per_minute=2, requests_per_day=2000, fallback_model="small"))
    first = await gate.admit()
    assert dict(first.headers)[b"anthropic-ratelimit-requests-remaining"] == b"1"
    await gate.admit()
    asking = gate.asking()
    detour = await gate.admission.admit(asking)
    assert isinstance(detour, Detour)
    assert (detour.model, detour.refused.error.message) == (
        "small",
        "This request would exceed your quota of 2 requests per minute.",
    )
    asking.under_quota = False
    assert isinstance(await gate.admission.admit(asking), LimitTicket)
    assert isinstance(await gate.admission.admit(gate.asking(user=None)), LimitTicket)
    assert isinstance(await gate.admission.admit(gate.asking(user=UserId("user_2"))), LimitTicket)
    assert gate.admission.refused_count == 0


async def test_without_a_weaker_model_a_quota_refuses_and_another_limit_is_no_detour() -> None:
    gate = Gate()
    gate.limit(quota=Quota(requests_per_day=1))
    await gate.admit()
    assert (await refusal(gate)).error.retry_after == 43_200
    gate.limit(rate(Limiter.REQUESTS_PER_MINUTE, 0), quota=Quota(requests_per_day=1, fallback_model="small"))
    assert isinstance((await refusal(gate)).error, RateLimited)


async def test_a_lease_is_renewed_while_a_request_lasts_and_runs_out_without() -> None:
    gate = Gate()
    gate.limit(spend(1000))
    ticket = await gate.admit(10, 10_000)
    gate.clock.advance(50)
    await gate.admission.renew()
    gate.clock.advance(50)
    assert "under way" in (await refusal(gate)).error.message
    gate.clock.advance(61)
    assert isinstance(await gate.admit(10, 10), LimitTicket)
    await gate.end(ticket, 10, 10)
    assert await _spent(gate) == 180


async def test_a_running_server_keeps_what_is_held_and_takes_up_what_was_corrected_through_outages() -> None:
    gate = Gate()
    gate.limit(spend(1000))
    ticket = await gate.admit(10, 10_000)
    running = asyncio.create_task(gate.admission.run(beat_seconds=0.001))
    gate.ledger.is_away = True
    for _ in range(5):
        gate.clock.advance(20)
        await asyncio.sleep(0.03)
    gate.ledger.is_away = False
    gate.ledger.earlier = 300
    async with asyncio.timeout(5):
        while await _spent(gate) != 300:  # noqa: ASYNC110 - what is watched is in the counters
            await asyncio.sleep(0.01)
    assert "under way" in (await refusal(gate)).error.message
    running.cancel()
    await asyncio.wait({running})
    await gate.end(ticket)
    assert await _spent(gate) == 480


async def test_what_ends_while_the_counters_are_away_counts_with_the_next_reading() -> None:
    gate = Gate()
    gate.limit(spend(1000), rate(Limiter.REQUESTS_PER_MINUTE, 10))
    ticket = await gate.admit()
    gate.counters._open_until = gate.clock.monotonic() + 5
    cost = await gate.end(ticket)
    gate.clock.advance(5)
    assert await _spent(gate) == 0
    await gate.spending.refresh()
    assert await _spent(gate) == cost


async def test_a_ledger_that_does_not_answer_is_let_be_or_refuses_as_configured() -> None:
    for is_open in (True, False):
        gate = Gate(is_open_on_failure=is_open)
        gate.limit(spend(0))
        gate.ledger.is_away = True
        if is_open:
            await gate.end(await gate.admit())
        else:
            refused = await refusal(gate)
            assert (refused.error.type, refused.error.retry_after) == ("overloaded_error", 1)
        assert gate.admission.unchecked_count == 1
        gate.ledger.is_away = False
        assert isinstance((await refusal(gate)).error, InvalidRequest)


def _remaining(ticket: LimitTicket) -> dict[str, int]:
    prefix, suffix = "anthropic-ratelimit-", "-remaining"
    pairs = {name.decode(): value for name, value in ticket.headers}
    return {
        name.removeprefix(prefix).removesuffix(suffix): int(value)
        for name, value in pairs.items()
        if name.endswith(suffix)
    }
