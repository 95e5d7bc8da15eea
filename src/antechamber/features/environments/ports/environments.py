"""What environments themselves need from outside."""

from collections.abc import Sequence
from typing import Protocol

from antechamber.base.actor import Actor
from antechamber.base.ids import EnvironmentId, OrganizationId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.features.environments.model.environments import Environment, Revision


class EnvironmentStore(Protocol):
    """Where environments and their revisions are kept."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, environment: Environment) -> None:
        """Keep a new environment."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, environment: Environment) -> None:
        """Keep what has changed of a known environment."""
        ...

    async def drop(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> None:
        """Remove an environment and its revisions."""
        ...

    async def find(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, environment_id: EnvironmentId
    ) -> Environment | None:
        """Return an environment of a workspace, archived or not."""
        ...

    async def named(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, name: str
    ) -> EnvironmentId | None:
        """Return the live environment of a workspace with this very name."""
        ...

    async def listing(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        asked: Asked,
        *,
        archived: bool,
    ) -> Sequence[Environment]:
        """Return what is asked for, by the time of creation; `archived` ones too."""
        ...

    async def add_revision(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, revision: Revision
    ) -> None:
        """Keep a revision."""
        ...

    async def revisions(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        environment_id: EnvironmentId,
        *,
        limit: int,
        before: int | None,
    ) -> Sequence[Revision]:
        """Return at most `limit` revisions, newest first, below the number `before`."""
        ...


class SessionsCounted(Protocol):
    """What sessions say about an environment."""

    async def count(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> int:
        """Return how many undeleted sessions refer to it, archived ones too."""
        ...


class EnvironmentEffects(Protocol):
    """What follows from a change of environments, in the same transaction, for what stands on them."""

    async def archived(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, by: Actor
    ) -> None:
        """Take notice that nothing new starts from an environment."""
        ...

    async def removed(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, by: Actor
    ) -> None:
        """Remove what belongs to an environment that is no more."""
        ...
