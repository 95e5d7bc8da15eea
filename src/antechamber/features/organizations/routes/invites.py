"""The endpoints of invites (wire-admin.md 2.3)."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query

from antechamber.base.ids import InviteId
from antechamber.base.permissions import OrganizationRole, Permission
from antechamber.base.principal import Administrator, demand
from antechamber.features.organizations import wire
from antechamber.features.organizations.model import InviteStatus
from antechamber.features.organizations.service import Invites
from antechamber.http.lists import Cursor, IdList, show_page
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router

_INVITES: Final = "/v1/organizations/invites"
_INVITE: Final = f"{_INVITES}/{{invite_id}}"

Reader = Annotated[Administrator, Needs(Permission.MEMBERS_READ)]
Writer = Annotated[Administrator, Needs(Permission.MEMBERS_WRITE)]
Roles = Annotated[list[OrganizationRole], Query(default_factory=list)]
Statuses = Annotated[list[Literal["accepted", "expired", "pending"]], Query(default_factory=list)]


def router(invites: Invites) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.get(_INVITES, summary="List invites")
    async def listing(
        caller: Reader,
        cursor: Cursor,
        roles: Roles,
        statuses: Statuses,
        email: str | None = None,
    ) -> IdList[wire.InviteBody]:
        wanted = [InviteStatus(status) for status in statuses]
        page = await invites.listing(caller.organization_id, cursor, email=email, roles=roles, statuses=wanted)
        now = invites.now()
        return show_page(page, lambda invite: wire.show_invite(invite, now), lambda invite: invite.id)

    @routes.post(_INVITES, summary="Invite somebody", responses=wire.CONCURRENT | wire.HASTY)
    async def create(body: wire.InviteDraft, caller: Writer, by: Acting) -> wire.InviteBody:
        if body.rbac_group_ids:
            demand(caller, Permission.RBAC_GROUPS_WRITE)
        invite = await invites.create(caller.organization_id, body.email, body.role, by, body.groups())
        return wire.show_invite(invite, invite.invited_at)

    @routes.get(_INVITE, summary="Get an invite")
    async def get(invite_id: str, caller: Reader) -> wire.InviteBody:
        invite = await invites.get(caller.organization_id, InviteId(invite_id))
        return wire.show_invite(invite, invites.now())

    @routes.delete(_INVITE, summary="Take a pending invite back", responses=wire.CONCURRENT)
    async def delete(invite_id: str, caller: Writer, by: Acting) -> wire.DeletedInviteBody:
        await invites.delete(caller.organization_id, InviteId(invite_id), by)
        return wire.DeletedInviteBody(id=invite_id)

    return routes
