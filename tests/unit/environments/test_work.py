"""What a lease is at an instant, whatever was done to it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.base.errors import InvalidRequest, PreconditionFailed, StateConflict
from antechamber.base.ids import EnvironmentId, OrganizationId, SessionId, WorkId, WorkspaceId
from antechamber.features.environments.model.keys import check_key_end, check_key_name
from antechamber.features.environments.model.work import NO_HEARTBEAT, Work, WorkState

START = 1_795_262_400_000_000
QUEUED = Work(
    WorkId("work_1"), OrganizationId("o"), WorkspaceId("w"), EnvironmentId("e"), SessionId("s"), WorkState.QUEUED, START
)
SECOND = MICROSECONDS


def active(ttl_seconds: int = 10) -> Work:
    return QUEUED.taken(START).acknowledged(START).kept(START, NO_HEARTBEAT, ttl_seconds)


def test_an_item_goes_its_way() -> None:
    taken = QUEUED.taken(START + 1)
    assert (taken.state, taken.polled_at) == (WorkState.QUEUED, START + 1)
    starting = taken.acknowledged(START + 2)
    assert (starting.state, starting.acknowledged_at) == (WorkState.STARTING, START + 2)
    assert starting.lease_ends_at == START + 2 + 300 * SECOND
    kept = starting.kept(START + 3, NO_HEARTBEAT, None)
    assert (kept.state, kept.started_at, kept.latest_heartbeat_at) == (WorkState.ACTIVE, START + 3, START + 3)
    again = kept.kept(START + 4, to_rfc3339(START + 3), 20)
    assert (again.started_at, again.lease_ends_at) == (START + 3, START + 4 + 20 * SECOND)
    stopping = again.stopped(START + 5, force=False)
    assert (stopping.state, stopping.stop_requested_at, stopping.stopped_at) == (WorkState.STOPPING, START + 5, None)
    stopped = stopping.stopped(START + 6, force=True)
    assert (stopped.state, stopped.stop_requested_at, stopped.stopped_at) == (WorkState.STOPPED, START + 5, START + 6)


def test_two_heartbeats_at_one_instant_have_two_names() -> None:
    first = active()
    second = first.kept(START, to_rfc3339(START), None)
    assert second.latest_heartbeat_at == START + 1


@pytest.mark.parametrize("expected", [NO_HEARTBEAT, "", "2001-01-01T00:00:00Z"])
def test_a_heartbeat_that_names_another_is_told_of_the_lease(expected: str) -> None:
    with pytest.raises(PreconditionFailed) as caught:
        active().kept(START + 1, expected, None)
    lease = {"last_heartbeat": to_rfc3339(START), "lease_extended": False, "state": "active", "ttl_seconds": 10}
    assert caught.value.details == {"current_state": lease}
    assert caught.value.error_code == "heartbeat_precondition_failed"


@pytest.mark.parametrize(("asked", "given"), [(None, 10), (0, 10), (1, 1), (9999, 3600)])
def test_a_lease_lasts_within_bounds(asked: int | None, given: int) -> None:
    assert active().kept(START + 1, None, asked).ttl_seconds == given


def test_what_has_stopped_takes_nothing_more() -> None:
    stopped = QUEUED.stopped(START, force=False)
    assert stopped.state is WorkState.STOPPED
    assert stopped.kept(START, "anything", 5) == stopped.at(START + 10**12) == stopped
    with pytest.raises(StateConflict):
        stopped.stopped(START, force=True)
    with pytest.raises(StateConflict):
        stopped.acknowledged(START)


@given(after=st.integers(0, 100 * SECOND), force=st.booleans())
def test_a_lease_is_over_at_its_end_and_not_before(*, after: int, force: bool) -> None:
    now, kept = START + after, active(10)
    found = kept.at(now)
    assert (found == kept) == (now < START + 10 * SECOND)
    assert found.state is (WorkState.ACTIVE if found == kept else WorkState.QUEUED)
    asked = kept.stopped(START, force=force)
    ended = asked.at(now)
    assert ended.state in ({WorkState.STOPPING, WorkState.STOPPED} if not force else {WorkState.STOPPED})
    assert replace(ended, metadata={}) == ended.described({})
    if not force and now >= START + 10 * SECOND:
        assert ended.stopped_at == START + 10 * SECOND


def test_a_key_has_a_name_and_an_end_that_is_ahead() -> None:
    assert (check_key_name("laptop"), check_key_end(None, 5), check_key_end(6, 5)) == ("laptop", None, 6)
    for name in ("", " ", "a" * 257, "a\n"):
        with pytest.raises(InvalidRequest, match="name"):
            check_key_name(name)
    with pytest.raises(InvalidRequest, match="expires_at"):
        check_key_end(5, 5)
