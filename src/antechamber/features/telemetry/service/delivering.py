"""Sending what waits: in batches, beside the requests, again and again until a destination has failed for too long.

A span leaves its queue when the destination has answered; a server that is killed in between sends it once more.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from antechamber.base.actor import SYSTEM
from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.errors import WireError
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.telemetry.model.destinations import DisabledReason
from antechamber.features.telemetry.model.spans import span_of
from antechamber.features.telemetry.model.standing import Failure, Trouble, after_failure, reason_to_disable
from antechamber.features.telemetry.ports import Place, Rows, Waiting
from antechamber.features.telemetry.service.outbox import Outbox
from antechamber.features.telemetry.service.sending import Sender
from antechamber.features.telemetry.service.stores import Stores

_BEAT_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 5.0
_AT_ONCE: Final = 8
# longer than an export can take: after a kill the next server waits for it
_CLAIM_SECONDS: Final = 15
_STOP_SECONDS: Final = 5.0
_log = structlog.get_logger("telemetry")


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """How many spans go together and how many may wait; failures that go on for longer disable a destination."""

    batch: int = 256
    most_waiting: int = 50_000
    longest_failure_seconds: int = 6 * 3600


class Deliveries:
    """Works beside the requests, on every node; of those that find a delivery due, the first has it."""

    def __init__(
        self,
        stores: Stores,
        outbox: Outbox,
        rows: Rows,
        sender: Sender,
        units: Units,
        clock: Clock,
        audit: Audit,
        rules: DeliveryRules,
    ) -> None:
        self._stores = stores
        self._outbox = outbox
        self._rows = rows
        self._sender = sender
        self._units = units
        self._clock = clock
        self._audit = audit
        self._rules = rules
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.sent_count = 0
        self.dropped_count = 0

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End: what is being sent may go on for five seconds; what waits stays, for the next server."""
        if self._task is None:
            return
        self._stopping.set()
        await asyncio.wait({self._task}, timeout=_STOP_SECONDS)
        self._task.cancel()
        await asyncio.wait({self._task})

    async def deliver_due(self) -> int:
        """Send to every destination that is due, until none is; return how many spans were taken."""
        sent = 0
        while not self._stopping.is_set():
            async with self._units.read() as unit:
                due = await self._stores.queue.sweep_due(unit, self._clock.now(), _AT_ONCE)
            if not due:
                break
            # one that hangs holds up none of the others
            done = await asyncio.gather(*map(self._deliver, due), return_exceptions=True)
            for outcome in done:
                if isinstance(outcome, BaseException):
                    raise outcome
                sent += outcome
        return sent

    async def _run(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        is_swept = False
        while not self._stopping.is_set():
            some = asyncio.create_task(self._outbox.wait_for_some())
            await asyncio.wait({some, stopping}, return_when=asyncio.FIRST_COMPLETED)
            some.cancel()
            pause = _BEAT_SECONDS
            try:
                if not is_swept:
                    async with self._units.begin() as unit:
                        await self._stores.queue.sweep_left(unit)
                    is_swept = True
                await self.deliver_due()
            except WireError as error:
                pause = _PAUSE_SECONDS
                _log.warning("spans wait for the database", note=error.note)
            except Exception:  # noqa: BLE001 - one destination must not end the sending to all others
                pause = _PAUSE_SECONDS
                _log.exception("spans could not be sent; trying again")
            await asyncio.wait({stopping}, timeout=pause)

    async def _deliver(self, place: Place) -> int:
        now = self._clock.now()
        async with self._units.begin() as unit:
            if not await self._stores.queue.claim(unit, *place, now, now + _CLAIM_SECONDS * MICROSECONDS):
                return 0
            trimmed = await self._stores.queue.trim(unit, *place, self._rules.most_waiting)
        if trimmed:
            self.dropped_count += trimmed
            _log.warning("spans are dropped: too many wait", destination=place.destination_id, spans=trimmed)
        async with self._units.read() as unit:
            known = await self._stores.destinations.find(unit, *place)
            waiting = await self._stores.queue.waiting(unit, *place, self._rules.batch)
            rows = await self._rows.several(unit, place.organization_id, [each.request_id for each in waiting])
        if known is None or known.destination.disabled_reason is not None or not waiting:
            return 0
        failure = await self._sender.send(known, [span_of(row) for row in rows]) if rows else None
        await self._settle(place, waiting, failure)
        self.sent_count += 0 if failure else len(rows)
        return 0 if failure else len(rows)

    async def _settle(self, place: Place, waiting: Sequence[Waiting], failure: Failure | None) -> None:
        now = self._clock.now()
        async with self._units.begin() as unit:
            await self._stores.destinations.lock(unit, place.organization_id)
            known = await self._stores.destinations.find(unit, *place)
            if failure is None or failure.trouble is Trouble.REFUSED:
                await self._stores.queue.sent(unit, *place, waiting)
            if known is None:
                return
            if failure is None:
                await self._stores.queue.note_success(unit, *place, now)
                return
            standing = after_failure(known.standing, failure, now)
            await self._stores.queue.note_failure(unit, *place, (now, failure.message), standing)
            reason = reason_to_disable(standing, failure, now, self._rules.longest_failure_seconds)
            if reason is not None and known.destination.disabled_reason is None:
                await self._disable(unit, place, reason, failure, now)
        if failure.trouble is Trouble.REFUSED:
            self.dropped_count += len(waiting)
        wait = (standing.due_at - now) // MICROSECONDS
        _log.warning("spans were not taken", destination=place.destination_id, note=failure.message, again_seconds=wait)

    async def _disable(self, unit: Unit, place: Place, reason: DisabledReason, failure: Failure, now: int) -> None:
        await self._stores.queue.disable(unit, *place, reason, now)
        await self._audit.record(
            unit,
            place.organization_id,
            SYSTEM,
            ActivityType.TELEMETRY_DESTINATION_DISABLED,
            telemetry_destination_id=place.destination_id,
            reason=reason.value,
            last_error=failure.message,
        )
