"""The routes of groups, roles and external keys, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.externalkeys.routes import external_key_routes
from antechamber.features.rbac.routes import rbac_routes
from antechamber.features.rbac.service import Roles

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    storage = application.storage
    return [rbac_routes(storage.groups, Roles(storage.organizations)), external_key_routes(storage.external_keys)]
