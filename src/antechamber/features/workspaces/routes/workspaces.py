"""The endpoints of workspaces."""

from typing import Annotated

from fastapi import APIRouter, Query

from antechamber.base.ids import WorkspaceId
from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.workspaces import wire
from antechamber.features.workspaces.service import Workspaces
from antechamber.http.lists import Cursor, IdList, show_page
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router

Reader = Annotated[Administrator, Needs(Permission.WORKSPACES_READ)]
Writer = Annotated[Administrator, Needs(Permission.WORKSPACES_WRITE)]
_ROOT = "/v1/organizations/workspaces"
_ONE = "/v1/organizations/workspaces/{workspace_id}"


def workspace_routes(workspaces: Workspaces) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.post(_ROOT, summary="Make a workspace")
    async def create(body: wire.CreateBody, caller: Writer, by: Acting) -> wire.WorkspaceBody:
        return wire.show(await workspaces.create(caller.organization_id, wire.read_draft(body), by))

    @routes.get(_ROOT, summary="Workspaces, newest first")
    async def listing(
        caller: Reader,
        cursor: Cursor,
        ids: Annotated[wire.Ids | None, Query()] = None,
        *,
        include_archived: bool = False,
        include_default: bool = False,
    ) -> IdList[wire.WorkspaceBody]:
        only = None if ids is None else [WorkspaceId(text) for text in ids]
        page = await workspaces.listing(
            caller.organization_id, cursor, ids=only, archived=include_archived, default=include_default
        )
        return show_page(page, wire.show, lambda workspace: workspace.id)

    @routes.get(_ONE, summary="One workspace")
    async def get(workspace_id: str, caller: Reader) -> wire.WorkspaceBody:
        return wire.show(await workspaces.get(caller.organization_id, WorkspaceId(workspace_id)))

    @routes.post(_ONE, summary="Change a workspace")
    async def update(workspace_id: str, body: wire.UpdateBody, caller: Writer, by: Acting) -> wire.WorkspaceBody:
        said = wire.read_draft(body)
        return wire.show(await workspaces.update(caller.organization_id, WorkspaceId(workspace_id), said, by))

    @routes.post(_ONE + "/archive", summary="Archive a workspace for good, and revoke its keys")
    async def archive(
        workspace_id: str, caller: Writer, by: Acting, body: wire.NothingBody | None = None
    ) -> wire.WorkspaceBody:
        del body
        return wire.show(await workspaces.archive(caller.organization_id, WorkspaceId(workspace_id), by))

    return routes
