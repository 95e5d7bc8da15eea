"""The use-cases of admin keys."""

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.ids import AdminKeyId, Kind, OrganizationId, UserId
from antechamber.base.secret import Secret, SecretKind
from antechamber.base.unit import Unit, Units
from antechamber.features.apikeys.model import Status, StoredAdminKey, check_expiry, check_name
from antechamber.features.apikeys.ports import AdminKeyStore
from antechamber.features.apikeys.service.minting import Mint
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit


class AdminKeys:
    """Makes admin keys, lists and renames them, and takes them back."""

    def __init__(self, store: AdminKeyStore, units: Units, mint: Mint, audit: Audit) -> None:
        self._store = store
        self._units = units
        self._mint = mint
        self._audit = audit

    async def make(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        name: str,
        by: Actor,
        *,
        scopes: tuple[str, ...] = (),
        expires_at: int | None = None,
    ) -> tuple[StoredAdminKey, Secret]:
        """Make a key in the caller's transaction; the secret is returned here and never again."""
        now = self._mint.now()
        minted = self._mint.make_secret(SecretKind.ADMIN_KEY)
        key = StoredAdminKey(
            id=AdminKeyId(self._mint.make_id(Kind.ADMIN_KEY)),
            organization_id=organization_id,
            name=check_name(name),
            status=Status.ACTIVE,
            hint=minted.hint,
            created_at=now,
            expires_at=check_expiry(expires_at, now),
            scopes=scopes,
            created_by=UserId(by.id) if by.kind is ActorKind.USER and by.id is not None else None,
        )
        await self._store.add(unit, organization_id, key, minted.digest)
        await self._audit.record(
            unit,
            organization_id,
            by,
            ActivityType.ADMIN_KEY_CREATED,
            admin_api_key_id=key.id,
            name=key.name,
            scopes=list(scopes),
        )
        return key, minted.secret
