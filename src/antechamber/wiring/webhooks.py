"""Webhooks joined: who delivers, and what other features tell of."""

from antechamber.adapters.webhooks import LIMITS, GuardedAddresses, GuardedPostman
from antechamber.base.clock import to_rfc3339
from antechamber.base.ids import OrganizationId
from antechamber.base.money import to_cents
from antechamber.base.unit import Unit
from antechamber.client.guard import Guard
from antechamber.database.changes import WEBHOOKS, Changes
from antechamber.features.limits.model.definitions import Scope
from antechamber.features.limits.model.spending import Crossing
from antechamber.features.webhooks.model.endpoints import EventType
from antechamber.features.webhooks.service.delivering import Delivering
from antechamber.features.webhooks.service.outbox import Outbox
from antechamber.features.webhooks.sql import SqlWebhooks
from antechamber.http.metrics import Metrics
from antechamber.settings import Settings, SettingsError
from antechamber.wiring.storage import Storage


class WebhookServices:
    """Every service of webhooks, and what other features announce to it."""

    def __init__(self, storage: Storage, changes: Changes) -> None:
        """SettingsError for origins that are none."""
        store, units, clock = SqlWebhooks(), storage.database, storage.clock
        guard = Guard(private_origins(storage.settings), limits=LIMITS)
        self.store, self.addresses = store, GuardedAddresses(guard)
        self.outbox = Outbox(store, clock, storage.chance)
        self.delivering = Delivering(store, units, clock, storage.audit, storage.seals, GuardedPostman(guard))
        changes.watch(WEBHOOKS, self.delivering.wake)
        storage.external_keys.bind_events(self)

    def register_gauges(self, metrics: Metrics) -> None:
        """Show how deliveries go."""
        delivering = self.delivering
        metrics.gauge("webhooks_taken", "Deliveries that were taken since start", lambda: delivering.taken_count)
        metrics.gauge("webhooks_failed", "Attempts at deliveries that failed", lambda: delivering.failed_count)

    async def budget_crossed(self, unit: Unit, crossing: Crossing) -> None:
        """Tell of a threshold that a budget has passed."""
        named = {} if crossing.scope is Scope.ORGANIZATION else {f"{crossing.scope}_id": crossing.scope_id}
        data = {
            "id": crossing.spend_limit_id,
            "scope": {"type": crossing.scope.value, **named},
            "period": crossing.period.value,
            "percent": crossing.percent,
            "amount": to_cents(crossing.limit),
            "period_to_date_spend": to_cents(crossing.spent),
            "currency": "USD",
            "resets_at": to_rfc3339(crossing.resets_at),
        }
        happened = EventType.SPEND_LIMIT_THRESHOLD_CROSSED
        await self.outbox.tell(unit, OrganizationId(crossing.organization_id), happened, data)

    async def external_key_failed(self, unit: Unit, organization_id: OrganizationId, key_id: str) -> None:
        """Tell that an external key stopped working."""
        await self.outbox.tell(unit, organization_id, EventType.EXTERNAL_KEY_FAILED, {"id": key_id})

    async def external_key_recovered(self, unit: Unit, organization_id: OrganizationId, key_id: str) -> None:
        """Tell that an external key works again."""
        await self.outbox.tell(unit, organization_id, EventType.EXTERNAL_KEY_RECOVERED, {"id": key_id})


def private_origins(settings: Settings) -> list[str]:
    """Return the origins of endpoints that may be private; SettingsError if one is none."""
    origins = [part.strip() for part in settings.webhook_private_origins.split(",") if part.strip()]
    try:
        Guard(origins)
    except ValueError as error:
        message = f"webhook_private_origins: {error}"
        raise SettingsError(message) from None
    return origins
