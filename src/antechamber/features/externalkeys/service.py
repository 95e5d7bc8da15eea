"""The use-cases of external keys."""

import dataclasses
import json
from collections.abc import Mapping

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import Conflict, InvalidRequest, NotFound
from antechamber.base.ids import ExternalKeyId, Kind, OrganizationId, is_id, mint
from antechamber.base.page import PageQuery, Paging, Part
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.externalkeys.model import (
    ExternalKey,
    Keep,
    KeyChange,
    KeyConfig,
    Proof,
    Standing,
    check_display_name,
    pack,
    refuse_reconfiguration,
)
from antechamber.features.externalkeys.ports import ExternalKeyStore, KeyEvents, KeyService
from antechamber.features.workspaces.service import Workspaces


@dataclasses.dataclass(frozen=True, slots=True)
class ShownKey:
    """A key, and whether any workspace is tied to it."""

    key: ExternalKey
    attached: bool


class ExternalKeys:
    """Makes, finds, changes, deletes and tries external keys."""

    def __init__(
        self,
        store: ExternalKeyStore,
        service: KeyService,
        workspaces: Workspaces,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
    ) -> None:
        self._store = store
        self._service = service
        self._workspaces = workspaces
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit
        self._events: KeyEvents | None = None

    def bind_events(self, events: KeyEvents) -> None:
        """Join who is told when a key stops working, or works again."""
        self._events = events

    async def create(
        self, organization_id: OrganizationId, display_name: str | None, config: KeyConfig, by: Actor
    ) -> ShownKey:
        """Make a key, which is not tried yet; InvalidRequest for its name."""
        now = self._clock.now()
        key = ExternalKey(
            id=ExternalKeyId(mint(Kind.EXTERNAL_KEY, self._clock, self._chance)),
            organization_id=organization_id,
            display_name=check_display_name(display_name),
            config=config,
            created_at=now,
            updated_at=now,
        )
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            await self._store.add(unit, organization_id, key)
            await self._record(unit, key, by, ActivityType.EXTERNAL_KEY_CREATED, **_shown(key))
        return ShownKey(key, attached=False)

    async def listing(self, organization_id: OrganizationId, query: PageQuery) -> Part[ShownKey]:
        """Return a page of keys, newest first."""
        paging = Paging(Kind.EXTERNAL_KEY, query, organization=organization_id)
        asked = paging.asked()
        async with self._units.read() as unit:
            found = await self._store.listing(unit, organization_id, asked)
            used = await self._workspaces.keys_in_use(unit, organization_id, [key.id for key in found])
        return paging.part([ShownKey(key, key.id in used) for key in found], lambda shown: _place(shown.key))

    async def get(self, organization_id: OrganizationId, key_id: ExternalKeyId) -> ShownKey:
        """Return a key; NotFound."""
        async with self._units.read() as unit:
            key = await self._require(unit, organization_id, key_id)
            return ShownKey(key, await self._is_attached(unit, key))

    async def update(
        self, organization_id: OrganizationId, key_id: ExternalKeyId, change: KeyChange, by: Actor
    ) -> ShownKey:
        """Change what was said of a key; one that is reconfigured is untried again.

        NotFound; InvalidRequest for its name, or for another configuration of one that is attached or of Google Cloud.
        """
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self._require(unit, organization_id, key_id)
            attached = await self._is_attached(unit, known)
            changed = known
            if change.display_name is not Keep.IT:
                changed = dataclasses.replace(changed, display_name=check_display_name(change.display_name))
            if change.config is not Keep.IT and change.config != known.config:
                refuse_reconfiguration(known, change.config, attached=attached)
                changed = dataclasses.replace(changed, config=change.config, standing=Standing.UNTRIED)
            if changed != known:
                changed = dataclasses.replace(changed, updated_at=max(self._clock.now(), known.updated_at + 1))
                await self._store.save(unit, organization_id, changed)
                updates = updates_of(_shown(known), _shown(changed))
                await self._record(unit, changed, by, ActivityType.EXTERNAL_KEY_UPDATED, updates=updates)
            return ShownKey(changed, attached)

    async def delete(self, organization_id: OrganizationId, key_id: ExternalKeyId, by: Actor) -> None:
        """Forget a key; NotFound, InvalidRequest while a workspace, archived or not, is tied to it."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self._require(unit, organization_id, key_id)
            if await self._is_attached(unit, known):
                message = f"{key_id} is attached to a workspace and cannot be deleted."
                raise InvalidRequest(message)
            await self._store.delete(unit, organization_id, key_id)
            await self._record(unit, known, by, ActivityType.EXTERNAL_KEY_DELETED, **_shown(known))

    async def validate(self, organization_id: OrganizationId, key_id: ExternalKeyId, by: Actor) -> Proof:
        """Try a key, and note how it stands; NotFound."""
        proof, _ = await self._try(organization_id, key_id, by)
        return proof

    async def prove(self, organization_id: OrganizationId, key_id: ExternalKeyId, by: Actor) -> int:
        """Try a key that a workspace is to be tied to, and return the state of it that works, for `confirm`.

        NotFound; InvalidRequest `external_key_validation_failed` or `external_key_validation_timed_out`.
        """
        proof, version = await self._try(organization_id, key_id, by)
        if proof.error is None:
            return version
        message = f"external_key_id: {proof.error}"
        code = "external_key_validation_timed_out" if proof.timed_out else "external_key_validation_failed"
        raise InvalidRequest(message, error_code=code)

    async def confirm(self, unit: Unit, organization_id: OrganizationId, key_id: ExternalKeyId, version: int) -> None:
        """Raise Conflict `external_key_changed` unless a key is still in the state that was proven to work."""
        key = await self._store.find(unit, organization_id, key_id)
        if key is None or key.updated_at != version:
            message = f"external_key_id: {key_id} changed while it was validated. Send the request again."
            raise Conflict(message, error_code="external_key_changed", should_retry=True)

    async def _try(self, organization_id: OrganizationId, key_id: ExternalKeyId, by: Actor) -> tuple[Proof, int]:
        """Try a key with no transaction open, as it may take long; note how it stands unless it changed meanwhile."""
        async with self._units.read() as unit:
            tried = await self._require(unit, organization_id, key_id)
        proof = await self._service.prove(organization_id, tried.config)
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            known = await self._require(unit, organization_id, key_id)
            status = "success" if proof.error is None else "failure"
            await self._record(unit, known, by, ActivityType.EXTERNAL_KEY_VALIDATED, status=status, error=proof.error)
            if known.updated_at == tried.updated_at:
                await self._settle(unit, known, proof)
        return proof, tried.updated_at

    async def _settle(self, unit: Unit, known: ExternalKey, proof: Proof) -> None:
        standing = Standing.WORKS if proof.error is None else Standing.FAILED
        # a key that never worked has not stopped working
        if standing is known.standing or (proof.error is not None and known.standing is Standing.UNTRIED):
            return
        await self._store.save(unit, known.organization_id, dataclasses.replace(known, standing=standing))
        if self._events is None:
            return
        if standing is Standing.FAILED:
            await self._events.external_key_failed(unit, known.organization_id, known.id)
        elif known.standing is Standing.FAILED:
            await self._events.external_key_recovered(unit, known.organization_id, known.id)

    async def _require(self, unit: Unit, organization_id: OrganizationId, key_id: ExternalKeyId) -> ExternalKey:
        key = await self._store.find(unit, organization_id, key_id) if is_id(Kind.EXTERNAL_KEY, key_id) else None
        if key is None:
            message = f"External key not found: {key_id}"
            raise NotFound(message)
        return key

    async def _is_attached(self, unit: Unit, key: ExternalKey) -> bool:
        return bool(await self._workspaces.keys_in_use(unit, key.organization_id, [key.id]))

    async def _record(self, unit: Unit, key: ExternalKey, by: Actor, act: ActivityType, **details: object) -> None:
        await self._audit.record(unit, key.organization_id, by, act, external_key_id=key.id, **details)


def _place(key: ExternalKey) -> tuple[int, str]:
    return key.created_at, key.id


def _shown(key: ExternalKey) -> Mapping[str, object]:
    """Return what may change of a key, as the audit log tells it."""
    return {"display_name": key.display_name, "provider_config": json.dumps(pack(key.config), separators=(",", ":"))}
