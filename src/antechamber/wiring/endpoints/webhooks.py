"""The routes of webhooks, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.webhooks.routes import webhook_routes

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    return [webhook_routes(application.webhooks.endpoints)]
