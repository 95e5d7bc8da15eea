"""The endpoints of service accounts in workspaces, from either side."""

from fastapi import APIRouter

from antechamber.base.ids import ServiceAccountId, WorkspaceId
from antechamber.features.federation.routes.asking import AccountReader, AccountWriter, Paging, show_part
from antechamber.features.federation.service import Memberships
from antechamber.features.federation.wire import accounts as wire
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting
from antechamber.http.routing import Router

_OF_ACCOUNT = "/v1/organizations/service_accounts/{service_account_id}/workspaces"
_OF_WORKSPACE = "/v1/organizations/workspaces/{workspace_id}/service_accounts"
_ONE = "/v1/organizations/workspaces/{workspace_id}/service_accounts/{service_account_id}"


def membership_routes(memberships: Memberships) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()
    _from_account(routes, memberships)
    _from_workspace(routes, memberships)
    return routes


def _from_account(routes: APIRouter, memberships: Memberships) -> None:
    @routes.get(_OF_ACCOUNT, summary="Workspaces that a service account is in, the implicit one first")
    async def listing(service_account_id: str, caller: AccountReader, paging: Paging) -> PageList[wire.MembershipBody]:
        named = ServiceAccountId(service_account_id)
        part = await memberships.of_account(caller.organization_id, named, paging.limit, paging.page)
        return show_part(part, wire.show_membership)

    @routes.post(_OF_ACCOUNT, summary="Add a service account to a workspace, or change what it is there")
    async def add(
        service_account_id: str, body: wire.AddWorkspaceBody, caller: AccountWriter, by: Acting
    ) -> wire.MembershipBody:
        role, place = wire.read_role(body), WorkspaceId(body.workspace_id)
        named = ServiceAccountId(service_account_id)
        return wire.show_membership(await memberships.put(caller.organization_id, place, named, role, by))

    @routes.delete(_OF_ACCOUNT + "/{workspace_id}", summary="Take a service account out of a workspace")
    async def remove(
        service_account_id: str, workspace_id: str, caller: AccountWriter, by: Acting
    ) -> wire.MembershipDeletedBody:
        named, place = ServiceAccountId(service_account_id), WorkspaceId(workspace_id)
        await memberships.remove(caller.organization_id, place, named, by)
        return wire.show_removed(named, place)


def _from_workspace(routes: APIRouter, memberships: Memberships) -> None:
    @routes.get(_OF_WORKSPACE, summary="Service accounts that were added to a workspace")
    async def listing(workspace_id: str, caller: AccountReader, paging: Paging) -> PageList[wire.MembershipBody]:
        place = WorkspaceId(workspace_id)
        part = await memberships.of_workspace(caller.organization_id, place, paging.limit, paging.page)
        return show_part(part, wire.show_membership)

    @routes.post(_OF_WORKSPACE, summary="Add a service account to a workspace, or change what it is there")
    async def add(
        workspace_id: str, body: wire.AddAccountBody, caller: AccountWriter, by: Acting
    ) -> wire.MembershipBody:
        role, named = wire.read_role(body), ServiceAccountId(body.service_account_id)
        place = WorkspaceId(workspace_id)
        return wire.show_membership(await memberships.put(caller.organization_id, place, named, role, by))

    @routes.get(_ONE, summary="One service account in a workspace")
    async def get(workspace_id: str, service_account_id: str, caller: AccountReader) -> wire.MembershipBody:
        place, named = WorkspaceId(workspace_id), ServiceAccountId(service_account_id)
        return wire.show_membership(await memberships.get(caller.organization_id, place, named))

    @routes.post(_ONE, summary="Change what a service account is in a workspace")
    async def change(
        workspace_id: str, service_account_id: str, body: wire.RoleBody, caller: AccountWriter, by: Acting
    ) -> wire.MembershipBody:
        place, named = WorkspaceId(workspace_id), ServiceAccountId(service_account_id)
        role = wire.read_role(body)
        return wire.show_membership(await memberships.change(caller.organization_id, place, named, role, by))

    @routes.delete(_ONE, summary="Take a service account out of a workspace")
    async def remove(
        workspace_id: str, service_account_id: str, caller: AccountWriter, by: Acting
    ) -> wire.MembershipDeletedBody:
        named, place = ServiceAccountId(service_account_id), WorkspaceId(workspace_id)
        await memberships.remove(caller.organization_id, place, named, by)
        return wire.show_removed(named, place)
