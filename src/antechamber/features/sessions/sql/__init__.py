"""Sessions in the database."""

from antechamber.features.sessions.sql.containers import SqlContainers
from antechamber.features.sessions.sql.events import SqlEvents
from antechamber.features.sessions.sql.sessions import SqlSessions

__all__ = ["SqlContainers", "SqlEvents", "SqlSessions"]
