"""The route of Claude Code's policy, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.gateway.routes.policy import policy_router

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoint."""
    return [policy_router(application.policy)]
