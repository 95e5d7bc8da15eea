"""The use-cases of organisations, their members and their invites."""

from antechamber.features.organizations.service.invites import Invites
from antechamber.features.organizations.service.mailing import InviteMail, accept_url
from antechamber.features.organizations.service.members import Members
from antechamber.features.organizations.service.organizations import Organizations
from antechamber.features.organizations.service.people import People, email_key

__all__ = ["InviteMail", "Invites", "Members", "Organizations", "People", "accept_url", "email_key"]
