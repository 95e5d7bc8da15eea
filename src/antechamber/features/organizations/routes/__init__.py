"""The endpoints of organisations, their members and their invites."""

from fastapi import APIRouter

from antechamber.features.organizations.routes.invites import router as invite_router
from antechamber.features.organizations.routes.organizations import router as organization_router
from antechamber.features.organizations.routes.users import router as user_router
from antechamber.features.organizations.service import Invites, Members, Organizations
from antechamber.http.routing import Router


def router(organizations: Organizations, members: Members, invites: Invites) -> APIRouter:
    """Return the routes over the services."""
    routes = Router()
    for part in (organization_router(organizations), user_router(members), invite_router(invites)):
        routes.routes.extend(part.routes)
    return routes
