"""The endpoints of telemetry."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from antechamber.base.ids import TelemetryDestinationId, WorkspaceId
from antechamber.base.page import PageQuery
from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.telemetry import wire
from antechamber.features.telemetry.service import Destinations, Trials, WorkspaceLists
from antechamber.http.betas import BetaNeed
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting
from antechamber.http.routing import Router

_BETA = "telemetry-destinations-2026-08-11"
_ROOT = "/v1/organizations/telemetry_destinations"
_ONE = "/v1/organizations/telemetry_destinations/{destination_id}"
_LIST = _ONE + "/workspaces"
_ENTRY = _LIST + "/{workspace_id}"

Reader = Annotated[Administrator, Depends(BetaNeed(Permission.TELEMETRY_READ, _BETA, any_query=False))]
Writer = Annotated[Administrator, Depends(BetaNeed(Permission.TELEMETRY_WRITE, _BETA, any_query=False))]


async def _read_query(limit: Annotated[int, Query(ge=1, le=1000)] = 20, page: str | None = None) -> PageQuery:
    return PageQuery(limit, page)


Asking = Annotated[PageQuery, Depends(_read_query)]


def router(destinations: Destinations, lists: WorkspaceLists, trials: Trials) -> APIRouter:
    """Return the routes over the services."""
    routes = Router()

    @routes.post(_ROOT, summary="Send traces to a destination")
    async def create(body: wire.CreateBody, caller: Writer, by: Acting) -> wire.DestinationBody:
        return wire.show(await destinations.create(caller.organization_id, body.draft(), by))

    @routes.get(_ROOT, summary="Destinations of traces, newest first")
    async def listing(
        caller: Reader, asking: Asking, workspace_ids: Annotated[list[str], Query(default_factory=list)]
    ) -> PageList[wire.DestinationBody]:
        wanted = [WorkspaceId(each) for each in workspace_ids]
        part = await destinations.listing(caller.organization_id, asking, wanted)
        return PageList(data=[wire.show(each) for each in part.items], next_page=part.next_page)

    @routes.get(_ONE, summary="One destination")
    async def get(destination_id: str, caller: Reader) -> wire.DestinationBody:
        return wire.show(await destinations.get(caller.organization_id, TelemetryDestinationId(destination_id)))

    @routes.post(_ONE, summary="Change a destination, disable or enable it")
    async def update(destination_id: str, body: wire.UpdateBody, caller: Writer, by: Acting) -> wire.DestinationBody:
        named = TelemetryDestinationId(destination_id)
        return wire.show(await destinations.update(caller.organization_id, named, body.change(), by))

    @routes.delete(_ONE, summary="Remove a destination")
    async def delete(destination_id: str, caller: Writer, by: Acting) -> wire.DeletedBody:
        await destinations.delete(caller.organization_id, TelemetryDestinationId(destination_id), by)
        return wire.DeletedBody(id=destination_id)

    @routes.post(_ONE + "/test", summary="Send a test span to a destination")
    async def test(destination_id: str, caller: Writer) -> wire.TestBody:
        return wire.show_test(await trials.test(caller.organization_id, TelemetryDestinationId(destination_id)))

    @routes.get(_LIST, summary="The workspaces on a destination's list, newest first")
    async def workspaces(destination_id: str, caller: Reader, asking: Asking) -> PageList[wire.EntryBody]:
        named = TelemetryDestinationId(destination_id)
        part = await lists.listing(caller.organization_id, named, asking)
        return PageList(data=[wire.show_entry(named, each) for each in part.items], next_page=part.next_page)

    @routes.post(_ENTRY, summary="Put a workspace on a destination's list")
    async def add(destination_id: str, workspace_id: str, caller: Writer, by: Acting) -> wire.EntryBody:
        named = TelemetryDestinationId(destination_id)
        return wire.show_entry(named, await lists.add(caller.organization_id, named, WorkspaceId(workspace_id), by))

    @routes.delete(_ENTRY, summary="Take a workspace off a destination's list")
    async def remove(destination_id: str, workspace_id: str, caller: Writer, by: Acting) -> wire.RemovedBody:
        named = TelemetryDestinationId(destination_id)
        await lists.remove(caller.organization_id, named, WorkspaceId(workspace_id), by)
        return wire.RemovedBody(telemetry_destination_id=destination_id, workspace_id=workspace_id)

    return routes
