"""The use-cases of groups and roles."""

from antechamber.features.rbac.service.groups import Groups
from antechamber.features.rbac.service.roles import Roles

__all__ = ["Groups", "Roles"]
