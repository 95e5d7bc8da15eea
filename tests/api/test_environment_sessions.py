"""What sessions mean to their environment: it stays while one refers to it, and starts none once it is archived."""

from typing import Any

import pytest

from tests.api.conftest import House
from tests.api.rooms import ROOT, Room, invalid, refused

AGENTS = "/v1/agents"
SESSIONS = "/v1/sessions"


@pytest.fixture
def room(house: House) -> Room:
    return Room(house)


async def environment(room: Room, name: str = "own") -> dict[str, Any]:
    # what a worker of the caller's own serves, so that no container starts
    return await room.make(name, {"type": "self_hosted"})


async def agent(room: Room) -> str:
    answer = await room.ask("POST", AGENTS, {"name": "helper", "model": "sim-1"})
    assert answer.status == 200, answer.body
    return str(answer.json()["id"])


async def session(room: Room, agent_id: str, environment_id: str) -> dict[str, Any]:
    answer = await room.ask("POST", SESSIONS, {"agent": agent_id, "environment_id": environment_id})
    assert answer.status == 200, answer.body
    made: dict[str, Any] = answer.json()
    return made


async def end(room: Room, made: dict[str, Any]) -> None:
    answer = await room.ask("DELETE", f"{SESSIONS}/{made['id']}")
    assert answer.status == 200, answer.body


async def test_an_environment_stays_while_sessions_refer_to_it_archived_ones_too(room: Room) -> None:
    kept, other, agent_id = await environment(room), await environment(room, "other"), await agent(room)
    first, second = [await session(room, agent_id, kept["id"]) for _ in range(2)]
    assert first["environment_id"] == kept["id"]
    error = refused(await room.delete(kept), 409, "invalid_request_error", "2 sessions refer to it")
    assert error["details"] == {"session_count": 2}
    await end(room, first)
    assert (await room.ask("POST", f"{SESSIONS}/{second['id']}/archive")).status == 200
    refused(await room.delete(kept), 409, "invalid_request_error", "1 session refers to it")
    assert (await room.delete(other)).status == 200
    await end(room, second)
    assert (await room.delete(kept)).json() == {"id": kept["id"], "type": "environment_deleted"}


async def test_nothing_new_starts_from_an_archived_environment_and_what_runs_goes_on(room: Room) -> None:
    made, agent_id = await environment(room), await agent(room)
    running = await session(room, agent_id, made["id"])
    assert (await room.archive(made)).status == 200
    body = {"agent": agent_id, "environment_id": made["id"]}
    invalid(await room.ask("POST", SESSIONS, body), "is archived", "environment_archived")
    assert (await room.get(f"{SESSIONS}/{running['id']}"))["status"] == running["status"]
    refused(await room.delete(made), 409, "invalid_request_error", "1 session refers to it")
    assert (await room.get(f"{ROOT}/{made['id']}"))["archived_at"]


async def test_a_deleted_environment_starts_nothing(room: Room) -> None:
    made, agent_id = await environment(room), await agent(room)
    await room.delete(made)
    answer = await room.ask("POST", SESSIONS, {"agent": agent_id, "environment_id": made["id"]})
    assert answer.status == 404, answer.body
    assert made["id"] in answer.json()["error"]["message"]


async def test_another_workspaces_environment_starts_nothing(room: Room, house: House) -> None:
    made = await environment(room)
    founded = await house.app.storage.founder.found("Other", None, admin_key=False, api_key=True)
    assert founded.api_key is not None
    other = Room(house, founded.api_key.reveal())
    answer = await other.ask("POST", SESSIONS, {"agent": await agent(other), "environment_id": made["id"]})
    assert answer.status == 404, answer.body
    assert (await room.delete(made)).status == 200
