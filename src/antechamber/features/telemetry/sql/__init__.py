"""Telemetry in the database."""

from antechamber.features.telemetry.sql.destinations import SqlDestinations, SqlLists
from antechamber.features.telemetry.sql.queue import SqlQueue

__all__ = ["SqlDestinations", "SqlLists", "SqlQueue"]
