"""The routes of organisations, their workspaces and keys, and of what callers learn of themselves, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.apikeys.routes import key_routers
from antechamber.features.callers.routes import router as caller_routes
from antechamber.features.callers.service import Callers
from antechamber.features.organizations.routes import router as organization_routes
from antechamber.features.workspaces.routes import router as workspace_routes

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    storage = application.storage
    callers = Callers(
        storage.database,
        storage.organizations,
        storage.members,
        storage.workspaces,
        (storage.api_keys, storage.admin_keys),
        storage.federation.accounts,
    )
    return [
        organization_routes(storage.organizations, storage.members, storage.invites),
        workspace_routes(storage.workspaces, storage.workspace_members),
        *key_routers(storage.api_keys, storage.admin_keys),
        caller_routes(callers),
    ]
