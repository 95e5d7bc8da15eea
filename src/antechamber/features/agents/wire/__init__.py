"""Agents on the wire (SDK types `BetaManagedAgentsAgent`, `agent_create_params`, `agent_update_params`)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from antechamber.base.clock import to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.features.agents.model import Agent, Definition, McpServer, ModelChoice, to_plain
from antechamber.features.agents.wire.tools import ToolBody, read_tools
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant

Effort = Literal["low", "medium", "high", "xhigh", "max"]
Name = Annotated[str, Field(min_length=1, max_length=256)]
Description = Annotated[str, Field(max_length=2048)]
System = Annotated[str, Field(max_length=100_000)]


class EffortBody(Body):
    """`{type}`."""

    type: Effort


class ModelBody(Body):
    """`{id, effort?, speed?, inference_geo?}`; effort as a word or `{type}`."""

    id: Annotated[str, Field(min_length=1, max_length=256)]
    effort: Effort | EffortBody | None = None
    speed: Literal["standard", "fast"] | None = None
    inference_geo: str | None = None


ModelField = Annotated[str, Field(min_length=1, max_length=256)] | ModelBody


class ServerBody(Body):
    """`{type: "url", name, url}`."""

    type: Literal["url"]
    name: Annotated[str, Field(min_length=1, max_length=255)]
    url: Annotated[str, Field(max_length=2048)]


class SkillBody(Body):
    """`{type, skill_id, version?}`."""

    type: Literal["anthropic", "custom"]
    skill_id: Annotated[str, Field(min_length=1, max_length=256)]
    version: str | None = None


class IdentityBody(Body):
    """`{type: "service_account"}`, the only principal that runs are made by here."""

    type: Literal["service_account"]


class OverridesBody(Body):
    """What replaces parts of an agent, whole; what is left out stays, null and [] clear."""

    model: ModelField | None = None
    system: System | None = None
    tools: list[ToolBody] | None = None
    mcp_servers: list[ServerBody] | None = None
    skills: list[SkillBody] | None = None


class UpdateBody(OverridesBody):
    """Any field of an agent; `version` makes it conditional, a metadata value that is null deletes the pair."""

    name: Name | None = None
    description: Description | None = None
    metadata: dict[str, str | None] | None = None
    execution_identity: IdentityBody | None = None
    multiagent: None = None
    version: Annotated[int, Field(ge=1)] | None = None


class CreateBody(OverridesBody):
    """`{name, model}` and whatever else an agent has."""

    name: Name
    model: ModelField
    description: Description | None = None
    metadata: dict[str, str] | None = None
    execution_identity: IdentityBody | None = None
    multiagent: None = None


class NothingBody(Body):
    """`{}`: what archiving takes, if anything."""


class AgentBody(BaseModel):
    """An agent in one version."""

    id: str
    type: Literal["agent"]
    name: str
    description: str | None
    model: dict[str, Any]
    system: str | None
    tools: list[dict[str, Any]]
    mcp_servers: list[dict[str, str]]
    skills: list[dict[str, str]]
    multiagent: None
    execution_identity: dict[str, str]
    version: int
    metadata: dict[str, str]
    created_at: str
    updated_at: str
    archived_at: str | None


def read_new(body: CreateBody) -> Definition:
    """Return the definition that a body makes, with every default written out."""
    changes = read_changes(body)
    changes["metadata"] = dict(body.metadata or {})
    return Definition(**{"description": None, **changes})


def read_overrides(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a session says in place of parts of its agent, as `read_changes` does; InvalidRequest."""
    try:
        return read_changes(OverridesBody.model_validate(said))
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in ("agent", *problem["loc"]))
        message = f"{place}: {problem['msg']}"
        raise InvalidRequest(message) from None


def read_changes(body: OverridesBody) -> dict[str, Any]:
    """Return what was said, by the names of `Definition`, resolved; `name` and `model` cannot be cleared."""
    said = body.model_fields_set
    changes: dict[str, Any] = {}
    if body.model is not None:
        changes["model"] = _read_model(body.model)
    if "system" in said:
        changes["system"] = body.system or None
    if "tools" in said:
        changes["tools"] = tuple(read_tools(body.tools or []))
    if "mcp_servers" in said:
        changes["mcp_servers"] = tuple(McpServer(server.name, server.url) for server in body.mcp_servers or [])
    if "skills" in said:
        changes["skills"] = tuple(
            {"type": skill.type, "skill_id": skill.skill_id, "version": skill.version or "latest"}
            for skill in body.skills or []
        )
    if isinstance(body, UpdateBody | CreateBody):
        if body.name is not None:
            changes["name"] = body.name
        if "description" in said:
            changes["description"] = body.description or None
    if isinstance(body, UpdateBody) and body.metadata is not None:
        changes["metadata"] = body.metadata
    return changes


def _read_model(model: str | ModelBody) -> ModelChoice:
    if isinstance(model, str):
        return ModelChoice(model)
    effort = model.effort.type if isinstance(model.effort, EffortBody) else model.effort
    chosen = {"effort": effort, "speed": model.speed, "inference_geo": model.inference_geo}
    return ModelChoice(model.id, **{name: value for name, value in chosen.items() if value is not None})


def show(agent: Agent) -> AgentBody:
    """Return an agent as the wire shows it."""
    return AgentBody(
        **to_plain(agent.id, agent.version, agent.definition),
        metadata=dict(agent.definition.metadata),
        created_at=to_rfc3339(agent.created_at),
        updated_at=to_rfc3339(agent.updated_at),
        archived_at=show_instant(agent.archived_at),
    )
