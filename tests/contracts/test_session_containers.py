"""Containers become what sessions say that there should be, whatever fails in between."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import InvalidRequest, Unavailable
from antechamber.base.page import PageQuery
from antechamber.features.agents.model import McpServer
from antechamber.features.environments.model.configs import CloudDraft
from antechamber.features.environments.model.environments import EnvironmentDraft
from antechamber.features.environments.model.networking import LimitedDraft, Unrestricted
from antechamber.features.environments.model.sandbox import NetworkMode, SandboxError, SandboxGone
from antechamber.features.environments.service.work import Polling
from antechamber.features.sessions.model.containers import MOST_ATTEMPTS, ContainerState
from antechamber.features.sessions.model.events import EventDraft
from antechamber.features.sessions.model.sessions import Reach
from antechamber.features.sessions.service.events import EventQuery
from antechamber.features.sessions.service.sessions import Shown
from tests.contracts.seating import REGISTRY, ROOM, SELF_HOSTED, Seating, queue_of
from tests.contracts.tenants import MINE, Services

REACH = Reach(MINE, ROOM)


@pytest.fixture
async def seating(made: Services) -> AsyncIterator[Seating]:
    opened = Seating(made)
    yield opened
    await opened.close()


def runs(shown: Shown) -> bool:
    return shown.container is not None and shown.container.state is ContainerState.RUNNING


def failed(shown: Shown) -> bool:
    return shown.container is not None and shown.container.state is ContainerState.FAILED


def waits(shown: Shown) -> bool:
    return shown.container is not None and shown.container.problem is not None


async def test_a_container_is_made_of_what_its_session_started_with(seating: Seating) -> None:
    limited = LimitedDraft(allowed_hosts=["api.example.com"], allow_mcp_servers=True, allow_package_managers=True)
    environment = await seating.limited("limited", limited)
    shown = await seating.session(environment, McpServer("docs", "https://mcp.example.com:8443/mcp"))
    # what is changed before the container is made reaches new sessions only
    said = EnvironmentDraft(config=CloudDraft(networking=Unrestricted()))
    await seating.environments.environments.update(MINE, ROOM, environment.id, said, OPERATOR)
    seating.open()
    await seating.until(shown, runs)
    (spec,) = seating.sandboxes.specs
    assert (spec.id, spec.base, spec.layers, spec.limits.pids) == (shown.session.id, "host", (), 7)
    assert (spec.environment, spec.files) == ({"LANG": "C"}, {"/etc/x": b"y"})
    assert spec.labels == {"kind": "session", "environment_id": environment.id, "workspace_id": ROOM}
    network = spec.network
    assert (network.mode, network.blocked) == (NetworkMode.LIMITED, ("blocked.example",))
    found = {rule.host: (rule.reason, rule.ports) for rule in network.allowed}
    assert found == {
        "api.example.com": ("allowed_hosts", (443,)),
        "mcp.example.com": ("allow_mcp_servers", (8443,)),
        REGISTRY.host: (REGISTRY.reason, REGISTRY.ports),
    }
    assert [each.config for each in seating.prepared] == [shown.session.config]


async def test_what_a_dead_server_left_is_taken_up(seating: Seating) -> None:
    environment = await seating.environment("a")
    kept, gone = await seating.session(environment), await seating.session(environment)
    seating.open()
    for shown in (kept, gone):
        await seating.until(shown, runs)
    await seating.close()
    await seating.services.sessions.delete(REACH, gone.session.id, OPERATOR)
    await seating.sandboxes.close()
    seating.open()
    await seating.until(kept, lambda found: runs(found) and len(seating.sandboxes.specs) == 3)
    await seating.until_gone(gone)
    assert await seating.sandboxes.find(kept.session.id) is not None


async def test_a_container_that_ended_by_itself_is_started_again_on_what_it_stood_on(seating: Seating) -> None:
    shown = await seating.session(await seating.environment("a"))
    seating.open()
    await seating.until(shown, runs)
    sandbox = await seating.sandboxes.find(shown.session.id)
    assert sandbox is not None
    await sandbox.stop()
    # it is looked for every few seconds
    seating.made.clock.advance(10)
    await seating.until(shown, lambda found: runs(found) and len(seating.sandboxes.specs) == 2)
    assert len(seating.prepared) == 1


async def test_one_that_runs_already_is_taken_for_what_it_is(seating: Seating) -> None:
    """An engine of its own goes on running containers when a server is killed, perhaps before it wrote that down."""
    shown = await seating.session(await seating.environment("a"))
    first = seating.open()
    await seating.until(shown, runs)
    await first.stop()
    async with seating.made.database.begin() as unit:
        container = await seating.services.stores.containers.find(unit, MINE, shown.session.id)
        assert container is not None
        await seating.services.stores.containers.put(unit, MINE, container.lost(0))
    seating.open()
    await seating.until(shown, runs)
    assert len(seating.sandboxes.specs) == 1


async def test_packages_that_cannot_be_installed_are_not_tried_again_before_the_next_start(seating: Seating) -> None:
    seating.unbuilt = [InvalidRequest("no base has apt")]
    shown = await seating.session(await seating.environment("a"))
    first = seating.open()
    found = await seating.until(shown, failed)
    assert found.container is not None
    assert found.container.problem == "no base has apt"
    assert await told(seating, shown) == [("no base has apt", "exhausted")]
    await first.stop()
    seating.open()
    await seating.until(shown, runs)


async def told(seating: Seating, shown: Shown) -> list[tuple[str, str]]:
    part = await seating.services.events.listing(REACH, shown.session.id, EventQuery(PageQuery()))
    errors = [event.fields["error"] for event in part.items if event.type == "session.error"]
    return [(error["message"].partition(": ")[2], error["retry_status"]["type"]) for error in errors]


@pytest.mark.parametrize("failure", [SandboxGone("the runtime went away"), Unavailable("the database is away")])
async def test_what_passes_is_waited_for(seating: Seating, failure: Exception) -> None:
    seating.unbuilt = [failure]
    shown = await seating.session(await seating.environment("a"))
    seating.open()
    await seating.until(shown, waits)
    assert [status for _, status in await told(seating, shown)] == ["retrying"]
    seating.made.clock.advance(61)
    assert seating.containers is not None
    seating.containers.wake()
    found = await seating.until(shown, runs)
    assert found.container is not None
    assert (found.container.problem, found.container.attempts) == (None, 0)


async def test_a_runtime_that_says_no_is_asked_a_few_times(seating: Seating) -> None:
    seating.sandboxes.failures = [SandboxError("no room on the disk")] * MOST_ATTEMPTS
    shown = await seating.session(await seating.environment("a"))
    containers = seating.open()
    for number in range(1, MOST_ATTEMPTS + 1):
        await seating.until(shown, lambda found, many=number: found.container.attempts >= many)  # type: ignore[misc]
        seating.made.clock.advance(61)
        containers.wake()
    await seating.until(shown, failed)
    assert [status for _, status in await told(seating, shown)] == [*["retrying"] * (MOST_ATTEMPTS - 1), "exhausted"]


async def test_a_session_that_is_deleted_while_its_container_is_made_leaves_none(seating: Seating) -> None:
    shown = await seating.session(await seating.environment("a"))
    await seating.services.sessions.delete(REACH, shown.session.id, OPERATOR)
    seating.open()
    await seating.until_gone(shown)
    assert seating.sandboxes.specs == []


async def test_an_archived_session_keeps_its_egress_log_until_it_is_deleted(seating: Seating) -> None:
    shown = await seating.session(await seating.environment("a"))
    seating.open()
    await seating.until(shown, runs)
    await seating.services.sessions.archive(REACH, shown.session.id, OPERATOR)
    await seating.until(shown, lambda found: found.container is None)
    assert await seating.sandboxes.find(shown.session.id) is None
    assert seating.forgotten == []
    await seating.services.sessions.delete(REACH, shown.session.id, OPERATOR)
    await seating.until_gone(shown)


def stopped(shown: Shown) -> bool:
    return shown.container is not None and shown.container.state is ContainerState.STOPPED


async def test_a_container_that_a_limit_stopped_stays_so_until_its_session_is_used(seating: Seating) -> None:
    shown = await seating.session(await seating.environment("a"))
    containers = seating.open()
    await seating.until(shown, runs)
    await seating.sandboxes.end_for(shown.session.id, "time")
    seating.made.clock.advance(10)
    found = await seating.until(shown, stopped)
    assert found.container is not None
    assert "its time was over" in (found.container.problem or "")
    # neither the next look nor the next start of a server
    for _ in range(3):
        seating.made.clock.advance(10)
        containers.wake()
        await seating.until(shown, stopped)
    await containers.stop()
    seating.open()
    other = await seating.session(await seating.environment("b"))
    await seating.until(other, runs)
    assert stopped(await seating.again(shown))
    # what describes a session is no use of it
    for described in ({"title": "described"}, {"metadata": {"team": "core"}}, {}):
        again = await seating.services.sessions.update(REACH, shown.session.id, described, OPERATOR)
        assert stopped(again)
        await seating.until(other, runs)
        assert stopped(await seating.again(shown))
    again = await seating.services.sessions.update(REACH, shown.session.id, {"agent": {"tools": []}}, OPERATOR)
    assert again.container is not None
    assert (again.container.state, again.container.problem) == (ContainerState.PENDING, None)
    await seating.until(shown, runs)
    assert [spec.id for spec in seating.sandboxes.specs] == [shown.session.id, other.session.id, shown.session.id]


async def test_an_event_starts_what_a_limit_stopped(seating: Seating) -> None:
    shown = await seating.session(await seating.environment("a"))
    seating.open()
    await seating.until(shown, runs)
    async with seating.made.database.begin() as unit:
        fields = {"name": "weather", "input": {}}
        call = await seating.services.events.add(unit, MINE, shown.session.id, "agent.custom_tool_use", fields)
    await seating.sandboxes.end_for(shown.session.id, "disk")
    seating.made.clock.advance(10)
    await seating.until(shown, stopped)
    answer = EventDraft("user.custom_tool_result", {"custom_tool_use_id": call.id, "content": []})
    await seating.services.events.send(REACH, shown.session.id, [answer])
    await seating.until(shown, runs)


async def test_a_removal_that_nothing_can_do_is_tried_ever_more_rarely(seating: Seating) -> None:
    shown = await seating.session(await seating.environment("a"))
    async with seating.made.database.begin() as unit:
        container = await seating.services.stores.containers.find(unit, MINE, shown.session.id)
    assert container is not None
    removal = replace(container, state=ContainerState.REMOVING)
    pauses = []
    for _ in range(15):
        removal = removal.refused(0, "there is no runtime here", most=None)
        pauses.append(removal.due_at // 1_000_000)
    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses == sorted(pauses)
    assert (pauses[-1], removal.state) == (3600, ContainerState.REMOVING)
    # what somebody waits for is tried each minute
    assert replace(container, attempts=20).refused(0, "x", most=None).due_at == 60_000_000


async def test_workers_sessions_need_no_container(seating: Seating) -> None:
    environment = await seating.environment("ours", SELF_HOSTED)
    shown = await seating.session(environment)
    assert shown.container is None
    taken = await seating.services.work.poll(queue_of(environment), Polling())
    assert taken is not None
    assert taken[0].session_id == shown.session.id


async def test_another_nodes_containers_are_left_to_it(seating: Seating) -> None:
    shown = await seating.session(await seating.environment("a"))
    async with seating.made.database.begin() as unit:
        container = await seating.services.stores.containers.find(unit, MINE, shown.session.id)
        assert container is not None
        await seating.services.stores.containers.put(unit, MINE, replace(container, node="elsewhere"))
    own = await seating.session(await seating.environment("b"))
    seating.open()
    await seating.until(own, runs)
    assert [spec.id for spec in seating.sandboxes.specs] == [own.session.id]
