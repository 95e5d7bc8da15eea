"""Sessions on the wire, and the containers beside them (wire-agents.md 4)."""

import asyncio
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import Kind, parse
from antechamber.base.page import IdCursor
from antechamber.features.apikeys.model import Draft
from antechamber.features.workspaces.model import WorkspaceDraft
from tests.api.conftest import House
from tests.api.rooms import NOTHING, ROOT, invalid, refused
from tests.api.seats import AGENTS, SELF_HOSTED, SESSIONS, Seat

FIELDS = {
    "id", "type", "status", "agent", "environment_id", "title", "metadata", "resources", "vault_ids", "usage", "stats",
    "outcome_evaluations", "budget", "deployment_id", "created_at", "updated_at", "archived_at", "container",
}  # fmt: skip
CUSTOM = {"type": "custom", "name": "ask", "description": "asks", "input_schema": {"type": "object"}}


@pytest.fixture
def seat(house: House) -> Seat:
    return Seat(house)


async def test_a_session_starts_idle_and_its_container_comes_up_beside_it(seat: Seat) -> None:
    environment, agent = await seat.make(), await seat.agent()
    made = await seat.session(environment, agent=agent["id"], title="first", metadata={"a": "1"})
    assert made.keys() == FIELDS
    assert parse(Kind.SESSION, made["id"])
    assert (made["type"], made["status"], made["environment_id"]) == ("session", "idle", environment["id"])
    assert (made["title"], made["metadata"], made["archived_at"]) == ("first", {"a": "1"}, None)
    copied = agent.keys() - {"metadata", "created_at", "updated_at", "archived_at"}
    assert made["agent"] == {name: agent[name] for name in copied}
    assert (made["usage"]["input_tokens"], made["resources"], made["vault_ids"]) == (0, [], [])
    running = await seat.until(made, "running")
    assert running["container"] == {"state": "running", "error": None, "base": "host", "layers": []}
    assert running["stats"]["duration_seconds"] > 0


async def test_an_agent_is_taken_as_it_was_by_version_and_with_overrides(seat: Seat) -> None:
    environment, agent = await seat.make(), await seat.agent(system="one", tools=[CUSTOM])
    await seat.post(f"{AGENTS}/{agent['id']}", {"system": "two"})
    newest = await seat.session(environment, agent=agent["id"])
    pinned = await seat.session(environment, agent={"type": "agent", "id": agent["id"], "version": 1})
    assert [(session["agent"]["version"], session["agent"]["system"]) for session in (newest, pinned)] == [
        (2, "two"), (1, "one")
    ]  # fmt: skip
    said = {"type": "agent_with_overrides", "id": agent["id"], "system": None, "tools": [], "model": "other"}
    other = await seat.session(environment, agent=said)
    assert (other["agent"]["system"], other["agent"]["tools"], other["agent"]["model"]["id"]) == (None, [], "other")
    assert (await seat.get(f"{AGENTS}/{agent['id']}"))["version"] == 2


@pytest.mark.parametrize(
    ("fields", "words", "code"),
    [
        ({"title": "a" * 501}, "title", None),
        ({"nonsense": 1}, "nonsense", None),
        ({"initial_events": [{"type": "user.message", "content": []}]}, "initial_events", None),
        ({"resources": [{"type": "file", "file_id": "file_1"}]}, "resources", None),
        ({"vault_ids": ["vlt_1"]}, "vault_ids", None),
        ({"metadata": {str(number): "" for number in range(17)}}, "at most 16 pairs", "invalid_metadata"),
    ],
)
async def test_what_no_session_can_be_is_refused(
    seat: Seat, fields: dict[str, Any], words: str, code: str | None
) -> None:
    environment, agent = await seat.make(), await seat.agent()
    said = {"agent": agent["id"], "environment_id": environment["id"], **fields}
    invalid(await seat.ask("POST", SESSIONS, said), words, code)


async def test_overrides_are_held_to_the_rules_of_agents(seat: Seat) -> None:
    environment, agent = await seat.make(), await seat.agent()

    async def ask(**overrides: object) -> Any:  # noqa: ANN401 - an answer
        chosen = {"type": "agent_with_overrides", "id": agent["id"], **overrides}
        return await seat.ask("POST", SESSIONS, {"agent": chosen, "environment_id": environment["id"]})

    invalid(await ask(model=None), "agent.model: cannot be cleared", "agent_model_required")
    invalid(await ask(tools=[{"type": "nothing"}]), "agent.tools.0")
    invalid(await ask(tools=[CUSTOM, CUSTOM]), "tools.1: duplicate entry custom ask")
    invalid(await ask(skills=[{"type": "anthropic", "skill_id": "pdf"}]), "need the read tool")


async def test_what_is_not_there_or_archived_starts_nothing(seat: Seat) -> None:
    environment, agent = await seat.make(), await seat.agent()

    async def ask(agent: object, environment_id: str) -> Any:  # noqa: ANN401 - an answer
        return await seat.ask("POST", SESSIONS, {"agent": agent, "environment_id": environment_id})

    refused(await ask(f"agent_{NOTHING}", environment["id"]), 404, "not_found_error", "Agent not found")
    unknown = {"type": "agent", "id": agent["id"], "version": 9}
    refused(await ask(unknown, environment["id"]), 404, "not_found_error", "agent.version: 9 not found")
    refused(await ask(agent["id"], f"env_{NOTHING}"), 404, "not_found_error", "Environment not found")
    await seat.archive(environment)
    invalid(await ask(agent["id"], environment["id"]), "is archived", "environment_archived")
    await seat.post(f"{AGENTS}/{agent['id']}/archive")
    invalid(await ask(agent["id"], (await seat.make("other"))["id"]), "is archived; no session starts from it")


async def test_an_environment_is_kept_while_sessions_refer_to_it(seat: Seat) -> None:
    environment = await seat.make()
    one, two = await seat.session(environment), await seat.session(environment)
    error = refused_with_count(await seat.delete(environment))
    assert error["details"]["session_count"] == 2
    await seat.post(f"{SESSIONS}/{one['id']}/archive")
    assert refused_with_count(await seat.delete(environment))["details"]["session_count"] == 2
    for session in (one, two):
        assert (await seat.ask("DELETE", f"{SESSIONS}/{session['id']}")).status == 200
    assert (await seat.delete(environment)).status == 200


def refused_with_count(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - an answer
    return refused(answer, 409, "invalid_request_error", "cannot be deleted")


async def test_sessions_of_an_archived_environment_go_on(seat: Seat) -> None:
    environment = await seat.make()
    session = await seat.session(environment)
    await seat.archive(environment)
    assert (await seat.until(session, "running"))["status"] == "idle"


async def test_a_session_is_changed_in_title_metadata_and_its_agents_tools(seat: Seat) -> None:
    made = await seat.session(metadata={"a": "1", "b": "2"})
    path = f"{SESSIONS}/{made['id']}"
    changed = await seat.post(path, {"title": "t", "metadata": {"a": None, "c": "3"}, "agent": {"tools": [CUSTOM]}})
    assert (changed["title"], changed["metadata"], changed["agent"]["tools"]) == ("t", {"b": "2", "c": "3"}, [CUSTOM])
    assert changed["agent"]["version"] == 1
    assert (await seat.post(path, {"title": None, "metadata": None}))["title"] is None
    invalid(await seat.ask("POST", path, {"vault_ids": []}), "vault_ids")
    invalid(await seat.ask("POST", path, {"agent": {"system": "x"}}), "agent.system")
    invalid(await seat.ask("POST", path, {"agent": {"tools": [{"type": "x"}]}}), "agent.tools.0")


async def test_an_archived_session_has_ended_and_its_container_goes(seat: Seat) -> None:
    made = await seat.until(await seat.session(), "running")
    path = f"{SESSIONS}/{made['id']}"
    archived = await seat.post(f"{path}/archive")
    assert (archived["status"], archived["container"]["state"]) == ("terminated", "stopped")
    assert archived["archived_at"]
    again = await seat.post(f"{path}/archive")
    assert (again["archived_at"], again["container"]) == (archived["archived_at"], archived["container"])
    invalid(await seat.ask("POST", path, {"title": "t"}), "archived")
    answer = {"type": "user.tool_result", "tool_use_id": "sevt_1"}
    invalid(await seat.ask("POST", f"{path}/events", {"events": [answer]}), "archived")
    await gone(seat, made)


async def test_a_deleted_session_is_nowhere_and_its_container_goes(seat: Seat) -> None:
    made = await seat.until(await seat.session(), "running")
    path = f"{SESSIONS}/{made['id']}"
    answer = await seat.ask("DELETE", path)
    assert answer.json() == {"id": made["id"], "type": "session_deleted"}
    refused(await seat.ask("GET", path), 404, "not_found_error", f"Session not found: {made['id']}")
    refused(await seat.ask("DELETE", path), 404, "not_found_error", f"Session not found: {made['id']}")
    await gone(seat, made)


async def gone(seat: Seat, session: dict[str, Any]) -> None:
    async with asyncio.timeout(30):
        while True:
            if await seat.house.app.sandboxing.sandboxes.find(session["id"]) is None:
                return
            await asyncio.sleep(0.02)


async def test_the_list_is_paged_both_ways(seat: Seat) -> None:
    environment, agent = await seat.make(), await seat.agent()
    made = [(await seat.session(environment, agent=agent["id"]))["id"] for _ in range(5)]
    newest = made[::-1]
    first = await seat.get(f"{SESSIONS}?limit=2")
    second = await seat.get(f"{SESSIONS}?limit=2&page={first['next_page']}")
    third = await seat.get(f"{SESSIONS}?limit=2&page={second['next_page']}")
    shown = [[item["id"] for item in page["data"]] for page in (first, second, third)]
    assert shown == [newest[:2], newest[2:4], newest[4:]]
    assert (first["prev_page"], third["next_page"]) == (None, None)
    back = await seat.get(f"{SESSIONS}?limit=2&page={third['prev_page']}")
    assert [item["id"] for item in back["data"]] == newest[2:4]
    start = await seat.get(f"{SESSIONS}?limit=2&page={back['prev_page']}")
    assert ([item["id"] for item in start["data"]], start["prev_page"]) == (newest[:2], None)
    assert [item["id"] for item in (await seat.get(f"{SESSIONS}?order=asc"))["data"]] == made
    invalid(await seat.ask("GET", f"{SESSIONS}?order=asc&page={first['next_page']}"), "cursor does not match")
    invalid(await seat.ask("GET", f"{SESSIONS}?page=page_x"), "page")


async def test_the_list_shows_what_was_asked_for(seat: Seat) -> None:
    environment, agent = await seat.make(), await seat.agent()
    mine = await seat.session(environment, agent=agent["id"])
    other = await seat.session(environment)
    ended = await seat.session(environment, agent=agent["id"])
    await seat.post(f"{SESSIONS}/{ended['id']}/archive")

    async def ids(query: str) -> list[str]:
        return [item["id"] for item in (await seat.get(f"{SESSIONS}{query}"))["data"]]

    assert await ids("") == [other["id"], mine["id"]]
    assert await ids("?include_archived=true") == [ended["id"], other["id"], mine["id"]]
    assert await ids("?include_archived=true&statuses[]=terminated") == [ended["id"]]
    assert await ids("?statuses=idle&statuses=running") == [other["id"], mine["id"]]
    assert await ids(f"?agent_id={agent['id']}&agent_version=1") == [mine["id"]]
    assert await ids(f"?agent_id={agent['id']}&agent_version=2") == []
    assert await ids(f"?created_at[gt]={mine['created_at']}") == [other["id"]]
    assert await ids(f"?created_at[lte]={mine['created_at']}") == [mine["id"]]
    assert await ids("?deployment_id=depl_1") == await ids("?memory_store_id=memstore_1") == []
    invalid(await seat.ask("GET", f"{SESSIONS}?statuses=asleep"), "statuses: 'asleep' is not one of")


async def test_a_session_of_workers_has_no_container(seat: Seat) -> None:
    made = await seat.session(await seat.make("ours", SELF_HOSTED))
    assert (made["container"], made["status"]) == (None, "idle")


async def test_a_container_that_cannot_be_made_is_shown_and_costs_the_session_nothing(seat: Seat) -> None:
    environment = await seat.make("apt", {"type": "cloud", "packages": {"apt": ["jq"]}})
    made = await seat.until(await seat.session(environment), "failed")
    assert "no base of this server has apt" in made["container"]["error"]
    assert made["status"] == "idle"
    listed = await seat.get(f"{SESSIONS}/{made['id']}/events")
    (event,) = listed["data"]
    assert (event["type"], event["error"]["type"]) == ("session.error", "unknown_error")
    assert event["error"]["retry_status"] == {"type": "exhausted"}
    assert (await seat.ask("DELETE", f"{SESSIONS}/{made['id']}")).status == 200


async def test_the_egress_of_a_session_that_has_sent_nothing_is_empty(seat: Seat) -> None:
    made = await seat.session()
    path = f"{SESSIONS}/{made['id']}/egress"
    assert await seat.get(path) == {"data": [], "next_page": None}
    refused(await seat.ask("GET", f"{SESSIONS}/sesn_{NOTHING}/egress"), 404, "not_found_error")


@pytest.mark.parametrize("root", [SESSIONS, AGENTS, ROOT])
async def test_without_the_beta_there_is_nothing(seat: Seat, root: str) -> None:
    for beta in (None, "other-2025-01-01"):
        answer = await seat.ask("GET", root, anthropic_beta=beta)
        refused(answer, 404, "not_found_error", "anthropic-beta: managed-agents-2026-04-01")


async def test_another_workspace_sees_nothing_of_a_session(seat: Seat) -> None:
    made = await seat.session()
    other = Seat(seat.house, await another_key(seat.house))
    for method, path in (("GET", ""), ("POST", ""), ("POST", "/archive"), ("DELETE", ""), ("GET", "/events")):
        answer = await other.ask(method, f"{SESSIONS}/{made['id']}{path}", {} if method == "POST" else None)
        refused(answer, 404, "not_found_error", f"Session not found: {made['id']}")
    assert (await other.get(SESSIONS))["data"] == []
    said = {"agent": made["agent"]["id"], "environment_id": made["environment_id"]}
    refused(await other.ask("POST", SESSIONS, said), 404, "not_found_error")


async def another_key(house: House) -> str:
    storage, organization_id = house.app.storage, house.founded.organization_id
    workspace = await storage.workspaces.create(organization_id, WorkspaceDraft(name="other"), OPERATOR)
    _, secret = await storage.api_keys.create(organization_id, Draft("k", workspace_id=workspace.id), OPERATOR)
    return secret.reveal()


async def test_an_archived_workspace_ends_its_sessions(seat: Seat) -> None:
    house = seat.house
    other = Seat(house, await another_key(house))
    made = await other.until(await other.session(), "running")
    storage, organization_id = house.app.storage, house.founded.organization_id
    page = await storage.workspaces.listing(organization_id, IdCursor())
    await storage.workspaces.archive(organization_id, page.items[0].id, OPERATOR)
    await gone(seat, made)
