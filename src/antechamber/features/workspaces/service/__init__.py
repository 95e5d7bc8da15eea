"""The use-cases of workspaces and of the people in them."""

from antechamber.features.workspaces.service.members import WorkspaceMembers
from antechamber.features.workspaces.service.workspaces import Stores, Workspaces

__all__ = ["Stores", "WorkspaceMembers", "Workspaces"]
