"""The endpoints of environments."""

from antechamber.features.environments.routes.environments import environment_routes

__all__ = ["environment_routes"]
