"""Trying a destination out: one span, once, now."""

from typing import Final

from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.errors import RateLimited
from antechamber.base.ids import OrganizationId, TelemetryDestinationId
from antechamber.base.unit import Units
from antechamber.features.telemetry.model.spans import trial_span
from antechamber.features.telemetry.model.standing import Failure
from antechamber.features.telemetry.service.sending import Sender
from antechamber.features.telemetry.service.stores import Stores

_APART_SECONDS: Final = 10


class Trials:
    """Sends test spans."""

    def __init__(self, stores: Stores, sender: Sender, units: Units, clock: Clock) -> None:
        self._stores = stores
        self._sender = sender
        self._units = units
        self._clock = clock

    async def test(self, organization_id: OrganizationId, destination_id: TelemetryDestinationId) -> Failure | None:
        """Return what went wrong, None if it was taken; NotFound; RateLimited within ten seconds of the last one.

        It changes nothing of the destination, disabled or not.
        """
        async with self._units.begin() as unit:
            await self._stores.destinations.lock(unit, organization_id)
            known = await self._stores.require(unit, organization_id, destination_id)
            now = self._clock.now()
            left = 0 if known.tested_at is None else known.tested_at + _APART_SECONDS * MICROSECONDS - now
            if left > 0:
                message = f"{destination_id} was tested just now; wait {_APART_SECONDS} seconds between two tests."
                raise RateLimited(message, retry_after=-(-left // MICROSECONDS))
            await self._stores.destinations.tested(unit, organization_id, destination_id, now)
        span = trial_span(organization_id, f"{destination_id} {now}", now)
        return await self._sender.send(known, [span])
