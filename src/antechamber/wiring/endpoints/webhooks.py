"""The routes of webhooks, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.webhooks.routes import webhook_routes
from antechamber.features.webhooks.service.endpoints import Webhooks

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    storage, hooks = application.storage, application.webhooks
    under = (storage.database, storage.clock, storage.chance, storage.audit, storage.seals)
    return [webhook_routes(Webhooks(hooks.store, *under, hooks.addresses))]
