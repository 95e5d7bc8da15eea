"""What an agent is made of, and the rules that hold whatever is changed of it (wire-agents.md 3)."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import AgentId, OrganizationId, WorkspaceId

MAX_TOOLS: Final = 256
MAX_SERVERS: Final = 20
MAX_SKILLS: Final = 20
MAX_PAIRS: Final = 16
KEY_LENGTH: Final = 64
VALUE_LENGTH: Final = 512
DEFAULT_EFFORT: Final = "high"
AGENT_TOOLSET: Final = "agent_toolset_20260401"
BUILT_IN: Final = ("bash", "edit", "glob", "grep", "read", "web_fetch", "web_search", "write")
_SCHEMES: Final = ("https", "http")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model that an agent runs on; `inference_geo` None follows the workspace's default."""

    id: str
    effort: str = DEFAULT_EFFORT
    speed: str = "standard"
    inference_geo: str | None = None


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server that an agent connects to."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Definition:
    """What an agent is, resolved; tools and skills are in the form of the wire, with every default written out."""

    name: str
    model: ModelChoice
    description: str | None = None
    system: str | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    mcp_servers: tuple[McpServer, ...] = ()
    skills: tuple[Mapping[str, str], ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    def has_tool(self, name: str) -> bool:
        """Say whether a built-in tool is enabled."""
        for toolset in self.tools:
            if toolset["type"] == AGENT_TOOLSET:
                named = [config["enabled"] for config in toolset["configs"] if config["name"] == name]
                return bool(named[0] if named else toolset["default_config"]["enabled"])
        return False


@dataclass(frozen=True, slots=True)
class Agent:
    """One version of an agent; `updated_at` is when that version was made, times in µs UTC."""

    id: AgentId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    version: int
    definition: Definition
    created_at: int
    updated_at: int
    archived_at: int | None = None

    @property
    def is_archived(self) -> bool:
        """Whether it takes no further sessions or changes."""
        return self.archived_at is not None


def changed(known: Definition, changes: Mapping[str, Any]) -> Definition:
    """Return a definition with what was said in place of what was; `metadata` is merged, and null deletes a pair."""
    said = dict(changes)
    if "metadata" in said:
        said["metadata"] = merged(known.metadata, said["metadata"])
    return dataclasses.replace(known, **said)


def merged(known: Mapping[str, str], patch: Mapping[str, str | None] | None) -> dict[str, str]:
    """Return metadata after a patch; InvalidRequest past its limits."""
    both = {**known, **(patch or {})}
    return check_metadata({key: value for key, value in both.items() if value is not None})


def check_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return metadata; InvalidRequest for more than 16 pairs, a key over 64 or a value over 512 characters."""
    if len(metadata) > MAX_PAIRS:
        message = f"metadata: at most {MAX_PAIRS} pairs, not {len(metadata)}"
        raise InvalidRequest(message, error_code="invalid_metadata")
    for key, value in metadata.items():
        if not 1 <= len(key) <= KEY_LENGTH or len(value) > VALUE_LENGTH:
            message = (
                f"metadata.{key[:KEY_LENGTH]}: keys have 1 to {KEY_LENGTH} characters, values up to {VALUE_LENGTH}"
            )
            raise InvalidRequest(message, error_code="invalid_metadata")
    return dict(metadata)


def check(definition: Definition) -> Definition:
    """Return a definition whose parts fit each other; InvalidRequest names the first that does not."""
    check_metadata(definition.metadata)
    _check_tools(definition.tools)
    _check_servers(definition)
    if len(definition.skills) > MAX_SKILLS:
        message = f"skills: at most {MAX_SKILLS}, not {len(definition.skills)}"
        raise InvalidRequest(message)
    if definition.skills and not definition.has_tool("read"):
        message = "skills: need the read tool of agent_toolset_20260401 to be enabled"
        raise InvalidRequest(message)
    return definition


def _check_tools(tools: Sequence[Mapping[str, Any]]) -> None:
    count = sum(len(BUILT_IN) if tool["type"] == AGENT_TOOLSET else 1 for tool in tools)
    if count > MAX_TOOLS:
        message = f"tools: at most {MAX_TOOLS} tools across all toolsets, not {count}"
        raise InvalidRequest(message)
    seen: set[tuple[str, str]] = set()
    for number, tool in enumerate(tools):
        key = (tool["type"], tool.get("mcp_server_name") or tool.get("name") or "")
        if key in seen:
            message = f"tools.{number}: duplicate entry {' '.join(key).strip()}"
            raise InvalidRequest(message)
        seen.add(key)
        names: set[str] = set()
        for place, config in enumerate(tool.get("configs", ())):
            if config["name"] in names:
                message = f"tools.{number}.{tool['type']}.configs.{place}: duplicate entry {config['name']}"
                raise InvalidRequest(message)
            names.add(config["name"])


def _check_servers(definition: Definition) -> None:
    servers = definition.mcp_servers
    if len(servers) > MAX_SERVERS:
        message = f"mcp_servers: at most {MAX_SERVERS}, not {len(servers)}"
        raise InvalidRequest(message)
    names = [server.name for server in servers]
    used = [tool["mcp_server_name"] for tool in definition.tools if tool["type"] == "mcp_toolset"]
    for number, server in enumerate(servers):
        if server.name in names[:number]:
            message = f"mcp_servers.{number}.name: there is another {server.name!r}"
            raise InvalidRequest(message)
        if server.name not in used:
            message = f"mcp_servers.{number}: no mcp_toolset in tools refers to {server.name!r}"
            raise InvalidRequest(message)
        _check_address(number, server.url)
    for name in used:
        if name not in names:
            message = f"tools: mcp_toolset refers to {name!r}, which is not in mcp_servers"
            raise InvalidRequest(message)


def _check_address(number: int, url: str) -> None:
    try:
        parts = urlsplit(url)
        is_whole = parts.port != 0 and parts.scheme in _SCHEMES and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_whole = False
    if not is_whole or any(character.isspace() for character in url):
        message = f"mcp_servers.{number}.url: not an http(s) address with a host and without credentials"
        raise InvalidRequest(message)


def pack(definition: Definition) -> dict[str, Any]:
    """Return a definition as plain values, to be kept as JSON."""
    return dataclasses.asdict(definition)


def unpack(values: Mapping[str, Any]) -> Definition:
    """Return what was packed."""
    return Definition(
        **{
            **values,
            "model": ModelChoice(**values["model"]),
            "tools": tuple(values["tools"]),
            "mcp_servers": tuple(McpServer(**server) for server in values["mcp_servers"]),
            "skills": tuple(values["skills"]),
        }
    )


def to_plain(agent_id: str, version: int, definition: Definition) -> dict[str, Any]:
    """Return what an agent and a session's copy of one have in common, in the shape of the wire."""
    model = definition.model
    return {
        "id": agent_id,
        "type": "agent",
        "name": definition.name,
        "description": definition.description,
        "model": {
            "id": model.id,
            "effort": {"type": model.effort},
            "speed": model.speed,
            "inference_geo": model.inference_geo,
        },
        "system": definition.system,
        "tools": [dict(tool) for tool in definition.tools],
        "mcp_servers": [{"type": "url", "name": server.name, "url": server.url} for server in definition.mcp_servers],
        "skills": [dict(skill) for skill in definition.skills],
        "multiagent": None,
        "execution_identity": {"type": "service_account"},
        "version": version,
    }
