"""Dropping what has expired: codes, waiting programs, tokens, grants. Every node does it; twice does no harm."""

import asyncio
from typing import Final

import structlog

from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import WireError
from antechamber.features.oauth.service.means import Means, Stores

PERIOD_SECONDS: Final = 600.0
_BATCH: Final = 1000
# a program that polls late hears that its code has expired rather than that there is none
_REMEMBERED: Final = 3600 * MICROSECONDS
_log = structlog.get_logger("oauth")


class Sweeper:
    """Runs beside the requests."""

    def __init__(self, stores: Stores, means: Means) -> None:
        self._stores = stores
        self._means = means

    async def run(self) -> None:
        """Sweep now and then until cancelled; an outage is waited out."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            try:
                await self.sweep()
            except WireError as error:
                _log.warning("what has expired is not swept", note=error.note)
            except Exception:  # noqa: BLE001 - the next time may do
                _log.exception("what has expired is not swept")

    async def sweep(self) -> int:
        """Drop all that has expired, some at a time; return how many."""
        stores, total = self._stores, 0
        while True:
            async with self._means.units.begin() as unit:
                now = self._means.clock.now()
                dropped = await stores.grants.sweep_expired(unit, now, _BATCH)
                dropped += await stores.devices.sweep_expired(unit, now - _REMEMBERED, _BATCH)
                dropped += await stores.tokens.sweep_expired(unit, now, _BATCH)
            total += dropped
            if not dropped:
                return total
