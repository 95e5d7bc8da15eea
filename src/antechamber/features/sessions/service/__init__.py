"""The use-cases of sessions."""

from antechamber.features.sessions.service.containers import Containers, Stores
from antechamber.features.sessions.service.egress import SessionEgress
from antechamber.features.sessions.service.events import SessionEvents
from antechamber.features.sessions.service.sessions import SessionQuery, Sessions

__all__ = ["Containers", "SessionEgress", "SessionEvents", "SessionQuery", "Sessions", "Stores"]
