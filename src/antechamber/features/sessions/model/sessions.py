"""A session, what may be said of one, and who may see it (wire-agents.md 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import AgentId, EnvironmentId, OrganizationId, SessionId, WorkspaceId
from antechamber.features.agents.model import Definition
from antechamber.features.environments.model.configs import Config

LONGEST_TITLE: Final = 500


class Status(StrEnum):
    """What a session is doing."""

    IDLE = "idle"
    RESCHEDULING = "rescheduling"
    RUNNING = "running"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Session:
    """A session; instants in µs UTC, `agent` and `config` as they were when it started."""

    id: SessionId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    environment_id: EnvironmentId
    agent_id: AgentId
    agent_version: int
    agent: Definition
    config: Config
    created_at: int
    updated_at: int
    status: Status = Status.IDLE
    title: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    archived_at: int | None = None

    @property
    def is_archived(self) -> bool:
        """Whether it has ended for good."""
        return self.archived_at is not None


@dataclass(frozen=True, slots=True)
class AgentChoice:
    """The agent that a session is to start from: its version (None: the present one), and what replaces parts of it.

    `overrides` are as they were said: agents read them.
    """

    id: AgentId
    version: int | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionDraft:
    """What a new session is to be."""

    agent: AgentChoice
    environment_id: EnvironmentId
    title: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a caller may see: a workspace's sessions; a worker only those of its environment, or one alone."""

    organization_id: OrganizationId
    workspace_id: WorkspaceId
    environment_id: EnvironmentId | None = None
    session_id: SessionId | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in µs: `after` and `before` do not belong to it, `since` and `until` do; None is open."""

    after: int | None = None
    since: int | None = None
    before: int | None = None
    until: int | None = None


EVER: Final = Window()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which sessions are asked for; None lets every one through."""

    agent_id: str | None = None
    agent_version: int | None = None
    statuses: tuple[Status, ...] = ()
    archived: bool = False
    created: Window = EVER


EVERY: Final = Filter()


def check_title(title: str | None) -> str | None:
    """Return the title; InvalidRequest past 500 characters."""
    if title is not None and len(title) > LONGEST_TITLE:
        message = f"title: has at most {LONGEST_TITLE} characters"
        raise InvalidRequest(message)
    return title


def require_still(session: Session, act: str) -> None:
    """Raise InvalidRequest while a session runs: it is neither archived nor deleted then."""
    if session.status in {Status.RUNNING, Status.RESCHEDULING}:
        message = f"{session.id} is {session.status} and cannot be {act}: interrupt it, or wait until it is idle."
        raise InvalidRequest(message)
