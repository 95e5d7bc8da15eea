"""The endpoints of an organisation's members, which the wire calls users (wire-admin.md 2.2)."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response

from antechamber.base.ids import UserId
from antechamber.base.permissions import OrganizationRole, Permission
from antechamber.base.principal import Administrator
from antechamber.features.organizations import wire
from antechamber.features.organizations.service import Members
from antechamber.http.lists import Cursor, IdList, answer, list_fields
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router

_USERS: Final = "/v1/organizations/users"
_USER: Final = f"{_USERS}/{{user_id}}"

Reader = Annotated[Administrator, Needs(Permission.MEMBERS_READ)]
Writer = Annotated[Administrator, Needs(Permission.MEMBERS_WRITE)]
Roles = Annotated[list[OrganizationRole], Query(default_factory=list)]
Betas = Annotated[list[str], Header(alias="anthropic-beta", default_factory=list)]


def router(members: Members) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.get(_USERS, summary="List the organization's members", response_model=IdList[wire.UserBody])
    async def listing(
        caller: Reader,
        cursor: Cursor,
        roles: Roles,
        email: str | None = None,
    ) -> Response:
        page = await members.listing(caller.organization_id, cursor, email=email, roles=roles)
        return answer(list_fields([wire.member_fields(member) for member in page.items], page.has_more))

    @routes.get(_USER, summary="Get a member")
    async def get(user_id: str, caller: Reader) -> wire.UserBody:
        return wire.show_member(await members.get(caller.organization_id, UserId(user_id)))

    @routes.post(_USER, summary="Change a member's role", responses=wire.CONCURRENT)
    async def change(user_id: str, body: wire.RoleBody, caller: Writer, by: Acting) -> wire.UserBody:
        return wire.show_member(await members.change_role(caller.organization_id, UserId(user_id), body.role, by))

    @routes.delete(_USER, summary="Remove a member", responses=wire.CONCURRENT)
    async def remove(user_id: str, caller: Writer, by: Acting) -> wire.RemovedUserBody:
        await members.remove(caller.organization_id, UserId(user_id), by)
        return wire.RemovedUserBody(id=user_id)

    @routes.post(f"{_USER}/sign_out", summary="End a member's access tokens", responses=wire.CONCURRENT)
    async def sign_out(
        user_id: str,
        caller: Writer,
        by: Acting,
        betas: Betas,
    ) -> wire.UserBody:
        wire.require_sign_out_beta(betas)
        return wire.show_member(await members.sign_out(caller, UserId(user_id), by))

    return routes
