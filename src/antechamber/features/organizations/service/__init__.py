"""The use-cases of organisations, their members and their invites."""

from antechamber.features.organizations.service.invites import Invites
from antechamber.features.organizations.service.mailing import (
    InviteMail,
    Mailing,
    accept_url,
    mail_wait_seconds,
    send_due,
)
from antechamber.features.organizations.service.members import Members
from antechamber.features.organizations.service.organizations import Organizations
from antechamber.features.organizations.service.people import People, email_key

__all__ = [
    "InviteMail",
    "Invites",
    "Mailing",
    "Members",
    "Organizations",
    "People",
    "accept_url",
    "email_key",
    "mail_wait_seconds",
    "send_due",
]
