"""Sessions on the wire (SDK types `BetaManagedAgentsSession`, `session_create_params`, `session_update_params`)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import AgentId, EnvironmentId
from antechamber.features.agents.model import to_plain
from antechamber.features.sessions.model.containers import Container
from antechamber.features.sessions.model.sessions import AgentChoice, Session, SessionDraft
from antechamber.features.sessions.service.sessions import Shown
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant

Title = Annotated[str, Field(max_length=500)]
Version = Annotated[int, Field(ge=1)]


class AgentBody(Body):
    """`{type: "agent", id, version?}`."""

    type: Literal["agent"]
    id: str
    version: Version | None = None


class AgentWithOverridesBody(Body):
    """`{type: "agent_with_overrides", id, version?}` and what replaces parts of the agent for this session."""

    type: Literal["agent_with_overrides"]
    id: str
    version: Version | None = None
    model: str | dict[str, Any] | None = None
    system: str | None = None
    tools: list[dict[str, Any]] | None = None
    mcp_servers: list[dict[str, Any]] | None = None
    skills: list[dict[str, Any]] | None = None


class CreateBody(Body):
    """`{agent, environment_id}` and what else a session has; what is not served yet may only be empty."""

    agent: str | Annotated[AgentBody | AgentWithOverridesBody, Field(discriminator="type")]
    environment_id: str
    title: Title | None = None
    metadata: dict[str, str] | None = None
    budget: None = None
    initial_events: Annotated[list[Any], Field(max_length=0)] | None = None
    resources: Annotated[list[Any], Field(max_length=0)] | None = None
    vault_ids: Annotated[list[str], Field(max_length=0)] | None = None


class AgentUpdateBody(Body):
    """What may change of a session's agent; what is left out stays, [] clears."""

    tools: list[dict[str, Any]] | None = None
    mcp_servers: list[dict[str, Any]] | None = None


class UpdateBody(Body):
    """`{title?, metadata?, agent?}`; a metadata value that is null deletes its pair."""

    title: Title | None = None
    metadata: dict[str, str | None] | None = None
    agent: AgentUpdateBody | None = None
    budget: None = None


class NothingBody(Body):
    """`{}`: what archiving takes, if anything."""


class ContainerBody(BaseModel):
    """How far a session's container is: pending, running, failed or stopped; `error` says why it does not run.

    Stopped by a limit, it keeps what it wrote, and starts again when the session is sent an event or its agent is set.
    """

    state: str
    error: str | None
    base: str | None
    layers: list[str]


class SessionBody(BaseModel):
    """A session; `container` is ours, null where the environment's workers bring their own."""

    id: str
    type: Literal["session"]
    status: str
    agent: dict[str, Any]
    environment_id: str
    title: str | None
    metadata: dict[str, str]
    resources: list[Any]
    vault_ids: list[str]
    usage: dict[str, Any]
    stats: dict[str, float]
    outcome_evaluations: list[Any]
    budget: None
    deployment_id: None
    created_at: str
    updated_at: str
    archived_at: str | None
    container: ContainerBody | None


class DeletedBody(BaseModel):
    """A session that is no more."""

    id: str
    type: Literal["session_deleted"] = "session_deleted"


class SessionList(BaseModel):
    """`{data, next_page, prev_page}`, null where there is none."""

    data: list[SessionBody]
    next_page: str | None
    prev_page: str | None


def read_draft(body: CreateBody) -> SessionDraft:
    """Return what a new session is to be; InvalidRequest for an agent without a model."""
    agent = body.agent
    if isinstance(agent, str):
        choice = AgentChoice(AgentId(agent))
    elif isinstance(agent, AgentBody):
        choice = AgentChoice(AgentId(agent.id), agent.version)
    else:
        if agent.model is None and "model" in agent.model_fields_set:
            message = "agent.model: cannot be cleared"
            raise InvalidRequest(message, error_code="agent_model_required")
        choice = AgentChoice(AgentId(agent.id), agent.version, _overrides(agent))
    return SessionDraft(choice, EnvironmentId(body.environment_id), body.title, dict(body.metadata or {}))


def read_update(body: UpdateBody) -> dict[str, Any]:
    """Return what was said, by the names of `Session`; null leaves metadata and agent as they are."""
    changes: dict[str, Any] = {}
    if "title" in body.model_fields_set:
        changes["title"] = body.title
    if body.metadata is not None:
        changes["metadata"] = body.metadata
    if body.agent is not None:
        changes["agent"] = body.agent.model_dump(include=body.agent.model_fields_set)
    return changes


def _overrides(body: AgentWithOverridesBody) -> dict[str, Any]:
    return body.model_dump(include=body.model_fields_set - {"type", "id", "version"})


def show(shown: Shown, now: int) -> SessionBody:
    """Return a session as the wire shows it at an instant."""
    session = shown.session
    return SessionBody(
        id=session.id,
        type="session",
        status=session.status,
        agent=to_plain(session.agent_id, session.agent_version, session.agent),
        environment_id=session.environment_id,
        title=session.title,
        metadata=dict(session.metadata),
        resources=[],
        vault_ids=[],
        usage=_usage(),
        stats={"active_seconds": 0.0, "duration_seconds": _duration(session, now)},
        outcome_evaluations=[],
        budget=None,
        deployment_id=None,
        created_at=to_rfc3339(session.created_at),
        updated_at=to_rfc3339(session.updated_at),
        archived_at=show_instant(session.archived_at),
        container=_container(shown),
    )


def _container(shown: Shown) -> ContainerBody | None:
    container: Container | None = shown.container
    if shown.session.config.type == "self_hosted":
        return None
    if container is None or shown.session.is_archived:
        return ContainerBody(state="stopped", error=None, base=None, layers=[])
    layers = list(container.layers)
    return ContainerBody(state=container.state, error=container.problem, base=container.base, layers=layers)


def _duration(session: Session, now: int) -> float:
    return ((session.archived_at or now) - session.created_at) / MICROSECONDS


def _usage() -> dict[str, Any]:
    """Return what a session that has no loop yet has used."""
    return {
        "input_tokens": 0,
        "output_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "active_seconds": 0.0,
    }
