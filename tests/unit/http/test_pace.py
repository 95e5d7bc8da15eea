"""How fast an organisation may administer itself."""

import pytest

from antechamber.base.clock import ManualClock
from antechamber.base.errors import RateLimited
from antechamber.base.ids import OrganizationId
from antechamber.http.pace import Pace

MINE, THEIRS = OrganizationId("mine"), OrganizationId("theirs")
PATH = "/v1/organizations/users"


def test_a_minutes_requests_may_come_at_once_and_then_at_their_rate() -> None:
    clock = ManualClock()
    pace = Pace(6, clock)
    for _ in range(6):
        pace.step(PATH, MINE)
    with pytest.raises(RateLimited, match=r"may make 6 requests a minute") as caught:
        pace.step(PATH, MINE)
    assert caught.value.retry_after == 10
    clock.advance(10)
    pace.step(PATH, MINE)
    with pytest.raises(RateLimited):
        pace.step(PATH, MINE)
    clock.advance(3600)
    for _ in range(6):
        pace.step(PATH, MINE)
    with pytest.raises(RateLimited):
        pace.step(PATH, MINE)


def test_endpoints_share_the_pace_and_organizations_do_not() -> None:
    pace = Pace(1, ManualClock())
    pace.step("/v1/organizations/users", MINE)
    with pytest.raises(RateLimited):
        pace.step("/v1/organizations/invites", MINE)
    pace.step(PATH, THEIRS)


def test_other_endpoints_are_not_counted() -> None:
    pace = Pace(1, ManualClock())
    for _ in range(3):
        pace.step("/v1/usage/me", MINE)


def test_without_a_limit_nothing_is_counted() -> None:
    pace = Pace(0, ManualClock())
    for _ in range(1000):
        pace.step(PATH, MINE)
