"""Every service of telemetry, joined: the queue that follows the ledger, the guard, and who sends."""

from antechamber import __version__
from antechamber.adapters.telemetry import GuardedAddresses, OtlpExporter
from antechamber.client.guard import Guard
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
from antechamber.features.usage.sql.rows import SqlRows
from antechamber.wiring.storage import Storage


class Tracing:
    """Telemetry at work; nothing is read or sent yet."""

    def __init__(self, storage: Storage, guard: Guard) -> None:
        units, clock, audit = storage.database, storage.clock, storage.audit
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
