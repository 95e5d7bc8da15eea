"""The use-cases of workspaces."""

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.ids import Kind, OrganizationId, WorkspaceId, mint
from antechamber.base.unit import Unit
from antechamber.features.workspaces.model import DEFAULT_COLOR, DEFAULT_NAME, Workspace
from antechamber.features.workspaces.ports import WorkspaceStore


class Workspaces:
    """Makes and finds workspaces."""

    def __init__(self, store: WorkspaceStore, clock: Clock, chance: Chance) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance

    async def create_default(self, unit: Unit, organization_id: OrganizationId) -> Workspace:
        """Make the workspace that every organisation is born with, in the caller's transaction."""
        workspace = Workspace(
            id=WorkspaceId(mint(Kind.WORKSPACE, self._clock, self._chance)),
            organization_id=organization_id,
            name=DEFAULT_NAME,
            display_color=DEFAULT_COLOR,
            is_default=True,
            created_at=self._clock.now(),
            archived_at=None,
        )
        await self._store.add(unit, organization_id, workspace)
        return workspace

    async def default(self, unit: Unit, organization_id: OrganizationId) -> Workspace:
        """Return the organisation's Default workspace."""
        return await self._store.default(unit, organization_id)
