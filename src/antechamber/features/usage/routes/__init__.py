"""The endpoints of usage."""

from antechamber.features.usage.routes.claude_code import MetricsIntake, claude_code_router
from antechamber.features.usage.routes.costs import cost_router
from antechamber.features.usage.routes.usage_report import router

__all__ = ["MetricsIntake", "claude_code_router", "cost_router", "router"]
