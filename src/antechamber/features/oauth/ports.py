"""What OAuth needs from outside."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from antechamber.base.actor import Actor
from antechamber.base.ids import GrantId, OrganizationId, ServiceAccountId, UserId, WorkspaceId
from antechamber.base.permissions import ServiceAccountRole, WorkspaceRole
from antechamber.base.principal import AccessToken
from antechamber.base.unit import Unit
from antechamber.features.oauth.model import Client, Code, DeviceRequest, Grant, Refresh, StoredToken, TokenAnswer


class AssertionExchange(Protocol):
    """The jwt-bearer grant (RFC 7523, wire-auth.md 2.3 and 3); federation implements it."""

    async def exchange(self, fields: Mapping[str, object], by: Actor) -> TokenAnswer:
        """Return a token for an assertion; `fields` is the body as it came, of any JSON types.

        `by` holds the caller's address, agent and request id. Raises base errors only, which answer in the API's
        shape: InvalidRequest for a malformed request, AuthenticationFailed for every other refusal.
        """
        ...


class ServiceAccountPlace(NamedTuple):
    """A service account, and the workspace that its token is bound to, if it is."""

    organization_id: OrganizationId
    service_account_id: ServiceAccountId
    workspace_id: WorkspaceId | None


class ServiceAccountRoles(Protocol):
    """What service accounts are now; federation implements it."""

    async def sweep_roles(
        self, unit: Unit, places: Collection[ServiceAccountPlace]
    ) -> Mapping[ServiceAccountPlace, tuple[ServiceAccountRole, WorkspaceRole | None]]:
        """Return the role in the organisation and that in the workspace, implicit ones too.

        Archived and unknown accounts are left out, as are archived workspaces' places.
        """
        ...


class TokenStore(Protocol):
    """Where access tokens are kept, under their digests."""

    async def add(self, unit: Unit, organization_id: OrganizationId, token: StoredToken, digest: bytes) -> None:
        """Keep a new token; nothing is announced, as nobody can have asked for it yet."""
        ...

    async def remove_of(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> None:
        """Forget a person's tokens, and announce it."""
        ...

    async def remove_in(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> None:
        """Forget the tokens that are bound to a workspace, and announce it."""
        ...

    async def remove_given(self, unit: Unit, organization_id: OrganizationId, grant_id: GrantId) -> None:
        """Forget the tokens of a grant, and announce it."""
        ...

    async def remove(self, unit: Unit, organization_id: OrganizationId, token: StoredToken) -> None:
        """Forget a token, and announce it."""
        ...

    async def sweep_out_client(self, unit: Unit, client_id: str) -> None:
        """Forget the tokens of a client that is no more, in every organisation, and announce it."""
        ...

    async def resolve_token(self, unit: Unit, digest: bytes) -> StoredToken | None:
        """Return the token that a secret is, expired or not."""
        ...

    async def resolve_principal(self, unit: Unit, digest: bytes) -> AccessToken | None:
        """Return whom a token stands for, without roles."""
        ...

    async def sweep_principals(self, unit: Unit, now: int, limit: int) -> dict[bytes, AccessToken]:
        """Return the newest unexpired tokens' principals by digest, without roles."""
        ...

    async def sweep_expired(self, unit: Unit, before: int, limit: int) -> int:
        """Drop tokens that expired before an instant; return how many."""
        ...


class GrantStore(Protocol):
    """Where codes, grants and their refresh tokens are kept, under their digests."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def add_code(self, unit: Unit, organization_id: OrganizationId, code: Code, digest: bytes) -> None:
        """Keep a new code."""
        ...

    async def resolve_code(self, unit: Unit, digest: bytes) -> Code | None:
        """Return the code that a text is, used or expired ones too while they are remembered."""
        ...

    async def use_code(
        self, unit: Unit, organization_id: OrganizationId, digest: bytes, grant_id: GrantId, at: int
    ) -> bool:
        """Note that a code was redeemed; False if it had been already."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, grant: Grant) -> None:
        """Keep a new grant."""
        ...

    async def add_refresh(self, unit: Unit, organization_id: OrganizationId, refresh: Refresh, digest: bytes) -> None:
        """Keep a refresh token of a grant."""
        ...

    async def resolve_refresh(self, unit: Unit, digest: bytes, *, lock: bool = False) -> Refresh | None:
        """Return the refresh token that a text is, replaced ones too; `lock` holds its grant until the unit ends."""
        ...

    async def replace(self, unit: Unit, organization_id: OrganizationId, digest: bytes, at: int) -> bool:
        """Note that a refresh token was replaced; False if it had been already."""
        ...

    async def revoke(self, unit: Unit, organization_id: OrganizationId, grant_id: GrantId, at: int) -> bool:
        """End a grant with its refresh tokens; False if it had ended."""
        ...

    async def revoke_of(self, unit: Unit, organization_id: OrganizationId, user_id: UserId, at: int) -> int:
        """End every grant and open code of a person; return how many grants."""
        ...

    async def revoke_in(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, at: int) -> int:
        """End every grant and open code in a workspace; return how many grants."""
        ...

    async def sweep_revoked_client(self, unit: Unit, client_id: str, at: int) -> int:
        """End every grant and open code of a client that is no more; return how many grants."""
        ...

    async def sweep_expired(self, unit: Unit, now: int, limit: int) -> int:
        """Drop codes and grants that are of no more use; return how many."""
        ...


class DeviceStore(Protocol):
    """Where waiting programs are kept, under the digests of their device codes and user codes.

    They belong to no organisation until somebody approves them.
    """

    async def resolve_new(self, unit: Unit, request: DeviceRequest, device: bytes, user: bytes) -> bool:
        """Keep a new request; False if its user code is in use."""
        ...

    async def resolve_device(self, unit: Unit, device: bytes) -> DeviceRequest | None:
        """Return the request of a device code."""
        ...

    async def resolve_user_code(self, unit: Unit, user: bytes) -> DeviceRequest | None:
        """Return the request of a user code."""
        ...

    async def resolve_polled(self, unit: Unit, device: bytes, at: int, interval: int) -> None:
        """Note a poll."""
        ...

    async def decide(self, unit: Unit, organization_id: OrganizationId, user: bytes, decided: DeviceRequest) -> bool:
        """Note what a person decided; False if the request is not pending any more."""
        ...

    async def resolve_denied(self, unit: Unit, user: bytes, user_id: UserId) -> bool:
        """Note that a person said no; False if the request is not pending any more."""
        ...

    async def use(self, unit: Unit, organization_id: OrganizationId, device: bytes) -> bool:
        """Note that an approved request got its tokens; False if it had been."""
        ...

    async def sweep_expired(self, unit: Unit, before: int, limit: int) -> int:
        """Drop requests that expired before an instant; return how many."""
        ...


class ClientStore(Protocol):
    """Where registered clients are kept; those of no organisation are every one's, so no method has a tenant."""

    async def resolve_client(self, unit: Unit, client_id: str) -> Client | None:
        """Return a client."""
        ...

    async def sweep_all(self, unit: Unit) -> Sequence[Client]:
        """Return every registered client, oldest first."""
        ...

    async def sweep_in(self, unit: Unit, client: Client) -> None:
        """Keep a client, in place of one with its id."""
        ...

    async def sweep_out(self, unit: Unit, client_id: str) -> bool:
        """Forget a client; False if there is none."""
        ...
