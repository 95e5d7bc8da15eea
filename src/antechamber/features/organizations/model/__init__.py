"""What organisations, their members and their invites are, and the rules that need nothing else."""

from antechamber.features.organizations.model.email import base_of, check_email, domain_of, key_of
from antechamber.features.organizations.model.invite import INVITE_SECONDS, Invite, InviteRules, InviteStatus
from antechamber.features.organizations.model.letter import Letter, MailNotSentError
from antechamber.features.organizations.model.member import (
    ASSIGNABLE,
    Member,
    Membership,
    Person,
    check_assignable,
    check_person_name,
)
from antechamber.features.organizations.model.organization import MAX_NAME, Organization, check_name

__all__ = [
    "ASSIGNABLE",
    "INVITE_SECONDS",
    "MAX_NAME",
    "Invite",
    "InviteRules",
    "InviteStatus",
    "Letter",
    "MailNotSentError",
    "Member",
    "Membership",
    "Organization",
    "Person",
    "base_of",
    "check_assignable",
    "check_email",
    "check_name",
    "check_person_name",
    "domain_of",
    "key_of",
]
