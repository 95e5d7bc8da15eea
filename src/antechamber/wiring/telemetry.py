"""Telemetry, loaded when there is a destination or somebody asks for one: many a server never has any."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from antechamber.base.unit import Unit
from antechamber.client.guard import Guard, GuardLimits
from antechamber.database.changes import TELEMETRY, Changes
from antechamber.features.usage.model import UsageRow
from antechamber.features.usage.service import Ledger
from antechamber.http.metrics import Metrics
from antechamber.settings import Settings, SettingsError
from antechamber.wiring.storage import Storage

if TYPE_CHECKING:
    from antechamber.wiring.tracing import Tracing

# what a collector answers is short, and read to its end only so that the connection is whole
_LIMITS: Final = GuardLimits(longest_body=1 << 20, total_seconds=10.0, silent_seconds=10.0)


class Telemetry:
    """Follows the ledger; from the first destination on by its services, before that by doing nothing."""

    def __init__(self, storage: Storage, ledger: Ledger, changes: Changes) -> None:
        """SettingsError for origins that are none."""
        self._guard = open_guard(storage.settings)
        self._storage = storage
        self._changes = changes
        self._loading = threading.Lock()
        self._tracing: Tracing | None = None
        self._is_started = False
        ledger.follow(self)
        changes.watch(TELEMETRY, self.reload)

    @property
    def tracing(self) -> "Tracing":
        """The services, loaded by the first who asks, in whatever thread."""
        with self._loading:
            if self._tracing is None:
                from antechamber.wiring.tracing import Tracing  # noqa: PLC0415 - see above

                self._tracing = Tracing(self._storage, self._guard)
            return self._tracing

    async def prepare(self) -> None:
        """Load what is needed if there ever was a destination; to be called before the ledger takes anything in."""
        if await self._changes.has_changed(TELEMETRY):
            await self.tracing.outbox.reload()

    async def settled(self, unit: Unit, rows: Sequence[UsageRow]) -> None:
        """Queue rows that the transaction takes into the ledger."""
        if self._tracing is not None:
            await self._tracing.outbox.settled(unit, rows)

    async def reload(self) -> None:
        """Read anew which destinations there are, and send to them."""
        await self.tracing.outbox.reload()
        if self._is_started:
            self.tracing.deliveries.start()

    async def start(self) -> None:
        """Begin to send, at once or when there is a destination; to be called when changes are watched."""
        self._is_started = True
        await self.prepare()
        if self._tracing is not None:
            self._tracing.deliveries.start()

    async def stop(self) -> None:
        """End; what waits stays."""
        if self._tracing is not None:
            await self._tracing.deliveries.stop()

    def register_gauges(self, metrics: Metrics) -> None:
        """Let the operator see what is sent."""
        metrics.gauge("telemetry_spans_sent", "Spans that destinations have taken since start", lambda: self._counts[0])
        metrics.gauge("telemetry_spans_dropped", "Spans that were given up since start", lambda: self._counts[1])

    @property
    def _counts(self) -> tuple[int, int]:
        sent = None if self._tracing is None else self._tracing.deliveries
        return (0, 0) if sent is None else (sent.sent_count, sent.dropped_count)


def open_guard(settings: Settings) -> Guard:
    """Return the guard of destinations; SettingsError if one of the origins is none."""
    origins = [part.strip() for part in settings.telemetry_private_origins.split(",") if part.strip()]
    try:
        return Guard(origins, plain=True, limits=_LIMITS)
    except ValueError as error:
        message = f"telemetry_private_origins: {error}"
        raise SettingsError(message) from None
