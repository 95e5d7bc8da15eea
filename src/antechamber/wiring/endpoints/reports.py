"""The routes of reports, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.usage.routes.claude_code import claude_code_router
from antechamber.features.usage.routes.costs import cost_router
from antechamber.features.usage.routes.enterprise import enterprise_router
from antechamber.features.usage.routes.usage_report import router as usage_routes
from antechamber.wiring.claude_code import claude_code_reports

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    return [
        usage_routes(application.reports),
        cost_router(application.reports, application.analytics),
        enterprise_router(application.analytics),
        claude_code_router(claude_code_reports(application.storage)),
    ]
