"""The endpoints of the people in a workspace."""

from typing import Annotated

from fastapi import APIRouter

from antechamber.base.ids import UserId, WorkspaceId
from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.workspaces import wire
from antechamber.features.workspaces.service import WorkspaceMembers
from antechamber.http.lists import Cursor, IdList, show_page
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router

Reader = Annotated[Administrator, Needs(Permission.WORKSPACE_MEMBERS_READ)]
Writer = Annotated[Administrator, Needs(Permission.WORKSPACE_MEMBERS_WRITE)]
_ROOT = "/v1/organizations/workspaces/{workspace_id}/members"
_ONE = "/v1/organizations/workspaces/{workspace_id}/members/{user_id}"


def member_routes(members: WorkspaceMembers) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.get(_ROOT, summary="People in a workspace, with the roles that count")
    async def listing(workspace_id: str, caller: Reader, cursor: Cursor) -> IdList[wire.MemberBody]:
        page = await members.listing(caller.organization_id, WorkspaceId(workspace_id), cursor)
        return show_page(page, wire.show_member, lambda member: member.user_id)

    @routes.post(_ROOT, summary="Add a member of the organization to a workspace")
    async def add(workspace_id: str, body: wire.AddBody, caller: Writer, by: Acting) -> wire.MemberBody:
        role, user_id = wire.read_role(body), UserId(body.user_id)
        return wire.show_member(await members.add(caller.organization_id, WorkspaceId(workspace_id), user_id, role, by))

    @routes.get(_ONE, summary="One person in a workspace")
    async def get(workspace_id: str, user_id: str, caller: Reader) -> wire.MemberBody:
        return wire.show_member(await members.get(caller.organization_id, WorkspaceId(workspace_id), UserId(user_id)))

    @routes.post(_ONE, summary="Change what a person is in a workspace")
    async def change(
        workspace_id: str, user_id: str, body: wire.RoleBody, caller: Writer, by: Acting
    ) -> wire.MemberBody:
        role = wire.read_role(body)
        return wire.show_member(
            await members.change(caller.organization_id, WorkspaceId(workspace_id), UserId(user_id), role, by)
        )

    @routes.delete(_ONE, summary="Take a person out of a workspace")
    async def remove(workspace_id: str, user_id: str, caller: Writer, by: Acting) -> wire.MemberDeletedBody:
        await members.remove(caller.organization_id, WorkspaceId(workspace_id), UserId(user_id), by)
        return wire.show_deleted(WorkspaceId(workspace_id), UserId(user_id))

    return routes
