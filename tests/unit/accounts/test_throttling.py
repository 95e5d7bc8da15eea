"""How guesses are slowed down: free ones, then twice the wait each time, and never for good."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.clock import MICROSECONDS
from antechamber.features.accounts.model import Attempts, ThrottleRules, network_of

RULES = ThrottleRules()
NOON = 1_795_262_400_000_000
DAY = 86_400


def fail(attempts: Attempts, times: int, free: int, now: int) -> Attempts:
    for _ in range(times):
        attempts = RULES.begin(attempts, free, now)
    return attempts


def test_the_first_failures_are_free_and_then_each_waits_twice_as_long() -> None:
    waits = [fail(Attempts(), times, 5, NOON).wait_seconds(NOON) for times in range(1, 18)]
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_a_wait_ends() -> None:
    attempts = fail(Attempts(), 6, 5, NOON)
    assert attempts.wait_seconds(NOON + 1) == 2
    assert attempts.wait_seconds(NOON + 2 * MICROSECONDS - 1) == 1
    assert attempts.wait_seconds(NOON + 2 * MICROSECONDS) == 0


def test_a_day_without_attempts_forgets_them() -> None:
    attempts = fail(Attempts(), 30, 5, NOON)
    assert fail(attempts, 1, 5, NOON + DAY * MICROSECONDS).failures == 1
    assert fail(attempts, 1, 5, NOON + DAY * MICROSECONDS - 1).failures == 31


def test_success_makes_an_address_known_and_clears_what_failed_there() -> None:
    attempts = RULES.succeed(fail(Attempts(), 30, 5, NOON), NOON)
    assert (attempts.failures, attempts.wait_seconds(NOON)) == (0, 0)
    assert attempts.known_until == attempts.forget_at() == NOON + 90 * DAY * MICROSECONDS


def test_success_elsewhere_takes_back_its_own_attempt_alone() -> None:
    attempts = RULES.take_back(fail(Attempts(), 30, 5, NOON))
    assert (attempts.failures, attempts.wait_seconds(NOON)) == (29, 0)
    assert RULES.take_back(Attempts()).failures == 0


@given(st.integers(0, 10_000), st.integers(1, 200), st.integers(1, 86_400))
def test_no_number_of_failures_makes_anyone_wait_longer_than_the_longest(
    failures: int, free: int, longest: int
) -> None:
    rules = ThrottleRules(longest_seconds=longest)
    delay = rules.delay_seconds(failures, free)
    assert 0 <= delay <= longest
    assert delay <= rules.delay_seconds(failures + 1, free)
    assert (delay == 0) == (failures < free)


@given(st.lists(st.integers(0, 2 * DAY), max_size=60))
def test_a_guesser_who_never_stops_gets_few_guesses_a_day(pauses: list[int]) -> None:
    """However the attempts are spread, those let through beyond the free ones wait for each other."""
    now, attempts, let_through = NOON, Attempts(), []
    for pause in pauses:
        now += pause * MICROSECONDS
        if attempts.wait_seconds(now) == 0:
            attempts = RULES.begin(attempts, 10, now)
            let_through.append((attempts.failures, now))
    for (before, first), (_, second) in pairwise(let_through):
        assert second - first >= RULES.delay_seconds(before, 10) * MICROSECONDS


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_an_ipv6_host_is_as_one_with_its_network(address: str | None, network: str) -> None:
    assert network_of(address) == network


@given(st.ip_addresses())
def test_every_address_is_counted_somewhere(address: object) -> None:
    assert network_of(str(address)) != "unknown"
