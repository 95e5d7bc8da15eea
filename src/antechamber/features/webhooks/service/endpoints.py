"""Endpoints as administrators see and change them."""

from urllib.parse import urlsplit

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import Kind, OrganizationId, WebhookId, is_id, mint
from antechamber.base.page import IdCursor, Page
from antechamber.base.seals import SealedColumn, Seals
from antechamber.base.secret import Secret
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.webhooks.model.deliveries import SECRET_BYTES, Delivery, secret_of
from antechamber.features.webhooks.model.endpoints import (
    MAX_ENDPOINTS,
    Draft,
    Endpoint,
    Listing,
    Part,
    State,
    changed,
    check_draft,
    events_of,
    part_of,
)
from antechamber.features.webhooks.ports import Addresses, WebhookStore


class Webhooks:
    """Makes, lists, changes and removes endpoints."""

    def __init__(
        self,
        store: WebhookStore,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
        seals: Seals,
        addresses: Addresses,
    ) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit
        self._seals = seals
        self._addresses = addresses

    async def listing(self, organization_id: OrganizationId, asked: Listing) -> Part:
        """Return a part of the organisation's endpoints."""
        async with self._units.read() as unit:
            return part_of(await self._store.everyone(unit, organization_id), asked)

    async def get(self, organization_id: OrganizationId, webhook_id: str) -> Endpoint:
        """Return one; NotFound."""
        async with self._units.read() as unit:
            return await self._known(unit, organization_id, webhook_id)

    async def deliveries(self, organization_id: OrganizationId, webhook_id: str, cursor: IdCursor) -> Page[Delivery]:
        """Return what was and is to be delivered to one, newest first; NotFound, InvalidRequest for the cursor."""
        async with self._units.read() as unit:
            known = await self._known(unit, organization_id, webhook_id)
            return await self._store.deliveries(unit, organization_id, known.id, cursor)

    async def create(self, organization_id: OrganizationId, draft: Draft, by: Actor) -> tuple[Endpoint, Secret]:
        """Make one; the secret is returned here and never again. InvalidRequest for an address of no use."""
        check_draft(draft)
        events = events_of(draft.events or (), draft.extensions or ())
        await self._addresses.check("url", draft.url or "")
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            if len(await self._store.everyone(unit, organization_id)) >= MAX_ENDPOINTS:
                message = f"An organization can have at most {MAX_ENDPOINTS} webhook endpoints; delete one first."
                raise InvalidRequest(message)
            now = self._clock.now()
            endpoint = Endpoint(
                id=WebhookId(mint(Kind.WEBHOOK, self._clock, self._chance)),
                organization_id=organization_id,
                url=draft.url or "",
                name=draft.name or "",
                description=draft.description or "",
                events=events,
                state=State.ENABLED,
                disabled_reason="",
                created_at=now,
                updated_at=now,
            )
            secret, sealed = self._new_secret(endpoint.id)
            await self._store.add(unit, organization_id, endpoint, sealed)
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.WEBHOOK_CREATED,
                webhook_endpoint_id=endpoint.id,
                **_told(endpoint),
            )
        return endpoint, secret

    async def update(self, organization_id: OrganizationId, webhook_id: str, draft: Draft, by: Actor) -> Endpoint:
        """Change one; NotFound, InvalidRequest."""
        check_draft(draft)
        if draft.url is not None:
            await self.get(organization_id, webhook_id)
            await self._addresses.check("url", draft.url)
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            before = await self._known(unit, organization_id, webhook_id)
            after = changed(before, draft, self._clock.now())
            if after != before:
                await self._store.put(unit, organization_id, after)
                await self._audit.record(
                    unit,
                    organization_id,
                    by,
                    ActivityType.WEBHOOK_UPDATED,
                    webhook_endpoint_id=after.id,
                    updates=updates_of(_told(before), _told(after)),
                )
        return after

    async def delete(self, organization_id: OrganizationId, webhook_id: str, by: Actor) -> None:
        """Remove one, and what waits for it; NotFound."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            endpoint = await self._known(unit, organization_id, webhook_id)
            await self._store.remove(unit, organization_id, endpoint.id)
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.WEBHOOK_DELETED,
                webhook_endpoint_id=endpoint.id,
                **_told(endpoint),
            )

    async def regenerate_secret(self, organization_id: OrganizationId, webhook_id: str, by: Actor) -> Secret:
        """Sign with another secret from now on, which is returned here and never again; NotFound."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            endpoint = await self._known(unit, organization_id, webhook_id)
            secret, sealed = self._new_secret(endpoint.id)
            await self._store.reseal(unit, organization_id, endpoint.id, sealed, self._clock.now())
            await self._audit.record(
                unit, organization_id, by, ActivityType.WEBHOOK_SECRET_REGENERATED, webhook_endpoint_id=endpoint.id
            )
        return secret

    def _new_secret(self, webhook_id: WebhookId) -> tuple[Secret, bytes]:
        secret = secret_of(self._chance.draw(SECRET_BYTES))
        return secret, self._seals.seal(secret.reveal(), SealedColumn.WEBHOOK_SECRET, webhook_id)

    async def _known(self, unit: Unit, organization_id: OrganizationId, webhook_id: str) -> Endpoint:
        found = None
        if is_id(Kind.WEBHOOK, webhook_id):
            found = await self._store.find(unit, organization_id, WebhookId(webhook_id))
        if found is None:
            message = f"Webhook endpoint {webhook_id} not found."
            raise NotFound(message)
        return found


def _told(endpoint: Endpoint) -> dict[str, object]:
    """Return what the audit log keeps; of the address the host only, as its path often is a secret."""
    return {
        "name": endpoint.name,
        "url_host": urlsplit(endpoint.url).hostname or "",
        "enabled_events": [event.value for event in endpoint.events],
        "state": endpoint.state.value,
    }
