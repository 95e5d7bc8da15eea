"""The endpoints of groups and roles."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from antechamber.base.ids import RbacGroupId, RbacRoleId, UserId
from antechamber.base.page import PageQuery
from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.rbac import wire
from antechamber.features.rbac.service import Groups, Roles
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router
from antechamber.http.versions import HEADER, Version, require_version


async def _version_of(request: Request) -> Version:
    value = dict(request.scope["headers"]).get(HEADER.encode())
    return Version.V2023_06_01 if value is None else require_version(value)


async def _read_query(limit: Annotated[int, Query(ge=1, le=1000)] = 20, page: str | None = None) -> PageQuery:
    return PageQuery(limit, page)


# these endpoints do without the header, and then answer as under the first version (wire-admin.md 1.1)
Reader = Annotated[Administrator, Needs(Permission.RBAC_GROUPS_READ, versioned=False)]
Writer = Annotated[Administrator, Needs(Permission.RBAC_GROUPS_WRITE, versioned=False)]
SpokenOrFirst = Annotated[Version, Depends(_version_of)]
Asking = Annotated[PageQuery, Depends(_read_query)]
_GROUPS = "/v1/organizations/rbac_groups"
_GROUP = "/v1/organizations/rbac_groups/{rbac_group_id}"
_MEMBERS = "/v1/organizations/rbac_groups/{rbac_group_id}/members"
_ROLES = "/v1/organizations/rbac_roles"
_ROLE = "/v1/organizations/rbac_roles/{rbac_role_id}"


def rbac_routes(groups: Groups, roles: Roles) -> APIRouter:
    """Return the routes over both services."""
    routes = Router()
    _groups(routes, groups)
    _members(routes, groups)
    _roles(routes, roles)
    return routes


def _groups(routes: APIRouter, groups: Groups) -> None:
    @routes.post(_GROUPS, summary="Make a group")
    async def create(body: wire.CreateBody, caller: Writer, by: Acting, spoken: SpokenOrFirst) -> wire.GroupBody:
        del spoken
        return wire.show(await groups.create(caller.organization_id, body.name, by))

    @routes.get(_GROUPS, summary="Groups, newest first")
    async def listing(caller: Reader, asking: Asking, spoken: SpokenOrFirst) -> wire.MoreList[wire.GroupBody]:
        del spoken
        return wire.show_part(await groups.listing(caller.organization_id, asking), wire.show)

    @routes.get(_GROUP, summary="One group")
    async def get(rbac_group_id: str, caller: Reader, spoken: SpokenOrFirst) -> wire.GroupBody:
        del spoken
        return wire.show(await groups.get(caller.organization_id, RbacGroupId(rbac_group_id)))

    @routes.post(_GROUP, summary="Rename a group")
    async def update(
        rbac_group_id: str, body: wire.UpdateBody, caller: Writer, by: Acting, spoken: SpokenOrFirst
    ) -> wire.GroupBody:
        del spoken
        return wire.show(await groups.update(caller.organization_id, RbacGroupId(rbac_group_id), body.name, by))

    @routes.delete(_GROUP, summary="Delete a group; its people stay")
    async def delete(rbac_group_id: str, caller: Writer, by: Acting, spoken: SpokenOrFirst) -> wire.GroupDeletedBody:
        del spoken
        await groups.delete(caller.organization_id, RbacGroupId(rbac_group_id), by)
        return wire.GroupDeletedBody(id=rbac_group_id)


def _members(routes: APIRouter, groups: Groups) -> None:
    @routes.get(_MEMBERS, summary="People in a group, who joined last first")
    async def listing(
        rbac_group_id: str, caller: Reader, asking: Asking, spoken: SpokenOrFirst
    ) -> wire.MoreList[wire.OldMemberBody | wire.MemberBody]:
        part = await groups.members(caller.organization_id, RbacGroupId(rbac_group_id), asking)
        return wire.show_part(part, lambda member: wire.show_member(member, spoken))

    @routes.post(_MEMBERS, summary="Put a member of the organization in a group")
    async def add(
        rbac_group_id: str, body: wire.AddBody, caller: Writer, by: Acting, spoken: SpokenOrFirst
    ) -> wire.OldMemberBody | wire.MemberBody:
        named = RbacGroupId(rbac_group_id), UserId(body.user_id)
        return wire.show_member(await groups.add(caller.organization_id, *named, by), spoken)

    @routes.delete(_MEMBERS + "/{user_id}", summary="Take a person out of a group")
    async def remove(
        rbac_group_id: str, user_id: str, caller: Writer, by: Acting, spoken: SpokenOrFirst
    ) -> wire.OldMemberDeletedBody | wire.MemberDeletedBody:
        named = RbacGroupId(rbac_group_id), UserId(user_id)
        await groups.remove(caller.organization_id, *named, by)
        return wire.show_removed(*named, spoken)


def _roles(routes: APIRouter, roles: Roles) -> None:
    @routes.get(_ROLES, summary="Roles in the organization and in its workspaces")
    async def listing(
        caller: Reader, asking: Asking, spoken: SpokenOrFirst
    ) -> wire.MoreList[wire.OldRoleBody | wire.RoleBody]:
        part = await roles.listing(caller.organization_id, asking)
        return wire.show_part(part, lambda role: wire.show_role(role, spoken))

    @routes.get(_ROLE, summary="One role")
    async def get(rbac_role_id: str, caller: Reader, spoken: SpokenOrFirst) -> wire.OldRoleBody | wire.RoleBody:
        return wire.show_role(await roles.get(caller.organization_id, RbacRoleId(rbac_role_id)), spoken)

    @routes.get(_ROLE + "/permissions", summary="What a role permits")
    async def permissions(
        rbac_role_id: str, caller: Reader, asking: Asking, spoken: SpokenOrFirst
    ) -> wire.MoreList[wire.PermissionBody]:
        del spoken
        part = roles.permissions(RbacRoleId(rbac_role_id), asking)
        return wire.show_part(part, lambda each: wire.show_permission(each, caller.organization_id))
