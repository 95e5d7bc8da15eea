"""The endpoint of the organisation itself."""

from typing import Annotated

from fastapi import APIRouter

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.organizations import wire
from antechamber.features.organizations.service import Organizations
from antechamber.http.needs import Needs
from antechamber.http.routing import Router


def router(organizations: Organizations) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.get("/v1/organizations/me", summary="The organization that the credential belongs to")
    async def me(caller: Annotated[Administrator, Needs(Permission.ORGANIZATION_READ)]) -> wire.OrganizationBody:
        return wire.show(await organizations.me(caller.organization_id))

    return routes
