"""The routes of telemetry's destinations, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.telemetry.routes import router

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    tracing = application.telemetry.tracing
    return [router(tracing.destinations, tracing.lists, tracing.trials)]
