"""What an environment was configured as, revision by revision."""

from antechamber.base.ids import EnvironmentId, OrganizationId, WorkspaceId
from antechamber.base.page import PageQuery, Part, open_cursor, read_number, seal_cursor
from antechamber.base.unit import Units
from antechamber.features.environments.model.environments import Revision
from antechamber.features.environments.ports.environments import EnvironmentStore
from antechamber.features.environments.service.environments import Environments


class History:
    """Answers who changed an environment, when, and to what."""

    def __init__(self, store: EnvironmentStore, environments: Environments, units: Units) -> None:
        self._store = store
        self._environments = environments
        self._units = units

    async def listing(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        environment_id: EnvironmentId,
        query: PageQuery,
    ) -> Part[Revision]:
        """Return a page of revisions, newest first; NotFound, InvalidRequest for a cursor of another list."""
        bound = {"list": "history", "environment_id": environment_id}
        before = None if query.page is None else read_number(open_cursor(query.page, bound))
        async with self._units.read() as unit:
            await self._environments.require(unit, organization_id, workspace_id, environment_id)
            found = await self._store.revisions(
                unit, organization_id, environment_id, limit=query.limit + 1, before=before
            )
        shown = tuple(found[: query.limit])
        return Part(shown, seal_cursor(str(shown[-1].number), bound) if len(found) > query.limit else None)
