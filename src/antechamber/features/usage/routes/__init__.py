"""The endpoints of usage."""

from antechamber.features.usage.routes.usage_report import router

__all__ = ["router"]
