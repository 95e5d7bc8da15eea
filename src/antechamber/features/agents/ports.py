"""What agents need from outside."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from antechamber.base.ids import AgentId, OrganizationId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.features.agents.model import Agent


class AgentStore(Protocol):
    """Where agents are kept, in every version; none is ever removed."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, agent: Agent) -> None:
        """Keep the first version of a new agent."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, agent: Agent) -> None:
        """Keep a further version, which becomes the present one."""
        ...

    async def archive(self, unit: Unit, organization_id: OrganizationId, agent: Agent) -> None:
        """Keep when an agent was archived."""
        ...

    async def find(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, agent_id: AgentId
    ) -> Agent | None:
        """Return the present version, archived or not."""
        ...

    async def version(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, agent_id: AgentId, version: int
    ) -> Agent | None:
        """Return one version."""
        ...

    async def listing(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        asked: Asked,
        *,
        archived: bool,
        since: int | None,
        until: int | None,
    ) -> Sequence[Agent]:
        """Return present versions, newest agent first; `since` and `until` bound when the agent was made."""
        ...

    async def versions(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        agent_id: AgentId,
        *,
        before: int | None,
        limit: int,
    ) -> Sequence[Agent]:
        """Return versions below `before`, newest first."""
        ...


class OverridesReading(Protocol):
    """Reads what a session says in place of parts of its agent, which is said as an agent is."""

    def read(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return it by the names of `Definition`, resolved; InvalidRequest for what no agent could have."""
        ...
