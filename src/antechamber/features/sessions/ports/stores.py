"""Where sessions, their containers and their events are kept."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from antechamber.base.ids import EnvironmentId, OrganizationId, SessionId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.features.sessions.model.containers import Container
from antechamber.features.sessions.model.events import Event
from antechamber.features.sessions.model.sessions import EVER, Filter, Reach, Session, Window


class SessionStore(Protocol):
    """Where sessions are kept."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, session: Session) -> None:
        """Keep a new session."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, session: Session) -> None:
        """Keep what has changed of a known session."""
        ...

    async def drop(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> None:
        """Remove a session with its events."""
        ...

    async def find(
        self, unit: Unit, organization_id: OrganizationId, reach: Reach, session_id: SessionId
    ) -> Session | None:
        """Return a session that the caller may see, archived or not."""
        ...

    async def several(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId
    ) -> Sequence[Session]:
        """Return every session of a workspace that is not archived."""
        ...

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, reach: Reach, asked: Asked, only: Filter
    ) -> Sequence[Session]:
        """Return what was asked for of the sessions that the caller may see."""
        ...

    async def count(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> int:
        """Return how many sessions refer to an environment, archived ones too."""
        ...


class ContainerStore(Protocol):
    """Where it is kept which containers there should be."""

    async def put(self, unit: Unit, organization_id: OrganizationId, container: Container) -> None:
        """Keep what should become of a session's container, in place of what was to before."""
        ...

    async def drop(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> None:
        """Forget a container that is no more."""
        ...

    async def find(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> Container | None:
        """Return a session's container."""
        ...

    async def several(
        self, unit: Unit, organization_id: OrganizationId, session_ids: Collection[SessionId]
    ) -> Mapping[SessionId, Container]:
        """Return the containers of these sessions."""
        ...

    async def sweep_due(self, unit: Unit, node: str, now: int) -> Sequence[Container]:
        """Return the containers of a node, of every organisation, for which there is something to do."""
        ...

    async def sweep_running(self, unit: Unit, node: str) -> Sequence[Container]:
        """Return the containers of a node, of every organisation, that are held to run."""
        ...

    async def sweep_failed(self, unit: Unit, node: str) -> Sequence[Container]:
        """Return the containers of a node, of every organisation, that could not be made."""
        ...


class EventStore(Protocol):
    """Where events are kept."""

    async def add(self, unit: Unit, organization_id: OrganizationId, event: Event) -> None:
        """Keep a new event."""
        ...

    async def last(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> int:
        """Return the number of a session's last event, 0 for none."""
        ...

    async def types(
        self, unit: Unit, organization_id: OrganizationId, session_id: SessionId, ids: Collection[str]
    ) -> Mapping[str, str]:
        """Return the types of those of these events that the session has, by their ids."""
        ...

    async def answered(
        self, unit: Unit, organization_id: OrganizationId, session_id: SessionId, ids: Collection[str]
    ) -> Collection[str]:
        """Return those of these tool calls that have a result."""
        ...

    async def slice(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        session_id: SessionId,
        *,
        beyond: int | None,
        limit: int,
        ascending: bool = True,
        types: Collection[str] = (),
        processed: Window = EVER,
    ) -> Sequence[Event]:
        """Return at most `limit` events beyond a number, nearest first; `processed` bounds when they were."""
        ...
