"""OAuth's routes for programs, joined; its pages are with the pages."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.oauth.routes import oauth_routes

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    oauth, issuer = application.storage.oauth, application.settings.base_url()
    return [oauth_routes(oauth.clients, oauth.endpoint, oauth.devices, oauth.revocations, issuer)]
