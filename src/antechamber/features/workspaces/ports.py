"""What workspaces need from outside."""

from typing import Protocol

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.features.workspaces.model import Workspace


class WorkspaceStore(Protocol):
    """Where workspaces are kept."""

    async def add(self, unit: Unit, organization_id: OrganizationId, workspace: Workspace) -> None:
        """Keep a new workspace."""
        ...

    async def default(self, unit: Unit, organization_id: OrganizationId) -> Workspace:
        """Return the organisation's Default workspace."""
        ...
