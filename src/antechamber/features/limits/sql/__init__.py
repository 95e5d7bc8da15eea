"""Limits in the database, and requests for more."""

from antechamber.features.limits.sql.increases import SqlIncreases
from antechamber.features.limits.sql.limits import SqlLimits

__all__ = ["SqlIncreases", "SqlLimits"]
