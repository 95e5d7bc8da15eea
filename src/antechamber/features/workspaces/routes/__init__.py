"""The endpoints of workspaces and of the people in them."""

from fastapi import APIRouter

from antechamber.features.workspaces.routes.members import member_routes
from antechamber.features.workspaces.routes.workspaces import workspace_routes
from antechamber.features.workspaces.service import WorkspaceMembers, Workspaces
from antechamber.http.routing import Router


def router(workspaces: Workspaces, members: WorkspaceMembers) -> APIRouter:
    """Return the routes over both services."""
    routes = Router()
    routes.routes.extend(workspace_routes(workspaces).routes)
    routes.routes.extend(member_routes(members).routes)
    return routes
