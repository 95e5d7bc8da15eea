"""What an access token is, and which scopes and lifetimes it may have."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId, TokenId
from antechamber.base.permissions import SCOPES

MIN_SECONDS: Final = 60
MAX_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token without its text."""

    id: TokenId
    organization_id: OrganizationId
    scope: str
    created_at: int
    expires_at: int


def check_scope(scope: str) -> str:
    """Return the scope; InvalidRequest unless it is one that can be minted."""
    if scope not in SCOPES:
        message = f"scope: must be one of: {', '.join(sorted(SCOPES))}"
        raise InvalidRequest(message)
    return scope


def check_lifetime(seconds: int) -> int:
    """Return the lifetime in seconds; InvalidRequest unless it is from a minute to a day."""
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        message = f"ttl: must be from {MIN_SECONDS} s to {MAX_SECONDS} s"
        raise InvalidRequest(message)
    return seconds
