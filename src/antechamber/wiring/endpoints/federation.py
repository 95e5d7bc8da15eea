"""Federation's routes, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.federation.routes.accounts import account_routes
from antechamber.features.federation.routes.history import history_router
from antechamber.features.federation.routes.issuers import issuer_routes
from antechamber.features.federation.routes.memberships import membership_routes
from antechamber.features.federation.routes.rules import rule_routes

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    federation = application.storage.federation
    return [
        account_routes(federation.accounts),
        membership_routes(federation.memberships),
        issuer_routes(federation.issuers),
        rule_routes(federation.rules, federation.rule_workspaces),
        history_router(federation.exchange.history),
    ]
