"""What a person has granted a client: codes that are redeemed for it, and the refresh tokens that carry it on."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.ids import GrantId, OrganizationId, UserId, WorkspaceId

CODE_SECONDS: Final = 600
# a used code is known for so long beyond its end, so that a replay is seen (RFC 6749 §4.1.2)
CODE_REMEMBERED_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds: of an access token, of a refresh token left unused, of a grant, and of a replaced refresh token."""

    access: int = 3600
    idle: int = 30 * 86_400
    absolute: int = 90 * 86_400
    grace: int = 60


@dataclass(frozen=True, slots=True)
class Code:
    """An authorisation code without its text; instants in microseconds, `used_at` and `grant_id` once redeemed."""

    organization_id: OrganizationId
    user_id: UserId
    client_id: str
    workspace_id: WorkspaceId
    redirect_uri: str
    challenge: str
    scope: str
    state_digest: bytes | None
    created_at: int
    expires_at: int
    used_at: int | None = None
    grant_id: GrantId | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person gave a client in a workspace; its refresh tokens are one family (RFC 9700 §4.14.2)."""

    id: GrantId
    organization_id: OrganizationId
    user_id: UserId
    client_id: str
    workspace_id: WorkspaceId
    scope: str
    created_at: int
    expires_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token without its text: the `generation`th of its family; `replaced_at` once it was used."""

    grant: Grant
    generation: int
    created_at: int
    expires_at: int
    replaced_at: int | None = None
