"""The endpoints of limits."""

from antechamber.features.limits.routes.increases import increase_routes
from antechamber.features.limits.routes.own import own_routes
from antechamber.features.limits.routes.quotas import quota_routes
from antechamber.features.limits.routes.rates import rate_routes
from antechamber.features.limits.routes.spending import spend_routes

__all__ = ["increase_routes", "own_routes", "quota_routes", "rate_routes", "spend_routes"]
