"""The use-cases of admin keys."""

import dataclasses
from collections.abc import Set as AbstractSet

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.errors import NotFound, PermissionDenied
from antechamber.base.ids import AdminKeyId, Kind, OrganizationId, UserId
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import HELD, Permission, granted
from antechamber.base.permissions import Kind as Holder
from antechamber.base.secret import Secret, SecretKind
from antechamber.base.unit import Unit, Units
from antechamber.features.apikeys.model import (
    AdminDraft,
    Status,
    StoredAdminKey,
    check_expiry,
    check_name,
    check_scopes,
)
from antechamber.features.apikeys.ports import AdminKeyStore
from antechamber.features.apikeys.service.minting import Mint
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit


class AdminKeys:
    """Makes admin keys, lists and renames them, and takes them back."""

    def __init__(self, store: AdminKeyStore, units: Units, mint: Mint, audit: Audit) -> None:
        self._store = store
        self._units = units
        self._mint = mint
        self._audit = audit

    def now(self) -> int:
        """Return the present instant, in microseconds."""
        return self._mint.now()

    async def listing(self, organization_id: OrganizationId, cursor: IdCursor) -> Page[StoredAdminKey]:
        """Return a page of the keys that are not revoked, newest first, with the status of this moment."""
        now = self._mint.now()
        async with self._units.read() as unit:
            page = await self._store.listing(unit, organization_id, cursor)
        return Page(tuple(key.at(now) for key in page.items), page.has_more)

    async def get(self, organization_id: OrganizationId, key_id: AdminKeyId) -> StoredAdminKey:
        """Return a key that is not revoked; NotFound."""
        async with self._units.read() as unit:
            key = await self._known(unit, organization_id, key_id)
        return key.at(self._mint.now())

    async def create(
        self, organization_id: OrganizationId, draft: AdminDraft, by: Actor, held: AbstractSet[Permission]
    ) -> tuple[StoredAdminKey, Secret]:
        """Make a key; the secret is returned here and never again.

        PermissionDenied for one that may do what its maker, who holds `held`, may not; InvalidRequest for a scope that
        no admin key has.
        """
        scopes = check_scopes(draft.scopes)
        missing = (granted(scopes) & HELD[Holder.ADMIN_KEY] if scopes else HELD[Holder.ADMIN_KEY]) - held
        if missing:
            message = f"scopes: the key would hold what you do not: [{', '.join(sorted(missing))}]."
            raise PermissionDenied(message)
        async with self._units.begin() as unit:
            return await self.make(unit, organization_id, draft, by)

    async def make(
        self, unit: Unit, organization_id: OrganizationId, draft: AdminDraft, by: Actor
    ) -> tuple[StoredAdminKey, Secret]:
        """Make a key in the caller's transaction, as `create` does, for whoever may do anything."""
        now = self._mint.now()
        await self._store.lock(unit, organization_id)
        minted = self._mint.make_secret(SecretKind.ADMIN_KEY)
        key = StoredAdminKey(
            id=AdminKeyId(self._mint.make_id(Kind.ADMIN_KEY)),
            organization_id=organization_id,
            name=check_name(draft.name),
            status=Status.ACTIVE,
            hint=minted.hint,
            created_at=now,
            expires_at=check_expiry(draft.expires_at, now),
            scopes=check_scopes(draft.scopes),
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
            scopes=list(key.scopes),
        )
        return key, minted.secret

    async def rename(self, organization_id: OrganizationId, key_id: AdminKeyId, name: str, by: Actor) -> StoredAdminKey:
        """Give a key another name; NotFound, InvalidRequest."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            before = await self._known(unit, organization_id, key_id)
            after = dataclasses.replace(before, name=check_name(name))
            if after != before:
                await self._store.put(unit, organization_id, after)
                updates = updates_of({"name": before.name}, {"name": after.name})
                await self._audit.record(
                    unit, organization_id, by, ActivityType.ADMIN_KEY_UPDATED, admin_api_key_id=key_id, updates=updates
                )
        return after.at(self._mint.now())

    async def revoke(self, organization_id: OrganizationId, key_id: AdminKeyId, by: Actor) -> None:
        """End a key for good; NotFound."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            key = await self._known(unit, organization_id, key_id)
            await self._store.put(unit, organization_id, dataclasses.replace(key, status=Status.ARCHIVED))
            await self._audit.record(
                unit, organization_id, by, ActivityType.ADMIN_KEY_REVOKED, admin_api_key_id=key_id, name=key.name
            )

    async def _known(self, unit: Unit, organization_id: OrganizationId, key_id: AdminKeyId) -> StoredAdminKey:
        key = await self._store.get(unit, organization_id, key_id)
        if key is None or key.status is Status.ARCHIVED:
            message = "Admin key not found."
            raise NotFound(message)
        return key
