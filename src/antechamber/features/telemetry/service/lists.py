"""The lists by which destinations say which workspaces they cover."""

from collections.abc import Collection, Sequence

from antechamber.base.actor import Actor
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import Kind, OrganizationId, TelemetryDestinationId, WorkspaceId
from antechamber.base.page import PageQuery, Paging, Part
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.telemetry.model.destinations import MOST_LISTED, MOST_REPLACED, Destination, Scope
from antechamber.features.telemetry.ports import Entry
from antechamber.features.telemetry.service.stores import Stores
from antechamber.features.workspaces.model import has_form
from antechamber.features.workspaces.service import Workspaces


class WorkspaceLists:
    """Shows and changes lists."""

    def __init__(self, stores: Stores, workspaces: Workspaces, units: Units, clock: Clock, audit: Audit) -> None:
        self._stores = stores
        self._workspaces = workspaces
        self._units = units
        self._clock = clock
        self._audit = audit

    async def listing(
        self, organization_id: OrganizationId, destination_id: TelemetryDestinationId, query: PageQuery
    ) -> Part[Entry]:
        """Return a page of a list, newest entry first; NotFound."""
        paging = Paging(Kind.WORKSPACE, query, organization=organization_id, destination=destination_id)
        asked = paging.asked()
        async with self._units.read() as unit:
            await self._stores.require(unit, organization_id, destination_id)
            found = await self._stores.lists.page(unit, organization_id, destination_id, asked)
        return paging.part(found, lambda entry: (entry.created_at, entry.workspace_id))

    async def add(
        self,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        workspace_id: WorkspaceId,
        by: Actor,
    ) -> Entry:
        """Put a workspace on a list; on it already, it stays as it is. NotFound; InvalidRequest past the rules."""
        async with self._units.begin() as unit:
            known = await self._require_listing(unit, organization_id, destination_id)
            workspace = await self._workspaces.require(unit, organization_id, workspace_id)
            entries = await self._stores.lists.entries(unit, organization_id, known.id)
            if workspace_id in entries:
                return Entry(workspace_id, entries[workspace_id])
            if workspace.is_archived:
                message = f"{workspace_id} is archived and cannot be added to a list."
                raise InvalidRequest(message)
            if len(entries) >= MOST_LISTED:
                message = f"The list has {MOST_LISTED} workspaces, the most it may have."
                raise InvalidRequest(message)
            entry = Entry(workspace_id, self._clock.now())
            await self._stores.lists.put(unit, organization_id, known.id, entry)
            await self._record(unit, known, by, ActivityType.TELEMETRY_DESTINATION_WORKSPACE_ADDED, workspace_id)
            return entry

    async def remove(
        self,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        workspace_id: WorkspaceId,
        by: Actor,
    ) -> None:
        """Take a workspace off a list; NotFound if it is not on it; InvalidRequest where there is no list."""
        async with self._units.begin() as unit:
            known = await self._require_listing(unit, organization_id, destination_id)
            if workspace_id not in await self._stores.lists.entries(unit, organization_id, known.id):
                message = f"Workspace not found on the list of {destination_id}: {workspace_id}"
                raise NotFound(message)
            await self._stores.lists.drop(unit, organization_id, known.id, [workspace_id])
            await self._record(unit, known, by, ActivityType.TELEMETRY_DESTINATION_WORKSPACE_REMOVED, workspace_id)

    async def replace(self, unit: Unit, known: Destination, wanted: Sequence[WorkspaceId]) -> list[str]:
        """Make a list hold these and no others, in the caller's transaction; returns it.

        Those that stay keep their entry; InvalidRequest for one that is archived or is none of the organisation's, or
        for a list that is too long to be replaced.
        """
        organization_id = known.organization_id
        organization_id = known.organization_id
        before = await self._stores.lists.entries(unit, organization_id, known.id)
        if len(before) > MOST_REPLACED:
            message = f"workspaces: the list has more than {MOST_REPLACED} workspaces; first remove some, one at a time"
            raise InvalidRequest(message)
        ids = tuple(dict.fromkeys(wanted))
        whole = [each for each in ids if has_form(Kind.WORKSPACE, each)]
        there = await self._workspaces.names(unit, organization_id, whole) if whole else {}
        now = self._clock.now()
        for workspace_id in ids:
            workspace = there.get(workspace_id)
            if workspace is None or (workspace.is_archived and workspace_id not in before):
                problem = "is archived" if workspace else "is not a workspace of this organization"
                message = f"workspaces.workspace_ids: {workspace_id} {problem}"
                raise InvalidRequest(message)
            if workspace_id not in before:
                await self._stores.lists.put(unit, organization_id, known.id, Entry(workspace_id, now))
        if gone := [workspace_id for workspace_id in before if workspace_id not in ids]:
            await self._stores.lists.drop(unit, organization_id, known.id, gone)
        return sorted(ids)

    async def known(
        self, unit: Unit, organization_id: OrganizationId, workspace_ids: Collection[WorkspaceId]
    ) -> list[WorkspaceId]:
        """Return those of these that the organisation has, archived or not."""
        whole = [each for each in workspace_ids if has_form(Kind.WORKSPACE, each)]
        return list(await self._workspaces.names(unit, organization_id, whole)) if whole else []

    async def _require_listing(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId
    ) -> Destination:
        await self._stores.destinations.lock(unit, organization_id)
        known = (await self._stores.require(unit, organization_id, destination_id)).destination
        if known.scope is Scope.ALL:
            message = f"{destination_id} covers all workspaces and has no list; update its `workspaces` to change that."
            raise InvalidRequest(message)
        return known

    async def _record(
        self, unit: Unit, known: Destination, by: Actor, act: ActivityType, workspace_id: WorkspaceId
    ) -> None:
        details = {"telemetry_destination_id": known.id, "workspace_id": workspace_id}
        await self._audit.record(unit, known.organization_id, by, act, **details)
