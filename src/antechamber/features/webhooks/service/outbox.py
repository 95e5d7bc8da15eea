"""Telling of events, in the transaction of what happened."""

from collections.abc import Mapping

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.ids import Kind, OrganizationId, WebhookEventId, mint
from antechamber.base.unit import Unit
from antechamber.features.webhooks.model.deliveries import Event, body_of
from antechamber.features.webhooks.model.endpoints import EventType
from antechamber.features.webhooks.ports import WebhookStore


class Outbox:
    """Puts events where they are delivered from."""

    def __init__(self, store: WebhookStore, clock: Clock, chance: Chance) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance

    async def tell(
        self, unit: Unit, organization_id: OrganizationId, happened: EventType, data: Mapping[str, object]
    ) -> None:
        """Have every enabled endpoint that asked for it told, once the transaction has ended well.

        `data` are JSON values, `id` that of the thing that it happened to.
        """
        asked = [
            endpoint.id
            for endpoint in await self._store.everyone(unit, organization_id)
            if endpoint.is_enabled and happened in endpoint.events
        ]
        if asked:
            now = self._clock.now()
            event_id = WebhookEventId(mint(Kind.WEBHOOK_EVENT, self._clock, self._chance))
            body = body_of(Event(event_id, organization_id, happened, now, data))
            await self._store.post(unit, organization_id, event_id, body, asked, now)
