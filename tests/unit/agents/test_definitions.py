"""Agents' definitions: what may be of one, and that nothing is lost when it is kept."""

import dataclasses
import json
from typing import Any

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.features.agents.model import Definition, McpServer, ModelChoice, changed, check, pack, to_plain, unpack

ALLOWED = {"enabled": True, "permission_policy": {"type": "always_allow"}}
READS: dict[str, Any] = {"type": "agent_toolset_20260401", "default_config": ALLOWED, "configs": []}
DOCS: dict[str, Any] = {"type": "mcp_toolset", "mcp_server_name": "docs", "default_config": ALLOWED, "configs": []}
SERVER = McpServer("docs", "https://mcp.example.com")
SKILL = {"type": "anthropic", "skill_id": "pdf", "version": "latest"}
WHOLE = Definition(
    "coder",
    ModelChoice("claude", "max", "fast", "us"),
    description="d",
    system="s",
    tools=(READS, DOCS),
    mcp_servers=(SERVER,),
    skills=(SKILL,),
    metadata={"a": "1"},
)


def test_a_definition_comes_back_as_it_was_kept() -> None:
    assert unpack(json.loads(json.dumps(pack(WHOLE)))) == check(WHOLE)


def test_a_definition_is_shown_in_the_shape_of_the_wire() -> None:
    shown = to_plain("agent_1", 3, WHOLE)
    assert (shown["id"], shown["version"], shown["type"]) == ("agent_1", 3, "agent")
    assert shown["model"] == {"id": "claude", "effort": {"type": "max"}, "speed": "fast", "inference_geo": "us"}
    assert shown["mcp_servers"] == [{"type": "url", "name": "docs", "url": "https://mcp.example.com"}]


def test_what_is_said_replaces_and_metadata_is_merged() -> None:
    after = changed(WHOLE, {"system": None, "metadata": {"a": None, "b": "2"}})
    assert (after.system, after.metadata, after.tools) == (None, {"b": "2"}, WHOLE.tools)
    assert changed(WHOLE, {"metadata": None}) == WHOLE


@pytest.mark.parametrize(
    ("toolset", "has"),
    [
        (READS, True),
        ({**READS, "default_config": {**ALLOWED, "enabled": False}}, False),
        ({**READS, "configs": [{"name": "read", **ALLOWED, "enabled": False}]}, False),
    ],
)
def test_a_tool_is_there_if_it_is_enabled(toolset: dict[str, Any], *, has: bool) -> None:
    assert dataclasses.replace(WHOLE, tools=(toolset,)).has_tool("read") is has
    assert not dataclasses.replace(WHOLE, tools=()).has_tool("read")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"skills": (SKILL,) * 21}, "at most 20, not 21"),
        ({"tools": (DOCS,)}, "need the read tool"),
        ({"mcp_servers": tuple(McpServer(f"s{n}", "https://a.example") for n in range(21))}, "at most 20, not 21"),
        ({"mcp_servers": (SERVER, SERVER)}, "there is another 'docs'"),
        ({"mcp_servers": ()}, "which is not in mcp_servers"),
        ({"mcp_servers": (McpServer("docs", "https://a.example:99999"),)}, "mcp_servers.0.url"),
        ({"mcp_servers": (McpServer("docs", "https://[::1"),)}, "mcp_servers.0.url"),
        ({"metadata": {"": "1"}}, "keys have 1 to 64"),
        ({"metadata": {"a": "1" * 513}}, "values up to 512"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        check(dataclasses.replace(WHOLE, **change))
