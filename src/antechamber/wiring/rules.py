"""What the operator allows organisations, read from the settings."""

from antechamber.features.apikeys.model import Quota
from antechamber.features.organizations.model import InviteRules
from antechamber.settings import Settings


def invite_rules(settings: Settings) -> InviteRules:
    """Return the rules under which organisations invite."""
    domains = {part.strip().lower() for part in settings.invite_domains.split(",")} - {""}
    return InviteRules(
        domains=frozenset(domains) or None,
        member_limit=settings.member_limit,
        invites_per_hour=settings.invites_per_hour,
    )


def key_quota(settings: Settings) -> Quota:
    """Return how many API keys may be active at once."""
    return Quota(settings.api_key_limit or None, settings.workspace_api_key_limit or None)
