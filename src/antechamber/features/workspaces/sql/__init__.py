"""Workspaces and the roles that people were given in them, in the database."""

from antechamber.features.workspaces.sql.members import SqlWorkspaceMembers
from antechamber.features.workspaces.sql.tables import workspace_members, workspaces
from antechamber.features.workspaces.sql.workspaces import SqlWorkspaces

__all__ = ["SqlWorkspaceMembers", "SqlWorkspaces", "workspace_members", "workspaces"]
