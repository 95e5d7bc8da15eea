"""Agents on the wire (wire-agents.md 3)."""

from typing import Any

import pytest

from antechamber.base.ids import Kind, parse
from tests.api.conftest import House
from tests.api.rooms import NOTHING, invalid, refused
from tests.api.seats import AGENTS, MODEL, Seat

FIELDS = {
    "id", "type", "version", "name", "description", "model", "system", "tools", "mcp_servers", "skills", "multiagent",
    "execution_identity", "metadata", "created_at", "updated_at", "archived_at",
}  # fmt: skip
ALLOWED = {"enabled": True, "permission_policy": {"type": "always_allow"}}
ASKED = {"enabled": True, "permission_policy": {"type": "always_ask"}}
SERVER = {"type": "url", "name": "docs", "url": "https://mcp.example.com/mcp"}
CUSTOM = {"type": "custom", "name": "ask", "description": "asks", "input_schema": {"type": "object", "x": 1}}


@pytest.fixture
def seat(house: House) -> Seat:
    return Seat(house)


def toolset(**fields: object) -> dict[str, object]:
    return {"type": "agent_toolset_20260401", **fields}


async def test_an_agent_is_resolved_when_it_is_made(seat: Seat) -> None:
    made = await seat.agent()
    assert made.keys() == FIELDS
    assert parse(Kind.AGENT, made["id"])
    assert (made["type"], made["version"], made["name"]) == ("agent", 1, "coder")
    model = {"id": MODEL, "effort": {"type": "high"}, "speed": "standard", "inference_geo": None}
    assert made["model"] == model
    nothing = (made["description"], made["system"], made["multiagent"], made["archived_at"])
    assert nothing == (None, None, None, None)
    assert (made["tools"], made["mcp_servers"], made["skills"], made["metadata"]) == ([], [], [], {})
    assert made["execution_identity"] == {"type": "service_account"}
    assert made["created_at"] == made["updated_at"]
    assert await seat.get(f"{AGENTS}/{made['id']}") == made


async def test_every_default_of_a_tool_is_written_out(seat: Seat) -> None:
    said = [
        toolset(
            default_config={"enabled": False},
            configs=[{"name": "bash", "enabled": True}, {"name": "web_search", "allowed_domains": ["a.example"]}],
        ),
        {"type": "mcp_toolset", "mcp_server_name": "docs"},
        CUSTOM,
    ]
    made = await seat.agent(tools=said, mcp_servers=[SERVER], model={"id": MODEL, "effort": "max", "speed": "fast"})
    off = {**ALLOWED, "enabled": False}
    built_in, remote, custom = made["tools"]
    assert built_in["default_config"] == off
    search = {"allowed_domains": ["a.example"], "blocked_domains": None, "user_location": None}
    assert built_in["configs"] == [
        {"type": "bash", "name": "bash", **ALLOWED}, {"type": "web_search", "name": "web_search", **off, **search}
    ]  # fmt: skip
    assert remote == {"type": "mcp_toolset", "mcp_server_name": "docs", "default_config": ASKED, "configs": []}
    assert custom == CUSTOM
    assert made["mcp_servers"] == [SERVER]
    assert made["model"] == {"id": MODEL, "effort": {"type": "max"}, "speed": "fast", "inference_geo": None}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "name"),
        ({"name": "a" * 257}, "name"),
        ({"model": None}, "model"),
        ({"nonsense": 1}, "nonsense"),
        ({"metadata": {str(number): "" for number in range(17)}}, "at most 16 pairs"),
        ({"metadata": {"a" * 65: ""}}, "keys have 1 to 64 characters"),
        ({"tools": [toolset(), toolset()]}, "tools.1: duplicate entry agent_toolset_20260401"),
        ({"tools": [toolset(configs=[{"name": "bash"}, {"name": "bash"}])]}, "configs.1: duplicate entry bash"),
        ({"tools": [toolset(configs=[{"name": "rm"}])]}, "tools.0"),
        ({"tools": [CUSTOM, CUSTOM]}, "tools.1: duplicate entry custom ask"),
        ({"tools": [{**CUSTOM, "name": f"t{number}"} for number in range(257)]}, "at most 256 tools"),
        ({"mcp_servers": [SERVER]}, "no mcp_toolset in tools refers to 'docs'"),
        ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "docs"}]}, "which is not in mcp_servers"),
        ({"skills": [{"type": "anthropic", "skill_id": "pdf"}]}, "need the read tool"),
        ({"multiagent": {"type": "coordinator", "agents": []}}, "multiagent"),
    ],
)
async def test_what_no_agent_can_be_is_refused(seat: Seat, fields: dict[str, Any], words: str) -> None:
    error = invalid_any(await seat.ask("POST", AGENTS, {"name": "coder", "model": MODEL, **fields}))
    assert words in error["message"]


def invalid_any(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - an answer
    assert answer.status == 400, answer.body
    error: dict[str, Any] = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    return error


@pytest.mark.parametrize("url", ["ftp://a.example", "https://", "https://u:p@a.example/", "https://a b.example", "x"])
async def test_a_server_is_known_by_a_whole_address_without_credentials(seat: Seat, url: str) -> None:
    tools = [{"type": "mcp_toolset", "mcp_server_name": "docs"}]
    said = {"name": "a", "model": MODEL, "tools": tools, "mcp_servers": [{**SERVER, "url": url}]}
    invalid(await seat.ask("POST", AGENTS, said), "mcp_servers.0.url")


async def test_a_change_makes_a_version_and_nothing_makes_none(seat: Seat) -> None:
    made = await seat.agent(description="d", metadata={"a": "1", "b": "2"})
    path = f"{AGENTS}/{made['id']}"
    same = await seat.post(path, {"name": "coder", "version": 1})
    assert same == made
    changed = await seat.post(path, {"description": None, "metadata": {"a": None, "c": "3"}, "system": "be kind"})
    assert (changed["version"], changed["description"], changed["system"]) == (2, None, "be kind")
    assert changed["metadata"] == {"b": "2", "c": "3"}
    assert (await seat.get(f"{path}?version=1"))["description"] == "d"
    assert await seat.get(f"{path}?version=2") == await seat.get(path) == changed
    first = await seat.get(f"{path}/versions?limit=1")
    assert [item["version"] for item in first["data"]] == [2]
    rest = await seat.get(f"{path}/versions?limit=1&page={first['next_page']}")
    assert ([item["version"] for item in rest["data"]], rest["next_page"]) == ([1], None)


async def test_a_stale_version_is_a_conflict_and_an_unknown_one_is_not_found(seat: Seat) -> None:
    made = await seat.agent()
    path = f"{AGENTS}/{made['id']}"
    stale = await seat.ask("POST", path, {"name": "other", "version": 7})
    refused(stale, 409, "invalid_request_error", "Concurrent modification detected")
    refused(await seat.ask("GET", f"{path}?version=9"), 404, "not_found_error", "Agent version not found.")


async def test_an_archived_agent_stays_as_it_is(seat: Seat) -> None:
    made = await seat.agent()
    path = f"{AGENTS}/{made['id']}"
    archived = await seat.post(f"{path}/archive")
    assert archived["archived_at"]
    assert await seat.post(f"{path}/archive") == archived
    invalid(await seat.ask("POST", path, {"name": "other"}), "Cannot modify archived agent")
    assert await seat.get(path) == archived


async def test_the_list_is_paged_newest_first_and_leaves_archived_ones_out(seat: Seat) -> None:
    made = [await seat.agent(f"agent {number}") for number in range(3)]
    await seat.post(f"{AGENTS}/{made[0]['id']}/archive")
    first = await seat.get(f"{AGENTS}?limit=1")
    assert [item["id"] for item in first["data"]] == [made[2]["id"]]
    second = await seat.get(f"{AGENTS}?limit=1&page={first['next_page']}")
    assert ([item["id"] for item in second["data"]], second["next_page"]) == ([made[1]["id"]], None)
    assert len((await seat.get(f"{AGENTS}?include_archived=true"))["data"]) == 3
    since = f"{AGENTS}?created_at[gte]={made[2]['created_at']}"
    assert [item["id"] for item in (await seat.get(since))["data"]] == [made[2]["id"]]
    until = f"{AGENTS}?created_at[lte]={made[1]['created_at']}"
    assert [item["id"] for item in (await seat.get(until))["data"]] == [made[1]["id"]]
    invalid(await seat.ask("GET", f"{AGENTS}?page={first['next_page']}&include_archived=true"), "cursor does not match")


async def test_an_agent_of_nobody_is_not_found(seat: Seat) -> None:
    for name in (f"agent_{NOTHING}", "agent_x", "x"):
        for method, path in (("GET", ""), ("POST", ""), ("POST", "/archive"), ("GET", "/versions")):
            body: object = {} if method == "POST" else None
            answer = await seat.ask(method, f"{AGENTS}/{name}{path}", body)
            refused(answer, 404, "not_found_error", f"Agent not found: {name}")
