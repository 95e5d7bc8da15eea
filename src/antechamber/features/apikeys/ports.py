"""What keys need from outside."""

from typing import Protocol

from antechamber.base.ids import AdminKeyId, ApiKeyId, OrganizationId
from antechamber.base.principal import Principal
from antechamber.base.unit import Unit
from antechamber.features.apikeys.model import Status, StoredAdminKey, StoredApiKey


class KeyStore(Protocol):
    """Where keys are kept, under their digests."""

    async def add_api_key(self, unit: Unit, organization_id: OrganizationId, key: StoredApiKey, digest: bytes) -> None:
        """Keep a new API key, and announce it."""
        ...

    async def add_admin_key(
        self, unit: Unit, organization_id: OrganizationId, key: StoredAdminKey, digest: bytes
    ) -> None:
        """Keep a new admin key, and announce it."""
        ...

    async def api_keys(self, unit: Unit, organization_id: OrganizationId) -> list[StoredApiKey]:
        """Return the organisation's API keys, newest first."""
        ...

    async def set_api_key_status(
        self, unit: Unit, organization_id: OrganizationId, key_id: ApiKeyId, status: Status
    ) -> bool:
        """Change a key's status, and announce it; False if the organisation has no such key."""
        ...

    async def set_admin_key_status(
        self, unit: Unit, organization_id: OrganizationId, key_id: AdminKeyId, status: Status
    ) -> bool:
        """Change an admin key's status, and announce it; False if the organisation has no such key."""
        ...

    async def resolve_principal(self, unit: Unit, digest: bytes) -> Principal | None:
        """Return whom an active secret stands for."""
        ...

    async def sweep_principals(self, unit: Unit) -> dict[bytes, Principal]:
        """Return every active secret's principal by digest."""
        ...
