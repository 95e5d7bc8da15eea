"""Environments in the database."""

from antechamber.features.environments.sql.environments import SqlEnvironments
from antechamber.features.environments.sql.tables import environment_revisions, environments

__all__ = ["SqlEnvironments", "environment_revisions", "environments"]
