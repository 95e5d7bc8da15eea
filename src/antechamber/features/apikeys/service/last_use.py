"""When each secret was last used: gathered in memory by authentication, written in batches, never by a request."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from antechamber.base.clock import Clock
from antechamber.base.errors import WireError
from antechamber.base.unit import Units
from antechamber.features.apikeys.ports import UseStore

PERIOD_SECONDS: Final = 5.0
_log = structlog.get_logger("apikeys")


class LastUses:
    """Brings the secrets that `take` has seen used into the database; `take` empties what it returns."""

    def __init__(self, store: UseStore, units: Units, clock: Clock, take: Callable[[], set[bytes]]) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._take = take
        self._waiting: set[bytes] = set()

    async def flush(self) -> None:
        """Write what was used since the last time; what cannot be written waits for the next."""
        self._waiting |= self._take()
        if not self._waiting:
            return
        used, now = frozenset(self._waiting), self._clock.now()
        try:
            async with self._units.begin() as unit:
                await self._store.sweep_used(unit, used, now)
        except WireError as error:
            _log.warning("last uses not written", secrets=len(used), note=error.note)
        else:
            self._waiting -= used

    async def run(self) -> None:
        """Flush every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            try:
                await self.flush()
            except Exception:  # noqa: BLE001 - a task that ended here would lose every later use
                _log.exception("last uses not written")
