"""Rules of sessions that need nothing from outside."""

from dataclasses import replace

import pytest

from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import AgentId, EnvironmentId, OrganizationId, SessionId, WorkspaceId
from antechamber.features.agents.model import Definition, ModelChoice
from antechamber.features.environments.model.configs import CloudConfig
from antechamber.features.sessions.model.containers import MOST_ATTEMPTS, Container, ContainerState
from antechamber.features.sessions.model.events import EventDraft, check_answer
from antechamber.features.sessions.model.sessions import Session, Status, check_title, require_still

PLACE = (OrganizationId("o"), WorkspaceId("w"))
SESSION = Session(
    SessionId("sesn_1"), *PLACE, EnvironmentId("env_1"), AgentId("agent_1"), 1,
    Definition("coder", ModelChoice("claude")), CloudConfig(), 1, 1,
)  # fmt: skip
CONTAINER = Container(SessionId("sesn_1"), *PLACE, "local", ContainerState.PENDING, 1)


def test_only_a_session_that_is_still_is_ended() -> None:
    for status in (Status.IDLE, Status.TERMINATED):
        require_still(replace(SESSION, status=status), "deleted")
    for status in (Status.RUNNING, Status.RESCHEDULING):
        with pytest.raises(InvalidRequest, match=f"sesn_1 is {status} and cannot be deleted"):
            require_still(replace(SESSION, status=status), "deleted")
    assert not SESSION.is_archived
    assert replace(SESSION, archived_at=5).is_archived


def test_a_title_is_short() -> None:
    assert (check_title(None), check_title("a" * 500)) == (None, "a" * 500)
    with pytest.raises(InvalidRequest, match="at most 500"):
        check_title("a" * 501)


def test_pauses_grow_up_to_a_minute() -> None:
    container, pauses = CONTAINER, []
    for _ in range(10):
        container = container.refused(0, "away", most=None)
        pauses.append(container.due_at // MICROSECONDS)
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    assert container.state is ContainerState.PENDING


def test_a_container_fails_after_so_many_refusals_and_starts_afresh() -> None:
    container = CONTAINER
    for number in range(1, MOST_ATTEMPTS + 1):
        container = container.refused(7, "x" * 5000, most=MOST_ATTEMPTS)
        assert (container.state is ContainerState.FAILED) == (number == MOST_ATTEMPTS)
    assert len(container.problem or "") == 2000
    started = container.started(8, "host", ("digest",))
    assert (started.state, started.problem, started.attempts) == (ContainerState.RUNNING, None, 0)
    lost = started.lost(9)
    assert (lost.state, lost.base, lost.layers) == (ContainerState.PENDING, "host", ("digest",))


def test_what_is_to_go_is_never_given_up() -> None:
    going = replace(CONTAINER, state=ContainerState.REMOVING)
    assert going.refused(0, "busy", most=1).state is ContainerState.REMOVING


def test_answers_are_held_to_the_call_that_they_answer() -> None:
    result = EventDraft("user.tool_result", {"tool_use_id": "sevt_1"})
    known = {"sevt_1": "agent.tool_use"}
    check_answer(result, known, (), self_hosted=True)
    assert (result.answers, EventDraft("user.message", {}).answers) == ("sevt_1", None)
    for draft, events, answered, hosted, words in (
        (EventDraft("user.message", {}), known, (), True, "not taken yet"),
        (result, known, (), False, "self_hosted"),
        (result, {}, (), True, "is no agent.tool_use"),
        (result, known, ("sevt_1",), True, "has its result already"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            check_answer(draft, events, answered, self_hosted=hosted)
