"""The gateway's endpoints: models by bare ASGI callables, Claude Code's policy by FastAPI."""

from antechamber.features.gateway.routes.data_plane import DataPlane
from antechamber.features.gateway.routes.policy import policy_router

__all__ = ["DataPlane", "policy_router"]
