"""The routes of environments, agents and sessions, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.agents.routes import agent_routes
from antechamber.features.environments.routes import environment_routes
from antechamber.features.environments.routes.builds import build_routes
from antechamber.features.environments.routes.shells import shell_routes
from antechamber.features.environments.routes.work import work_routes
from antechamber.features.sessions.routes import event_routes, session_routes
from antechamber.features.sessions.service import SessionEgress

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    environments, rooms, agents = application.storage.environments, application.rooms, application.storage.agents
    egress = SessionEgress(agents.stores.sessions, application.sandboxing.egress_log, agents.units)
    return [
        environment_routes(environments.environments, environments.history),
        build_routes(rooms.builds.builds, rooms.builds.layers),
        shell_routes(rooms.shells),
        agent_routes(agents.agents),
        session_routes(agents.sessions, egress, agents.clock),
        event_routes(agents.events),
        work_routes(agents.work, agents.keys),
    ]
