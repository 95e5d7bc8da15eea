"""The poller: fetches issuers' keys now and then, so that what is wrong with one is known before it matters."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

import structlog

from antechamber.base.clock import Clock
from antechamber.base.errors import WireError
from antechamber.base.ids import IssuerId, OrganizationId
from antechamber.base.unit import Unit, Units
from antechamber.features.federation.model.issuers import Inline, Issuer, Polling
from antechamber.features.federation.ports import IssuerStore, KeyStore
from antechamber.features.federation.service.history import History
from antechamber.features.federation.service.keys import IssuerKeys

_BEAT_SECONDS: Final = 5.0
_SWEEP_BEATS: Final = 12
_AT_ONCE: Final = 20
_log = structlog.get_logger("federation")


class Poller:
    """Works beside the requests, on every node; of those that find an issuer due, the first fetches."""

    def __init__(self, store: KeyStore, issuers: IssuerStore, keys: IssuerKeys, history: History, units: Units,
                 clock: Clock) -> None:  # fmt: skip
        self._store = store
        self._issuers = issuers
        self._keys = keys
        self._history = history
        self._units = units
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End, also what is being fetched."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._keys.close()

    async def poll(self) -> int:
        """Fetch the keys of every issuer that is due; return how many those were."""
        async with self._units.read() as unit:
            due = await self._store.sweep_due(unit, self._clock.now(), _AT_ONCE)
            found = [(place, await self._issuers.find(unit, *place)) for place in due]
        polled = [issuer for _, issuer in found if issuer is not None and _is_fetched(issuer)]
        # one that hangs holds up none of the others
        await asyncio.gather(*map(self._keys.poll, polled), return_exceptions=True)
        for place, issuer in found:
            if issuer is None or not _is_fetched(issuer):
                async with self._units.begin() as unit:
                    await self._store.stop(unit, *place)
        return len(polled)

    async def poll_used(self) -> None:
        """Fetch anew what exchanges on this node use, before it gets stale."""
        await self._keys.refresh_used()

    async def _run(self) -> None:
        beat = 0
        while True:
            try:
                await self.poll()
                await self.poll_used()
                if beat % _SWEEP_BEATS == 0:
                    await self._history.sweep()
            except WireError as error:
                _log.warning("issuers cannot be polled", note=error.note)
            except Exception:  # noqa: BLE001 - a poller that ended here would leave issuers unwatched for good
                _log.exception("issuers could not be polled; trying again")
            beat += 1
            await asyncio.sleep(_BEAT_SECONDS)


def _is_fetched(issuer: Issuer) -> bool:
    return issuer.archived is None and not isinstance(issuer.jwks, Inline)


class IssuerPolling:
    """How the fetching of keys goes, for those who administer issuers (`ports.PollingBook`)."""

    def __init__(self, store: KeyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def several(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[IssuerId]
    ) -> Mapping[IssuerId, Polling]:
        """Return how it goes with those of these issuers whose keys are fetched."""
        found = await self._store.several(unit, organization_id, ids)
        return {
            issuer_id: Polling(row.consecutive_failures, row.fetched_at, row.next_poll_at, row.disabled_at)
            for issuer_id, row in found.items()
        }

    async def restart(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> None:
        """Begin anew with an issuer that was made or changed, or was paused: fetch soon, nothing failed."""
        await self._store.restart(unit, organization_id, issuer_id, self._clock.now())

    async def stop(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> None:
        """Fetch no more for an issuer that was archived."""
        await self._store.stop(unit, organization_id, issuer_id)
