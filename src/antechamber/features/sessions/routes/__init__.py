"""The endpoints of sessions."""

from antechamber.features.sessions.routes.events import event_routes
from antechamber.features.sessions.routes.sessions import session_routes

__all__ = ["event_routes", "session_routes"]
