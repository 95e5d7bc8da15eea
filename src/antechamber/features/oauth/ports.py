"""What OAuth needs from outside."""

from typing import Protocol

from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.principal import Principal
from antechamber.base.unit import Unit
from antechamber.features.oauth.model import StoredToken


class TokenStore(Protocol):
    """Where access tokens are kept, under their digests."""

    async def add(self, unit: Unit, organization_id: OrganizationId, token: StoredToken, digest: bytes) -> None:
        """Keep a new token, and announce it."""
        ...

    async def remove_of(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> None:
        """Forget a person's tokens, and announce it."""
        ...

    async def resolve_principal(self, unit: Unit, digest: bytes) -> Principal | None:
        """Return whom a token stands for."""
        ...

    async def sweep_principals(self, unit: Unit, now: int) -> dict[bytes, Principal]:
        """Return every unexpired token's principal by digest."""
        ...
