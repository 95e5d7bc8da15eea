"""The use-cases of organisations, their members and their invites."""

from antechamber.features.organizations.service.invites import Invites
from antechamber.features.organizations.service.members import Members
from antechamber.features.organizations.service.organizations import Organizations

__all__ = ["Invites", "Members", "Organizations"]
