"""Organisations, people, members and invites in the database."""

from antechamber.features.organizations.sql.invites import SqlInvites
from antechamber.features.organizations.sql.members import SqlMembers
from antechamber.features.organizations.sql.organizations import SqlOrganizations
from antechamber.features.organizations.sql.people import SqlPeople

__all__ = ["SqlInvites", "SqlMembers", "SqlOrganizations", "SqlPeople"]
