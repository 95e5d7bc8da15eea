"""Telemetry joined: the ledger that is followed, the guard that everything goes through, and who sends."""

from antechamber import __version__
from antechamber.adapters.telemetry import LIMITS, GuardedAddresses, OtlpExporter
from antechamber.client.guard import Guard
from antechamber.database.changes import TELEMETRY, Changes
from antechamber.features.telemetry.service import (
    Deliveries,
    DeliveryRules,
    Destinations,
    HeaderSeals,
    Outbox,
    Sender,
    Stores,
    Trials,
    WorkspaceLists,
)
from antechamber.features.telemetry.sql import SqlDestinations, SqlLists, SqlQueue
from antechamber.features.usage.service import Ledger
from antechamber.features.usage.sql.rows import SqlRows
from antechamber.http.metrics import Metrics
from antechamber.settings import Settings, SettingsError
from antechamber.wiring.storage import Storage


class TelemetryServices:
    """Every service of telemetry."""

    def __init__(self, storage: Storage, ledger: Ledger, changes: Changes) -> None:
        """SettingsError for origins that are none."""
        units, clock, audit = storage.database, storage.clock, storage.audit
        guard = open_guard(storage.settings)
        stores, seals = Stores(SqlDestinations(), SqlLists(), SqlQueue()), HeaderSeals(storage.seals)
        sender = Sender(seals, OtlpExporter(guard, __version__))
        self.outbox = Outbox(stores.queue, units, clock)
        self.lists = WorkspaceLists(stores, storage.workspaces, units, clock, audit)
        self.destinations = Destinations(
            stores, self.lists, seals, GuardedAddresses(guard), units, clock, storage.chance, audit
        )
        self.trials = Trials(stores, sender, units, clock)
        rules = DeliveryRules(longest_failure_seconds=storage.settings.telemetry_failure_seconds)
        self.deliveries = Deliveries(stores, self.outbox, SqlRows(), sender, units, clock, audit, rules)
        ledger.follow(self.outbox)
        changes.watch(TELEMETRY, self.outbox.reload)

    async def start(self) -> None:
        """Begin to send; to be called when changes are watched."""
        await self.outbox.reload()
        self.deliveries.start()

    def register_gauges(self, metrics: Metrics) -> None:
        """Let the operator see what is sent."""
        sent = self.deliveries
        metrics.gauge("telemetry_spans_sent", "Spans that destinations have taken since start", lambda: sent.sent_count)
        metrics.gauge("telemetry_spans_dropped", "Spans that were given up since start", lambda: sent.dropped_count)


def open_guard(settings: Settings) -> Guard:
    """Return the guard of destinations; SettingsError if one of the origins is none."""
    origins = [part.strip() for part in settings.telemetry_private_origins.split(",") if part.strip()]
    try:
        return Guard(origins, plain=True, limits=LIMITS)
    except ValueError as error:
        message = f"telemetry_private_origins: {error}"
        raise SettingsError(message) from None
