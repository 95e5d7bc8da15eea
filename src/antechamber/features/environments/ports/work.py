"""What the work queue and its keys need from outside."""

from collections.abc import Sequence
from typing import Protocol

from antechamber.base.ids import EnvironmentId, EnvironmentKeyId, OrganizationId, SessionId, WorkId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.features.environments.model.environments import Environment
from antechamber.features.environments.model.keys import StoredEnvironmentKey
from antechamber.features.environments.model.work import QueueStats, Work


class Known(Protocol):
    """Environments, as the queue asks for them."""

    async def require(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, environment_id: EnvironmentId
    ) -> Environment:
        """Return an environment of a workspace, archived or not; NotFound."""
        ...


class WorkStore(Protocol):
    """Where work is kept, with the keyed hash of what each item's worker holds for it."""

    async def lock(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> None:
        """Make writers of the queue come one after the other, until the unit ends."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, work: Work) -> None:
        """Keep a new item."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, work: Work, *, ended: bool) -> None:
        """Keep what has changed of an item; `ended` takes its worker's token away."""
        ...

    async def give(self, unit: Unit, organization_id: OrganizationId, work: Work, digest: bytes) -> None:
        """Keep an item that was taken, and the token of who took it in place of the one before."""
        ...

    async def waiting(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        environment_id: EnvironmentId,
        *,
        now: int,
        polled_before: int,
    ) -> Work | None:
        """Return the oldest item that may be taken: never taken, taken before an instant, or with a lease run out."""
        ...

    async def find(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        environment_id: EnvironmentId,
        work_id: WorkId,
    ) -> Work | None:
        """Return an item."""
        ...

    async def of_session(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> Sequence[Work]:
        """Return the items of a session that have not stopped."""
        ...

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, asked: Asked
    ) -> Sequence[Work]:
        """Return items, newest first."""
        ...

    async def note_poller(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, worker_id: str, now: int
    ) -> None:
        """Keep when a worker last polled."""
        ...

    async def stats(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, *, now: int, since: int
    ) -> QueueStats:
        """Return the queue as it stands; workers count that have polled after `since`."""
        ...

    async def drop_environment(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId
    ) -> None:
        """Remove an environment's items, and who polled for them."""
        ...


class EnvironmentKeyStore(Protocol):
    """Where environment keys are kept, by the keyed hashes of their secrets."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, key: StoredEnvironmentKey, digest: bytes) -> None:
        """Keep a new key."""
        ...

    async def drop(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        environment_id: EnvironmentId,
        key_id: EnvironmentKeyId,
    ) -> StoredEnvironmentKey | None:
        """Remove a key, let the credentials' holders know, and return it; None if there is none."""
        ...

    async def drop_environment(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId
    ) -> None:
        """Remove every key of an environment, and let the credentials' holders know."""
        ...

    async def drop_workspace(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> None:
        """Remove every key of a workspace, and let the credentials' holders know."""
        ...

    async def count(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> int:
        """Return how many keys an environment has."""
        ...

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, asked: Asked
    ) -> Sequence[StoredEnvironmentKey]:
        """Return an environment's keys, newest first."""
        ...
