"""When a delivery is due again, and when a destination has failed for too long."""

import pytest

from antechamber.base.clock import MICROSECONDS
from antechamber.features.telemetry.model.destinations import DisabledReason
from antechamber.features.telemetry.model.standing import Failure, Standing, Trouble, after_failure, reason_to_disable

NOW = 1_795_262_400_000_000
HOUR = 3600
TIMEOUT = Failure(Trouble.PASSING, "timeout")


def test_each_wait_is_twice_the_one_before_up_to_five_minutes() -> None:
    standing, waits = Standing(NOW), []
    for _ in range(12):
        standing = after_failure(standing, TIMEOUT, NOW)
        waits.append((standing.due_at - NOW) // MICROSECONDS)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert after_failure(Standing(NOW, NOW, 10_000), TIMEOUT, NOW).due_at == NOW + 300 * MICROSECONDS


@pytest.mark.parametrize(("asked", "waited"), [(0, 1), (7, 7), (299, 299), (86_400, 300)])
def test_what_the_destination_asks_for_is_waited_but_never_longer(asked: int, waited: int) -> None:
    failure = Failure(Trouble.PASSING, "HTTP error (status 429)", asked)
    assert after_failure(Standing(NOW), failure, NOW).due_at == NOW + waited * MICROSECONDS


def test_failures_are_counted_from_the_first_on() -> None:
    first = after_failure(Standing(NOW), TIMEOUT, NOW)
    later = after_failure(first, TIMEOUT, NOW + HOUR)
    assert (first.failing_since, later.failing_since, later.attempts) == (NOW, NOW, 2)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Trouble.PASSING, DisabledReason.SUSTAINED_FAILURE),
        (Trouble.REFUSED, DisabledReason.SUSTAINED_FAILURE),
        (Trouble.ADDRESS, DisabledReason.INVALID_ADDRESS),
    ],
)
def test_what_fails_for_too_long_is_disabled_by_its_last_failure(trouble: Trouble, reason: DisabledReason) -> None:
    standing, failure = Standing(NOW, NOW, 3), Failure(trouble, "why")
    at = NOW + HOUR * MICROSECONDS
    assert reason_to_disable(standing, failure, at, HOUR) is None
    assert reason_to_disable(standing, failure, at + 1, HOUR) is reason


def test_a_redirect_disables_at_once() -> None:
    failure = Failure(Trouble.REDIRECT, "redirect (status 301)")
    assert reason_to_disable(after_failure(Standing(NOW), failure, NOW), failure, NOW, HOUR) is DisabledReason.REDIRECT
