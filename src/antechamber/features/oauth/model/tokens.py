"""What an access token is, and which scopes and lifetimes it may have."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import GrantId, OrganizationId, RuleId, ServiceAccountId, TokenId, UserId, WorkspaceId
from antechamber.base.permissions import SCOPES

MIN_SECONDS: Final = 60
MAX_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token is given to: a person, a service account, or nobody (the operator's); and through what."""

    user_id: UserId | None = None
    service_account_id: ServiceAccountId | None = None
    workspace_id: WorkspaceId | None = None
    client_id: str | None = None
    grant_id: GrantId | None = None
    rule_id: RuleId | None = None


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token without its text; `scope` may be several, space-separated."""

    id: TokenId
    organization_id: OrganizationId
    scope: str
    created_at: int
    expires_at: int
    holder: Holder = Holder()

    @property
    def user_id(self) -> UserId | None:
        """The person whose it is; None for a service account's and nobody's."""
        return self.holder.user_id


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
