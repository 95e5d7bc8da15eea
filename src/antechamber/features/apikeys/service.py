"""The use-cases of keys."""

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import NotFound
from antechamber.base.ids import AdminKeyId, ApiKeyId, Kind, OrganizationId, WorkspaceId, mint
from antechamber.base.secret import Secret, SecretKind, digest, hint, mint_secret
from antechamber.base.unit import Unit, Units
from antechamber.features.apikeys.model import Status, StoredAdminKey, StoredApiKey
from antechamber.features.apikeys.ports import KeyStore


class Keys:
    """Makes keys, lists them and takes them back."""

    def __init__(self, store: KeyStore, units: Units, clock: Clock, chance: Chance, pepper: Secret) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._chance = chance
        self._pepper = pepper.reveal().encode()

    async def create_api_key(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        *,
        default_workspace: bool,
        name: str,
        expires_at: int | None = None,
    ) -> tuple[StoredApiKey, Secret]:
        """Make an ownerless key of a workspace; the secret is returned here and never again."""
        secret = mint_secret(SecretKind.API_KEY, self._chance)
        key = StoredApiKey(
            id=ApiKeyId(mint(Kind.API_KEY, self._clock, self._chance)),
            organization_id=organization_id,
            workspace_id=workspace_id,
            default_workspace=default_workspace,
            name=name,
            status=Status.ACTIVE,
            hint=hint(secret),
            user_id=None,
            created_at=self._clock.now(),
            expires_at=expires_at,
        )
        await self._store.add_api_key(unit, organization_id, key, digest(self._pepper, secret.reveal()))
        return key, secret

    async def create_admin_key(
        self, unit: Unit, organization_id: OrganizationId, *, name: str, expires_at: int | None = None
    ) -> tuple[StoredAdminKey, Secret]:
        """Make an unscoped admin key; the secret is returned here and never again."""
        secret = mint_secret(SecretKind.ADMIN_KEY, self._chance)
        key = StoredAdminKey(
            id=AdminKeyId(mint(Kind.ADMIN_KEY, self._clock, self._chance)),
            organization_id=organization_id,
            name=name,
            status=Status.ACTIVE,
            hint=hint(secret),
            created_at=self._clock.now(),
            expires_at=expires_at,
        )
        await self._store.add_admin_key(unit, organization_id, key, digest(self._pepper, secret.reveal()))
        return key, secret

    async def api_keys(self, organization_id: OrganizationId) -> list[StoredApiKey]:
        """Return the organisation's keys, newest first."""
        async with self._units.read() as unit:
            return await self._store.api_keys(unit, organization_id)

    async def set_api_key_status(self, organization_id: OrganizationId, key_id: ApiKeyId, status: Status) -> None:
        """Change a key's status; NotFound if the organisation has no such key."""
        async with self._units.begin() as unit:
            if not await self._store.set_api_key_status(unit, organization_id, key_id, status):
                message = "API key not found."
                raise NotFound(message)

    async def set_admin_key_status(self, organization_id: OrganizationId, key_id: AdminKeyId, status: Status) -> None:
        """Change an admin key's status; NotFound if the organisation has no such key."""
        async with self._units.begin() as unit:
            if not await self._store.set_admin_key_status(unit, organization_id, key_id, status):
                message = "Admin key not found."
                raise NotFound(message)
