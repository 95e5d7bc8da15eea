"""Counters: every adapter takes all or nothing, gives back, and holds nothing beyond its lease."""

import asyncio
from collections.abc import Callable

import pytest

from antechamber.adapters.counters import MemoryCounters
from antechamber.features.limits.model.admission import Granted, Refused, Settlement, Taking, Unread, Verdict
from antechamber.features.limits.model.buckets import Correction, Draw
from antechamber.features.limits.model.spending import Hold
from antechamber.features.limits.ports import Counters

NOW = 1_795_000_000_000_000
SECOND = 1_000_000
END = NOW + 86_400 * SECOND
ADAPTERS: dict[str, Callable[[], Counters]] = {"memory": MemoryCounters}


@pytest.fixture(params=sorted(ADAPTERS))
def counters(request: pytest.FixtureRequest) -> Counters:
    return ADAPTERS[request.param]()


def requests(capacity: int = 5, key: str = "r") -> Draw:
    return Draw(key, capacity, 1, 1)


def tokens(amount: int, capacity: int = 1000, key: str = "t") -> Draw:
    return Draw(key, capacity, amount, min(amount, capacity))


def hold(needed: int, worst: int, limit: int = 1000, key: str = "b") -> Hold:
    return Hold(key, limit, END, needed, worst)


def taking(name: str, *draws: Draw, holds: tuple[Hold, ...] = (), lease: int = 60) -> Taking:
    return Taking(name, draws, holds, NOW + lease * SECOND)


def settled(name: str, *charges: tuple[str, int], holds: tuple[str, ...] = ("b",)) -> Settlement:
    return Settlement(name, holds, (), charges)


async def spent(counters: Counters, key: str = "b") -> int:
    return (await counters.settle(Settlement("nobody", (), (), ((key, 0),)), NOW))[key]


async def held(counters: Counters, now: int = NOW, key: str = "b") -> int:
    verdict = await counters.admit(Taking("probe", (), (hold(10**9, 10**9, key=key),), NOW), now)
    assert isinstance(verdict, Refused)
    return verdict.balances[0].held


async def test_a_request_takes_of_every_rate(counters: Counters) -> None:
    verdict = await counters.admit(taking("a", requests(), tokens(300)), NOW)
    assert isinstance(verdict, Granted)
    assert [level.remaining for level in verdict.levels] == [4, 700]


async def test_where_one_rate_is_short_nothing_is_taken_of_any(counters: Counters) -> None:
    await counters.put_spent("b", 0, END, NOW)
    assert isinstance(await counters.admit(taking("a", tokens(900)), NOW), Granted)
    verdict = await counters.admit(taking("b", requests(), tokens(200), holds=(hold(1, 500),)), NOW)
    assert isinstance(verdict, Refused)
    assert (verdict.draws, verdict.holds) == ((1,), ())
    assert [level.remaining for level in verdict.levels] == [5, 100]
    assert verdict.levels[1].wait_seconds == 6
    assert await held(counters) == 0


async def test_where_a_budget_is_short_nothing_is_taken_of_any(counters: Counters) -> None:
    await counters.put_spent("b", 0, END, NOW)
    await counters.put_spent("c", 995, END, NOW)
    both = (hold(10, 500), hold(10, 500, key="c"))
    verdict = await counters.admit(taking("a", requests(), holds=both), NOW)
    assert isinstance(verdict, Refused)
    assert (verdict.draws, verdict.holds, verdict.levels[0].remaining) == ((), (1,), 5)
    assert await held(counters) == 0


async def test_everything_that_is_short_is_named(counters: Counters) -> None:
    await counters.put_spent("b", 1000, END, NOW)
    verdict = await counters.admit(taking("a", requests(0), tokens(1), requests(0, "s"), holds=(hold(1, 1),)), NOW)
    assert isinstance(verdict, Refused)
    assert (verdict.draws, verdict.holds) == ((0, 2), (0,))


async def test_a_budget_that_nobody_has_read_is_said_so_and_nothing_is_taken(counters: Counters) -> None:
    wanted = taking("a", requests(1), holds=(hold(1, 1), hold(1, 1, key="c")))
    await counters.put_spent("c", 5, END, NOW)
    assert await counters.admit(wanted, NOW) == Unread(("b",))
    assert list(await counters.unread(["b", "c"])) == ["b"]
    await counters.put_spent("b", 7, END, NOW)
    verdict = await counters.admit(wanted, NOW)
    assert isinstance(verdict, Granted)
    assert [balance.spent for balance in verdict.balances] == [7, 5]


async def test_a_charge_of_a_budget_that_nobody_has_read_is_left_to_whoever_reads_it(counters: Counters) -> None:
    assert await counters.settle(settled("a", ("b", 50)), NOW) == {}
    await counters.put_spent("b", 50, END, NOW)
    assert await spent(counters) == 50


async def test_a_reservation_is_exchanged_for_what_was_really_spent(counters: Counters) -> None:
    await counters.put_spent("b", 100, END, NOW)
    await counters.admit(taking("a", holds=(hold(10, 600),)), NOW)
    assert await held(counters) == 600
    assert await counters.settle(settled("a", ("b", 42)), NOW) == {"b": 142}
    assert await held(counters) == 0


async def test_a_request_that_never_left_gives_everything_back(counters: Counters) -> None:
    await counters.put_spent("b", 0, END, NOW)
    await counters.admit(taking("a", requests(), tokens(400), holds=(hold(10, 600),)), NOW)
    back = (Correction("r", 5, -1, NOW), Correction("t", 1000, -400, NOW))
    await counters.settle(Settlement("a", ("b",), back, ()), NOW)
    verdict = await counters.admit(taking("b", requests(), tokens(1)), NOW)
    assert isinstance(verdict, Granted)
    assert [level.remaining for level in verdict.levels] == [4, 999]
    assert (await held(counters), await spent(counters)) == (0, 0)


async def test_more_than_was_estimated_is_owed(counters: Counters) -> None:
    await counters.admit(taking("a", tokens(100)), NOW)
    await counters.settle(Settlement("a", (), (Correction("t", 1000, 1900, NOW),), ()), NOW)
    assert isinstance(await counters.admit(taking("b", tokens(1)), NOW + 59 * SECOND), Refused)
    assert isinstance(await counters.admit(taking("b", tokens(1)), NOW + 61 * SECOND), Granted)


async def test_a_reservation_counts_no_more_when_its_lease_has_run_out(counters: Counters) -> None:
    await counters.put_spent("b", 0, END, NOW)
    await counters.admit(taking("dead", holds=(hold(10, 900),), lease=60), NOW)
    await counters.admit(taking("alive", holds=(hold(10, 50),), lease=60), NOW)
    await counters.renew([("alive", ("b",)), ("never", ("b", "x"))], NOW + 200 * SECOND)
    assert await held(counters, NOW + 59 * SECOND) == 950
    assert await held(counters, NOW + 60 * SECOND) == 50
    assert await counters.settle(settled("dead", ("b", 33)), NOW + 61 * SECOND) == {"b": 33}


async def test_what_is_read_anew_replaces_what_was_counted_and_leaves_what_is_held(counters: Counters) -> None:
    await counters.put_spent("b", 0, END, NOW)
    await counters.admit(taking("a", holds=(hold(10, 100),)), NOW)
    await counters.put_spent("b", 500, END, NOW)
    assert (await held(counters), await spent(counters)) == (100, 500)


async def test_a_day_is_counted_by_the_calendar(counters: Counters) -> None:
    late = NOW - NOW % (86_400 * SECOND) + 86_399 * SECOND
    once = Draw("d", 1, 1, 1, daily=True)
    assert isinstance(await counters.admit(taking("a", once), late), Granted)
    assert isinstance(await counters.admit(taking("b", once), late), Refused)
    assert isinstance(await counters.admit(taking("c", once), late + SECOND), Granted)


async def test_of_two_hundred_at_once_only_as_many_pass_as_there_is_room_for(counters: Counters) -> None:
    await counters.put_spent("b", 0, END, NOW)
    wanted = [taking(str(number), requests(10**6), holds=(hold(10, 100, limit=1050),)) for number in range(200)]
    verdicts: list[Verdict] = await asyncio.gather(*(counters.admit(each, NOW) for each in wanted))
    # ten within the budget, and one that reaches beyond it
    assert sum(isinstance(verdict, Granted) for verdict in verdicts) == 11
    assert await held(counters) == 1100


async def test_counts_that_are_back_at_nothing_are_forgotten_and_those_in_force_are_not() -> None:
    counters = MemoryCounters()
    await counters.put_spent("kept", 5, END, NOW)
    await counters.put_spent("over", 5, NOW - 10 * 86_400 * SECOND, NOW)
    await counters.admit(taking("a", Draw("busy", 10, 600, 0)), NOW)
    for number in range(4093):
        await counters.admit(taking("a", Draw(f"k{number}", 10, 1, 1)), NOW - 60 * SECOND)
    await counters.admit(taking("a", requests()), NOW)
    assert set(counters._buckets) == {"busy", "r"}
    assert list(await counters.unread(["kept", "over"])) == ["over"]
