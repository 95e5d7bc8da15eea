"""What an access token is, and which scopes and lifetimes it may have."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId, TokenId, UserId
from antechamber.base.permissions import SCOPES

MIN_SECONDS: Final = 60
MAX_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token without its text; `scope` may be several, space-separated, `user_id` None for one of nobody's."""

    id: TokenId
    organization_id: OrganizationId
    scope: str
    created_at: int
    expires_at: int
    user_id: UserId | None = None


def check_scope(scope: str) -> str:
    """Return the scopes, each once; InvalidRequest unless there is one and all can be minted."""
    scopes = dict.fromkeys(scope.split())
    if not scopes or not SCOPES.keys() >= scopes.keys():
        message = f"scope: must be one or more of: {', '.join(sorted(SCOPES))}"
        raise InvalidRequest(message)
    return " ".join(scopes)


def check_lifetime(seconds: int) -> int:
    """Return the lifetime in seconds; InvalidRequest unless it is from a minute to a day."""
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        message = f"ttl: must be from {MIN_SECONDS} s to {MAX_SECONDS} s"
        raise InvalidRequest(message)
    return seconds
