"""The routes of limits, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.limits.routes import increase_routes, own_routes, quota_routes, rate_routes, spend_routes

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    limits = application.limits
    return [
        rate_routes(limits.rates),
        spend_routes(limits.spends),
        quota_routes(limits.quotas),
        own_routes(limits.own),
        increase_routes(limits.increases),
    ]
