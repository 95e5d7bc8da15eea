"""What is settled, queued for the destinations that cover it, in the transaction that takes it into the ledger."""

import asyncio
from collections.abc import Sequence

from antechamber.base.clock import Clock
from antechamber.base.unit import Unit, Units
from antechamber.features.telemetry.model.destinations import covers
from antechamber.features.telemetry.ports import Covering, Place, QueueStore
from antechamber.features.usage.model import UsageRow


class Outbox:
    """Knows the destinations that take traces, as of the last change; where there are none, nothing is done."""

    def __init__(self, queue: QueueStore, units: Units, clock: Clock) -> None:
        self._queue = queue
        self._units = units
        self._clock = clock
        self._covering: dict[str, list[Covering]] | None = None
        self._some = asyncio.Event()

    async def reload(self) -> None:
        """Read anew which destinations there are."""
        async with self._units.read() as unit:
            self._take(await self._queue.sweep_covering(unit))

    async def wait_for_some(self) -> None:
        """Return when there is a destination."""
        await self._some.wait()

    async def settled(self, unit: Unit, rows: Sequence[UsageRow]) -> None:
        """Queue rows that the transaction takes into the ledger."""
        if self._covering is None:
            # a start: what an earlier server has left comes in before anything else is read
            self._take(await self._queue.sweep_covering(unit))
        if not self._covering:
            return
        requests = [
            (Place(each.organization_id, each.destination_id), row.intent.request_id)
            for row in rows
            for each in self._covering.get(row.intent.organization_id, ())
            if covers(each.scope, listed=row.intent.workspace_id in each.workspace_ids)
        ]
        if requests:
            await self._queue.sweep_in(unit, self._clock.now(), requests)

    def _take(self, found: Sequence[Covering]) -> None:
        covering: dict[str, list[Covering]] = {}
        for each in found:
            covering.setdefault(each.organization_id, []).append(each)
        self._covering = covering
        (self._some.set if covering else self._some.clear)()
