"""Counting refusals: in memory on the request's way, into the database every few seconds."""

import asyncio
import json
from typing import Final

import structlog

from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.ids import OrganizationId
from antechamber.base.page import foreign_cursor, open_cursor, seal_cursor
from antechamber.base.secret import redact
from antechamber.base.unit import Units
from antechamber.features.audit.model import HOUR, Refusal, RefusalKey, RefusalPage, RefusalQuery
from antechamber.features.audit.ports import Neighbours, RefusalStore

FLUSH_SECONDS: Final = 3.0
KEPT_DAYS: Final = 90
MOST_ROWS: Final = 200_000
_MOST_WAITING: Final = 5_000
_BATCH: Final = 500
_LONGEST_AGENT: Final = 200
_CLEAN_SECONDS: Final = 3600
_DAY: Final = 86_400 * MICROSECONDS
# where more kinds of refusals than memory is kept for are counted together
_OTHER: Final = "other"
_FAR: Final = 1 << 62
_FAR_STATUS: Final = 1000
_log = structlog.get_logger("audit")


class Refusals:
    """Counts refusals and lists the counts; kill -9 loses those of the last few seconds."""

    def __init__(self, store: RefusalStore, units: Units, clock: Clock, neighbours: Neighbours) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._neighbours = neighbours
        self._waiting: dict[RefusalKey, Refusal] = {}
        self.failed_count = 0

    @property
    def waiting(self) -> int:
        """How many counts are not in the database yet."""
        return len(self._waiting)

    def note(
        self,
        *,
        organization_id: str,
        principal_id: str,
        status: int,
        method: str,
        route: str,
        ip_address: str | None,
        user_agent: str | None,
        request_id: str,
    ) -> None:
        """Count one refusal; never waits, never fails, and takes no more memory under a flood."""
        now = self._clock.now()
        key = RefusalKey(now // HOUR * HOUR, organization_id, status, method, route, principal_id)
        earlier = self._waiting.get(key)
        if earlier is None and len(self._waiting) >= _MOST_WAITING:
            key = RefusalKey(key.hour, "", status, _OTHER, _OTHER, "")
            earlier = self._waiting.get(key)
        agent = None if user_agent is None else redact(user_agent)[:_LONGEST_AGENT]
        self._waiting[key] = Refusal(key, 1, now, ip_address, agent, request_id).after(earlier)

    async def flush(self) -> None:
        """Bring what was counted into the database, in batches; what fails waits for the next time."""
        counted, self._waiting = self._waiting, {}
        # in one order everywhere, so that two nodes wait for each other and never across
        left = sorted(counted.values(), key=lambda refusal: refusal.key)
        try:
            while left:
                async with self._units.begin() as unit:
                    await self._store.sweep_in(unit, left[:_BATCH])
                left = left[_BATCH:]
        finally:
            self._put_back(left)

    async def clean(self) -> None:
        """Remove what is older than 90 days, and the oldest of more than 200,000 counts."""
        before = (self._clock.now() - KEPT_DAYS * _DAY) // HOUR * HOUR
        async with self._units.begin() as unit:
            await self._store.sweep_out(unit, before, MOST_ROWS)

    async def run(self) -> None:
        """Flush every few seconds and clean every hour, until cancelled; an outage of the database is waited out."""
        cleaned_at: float | None = None
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
                if cleaned_at is None or self._clock.monotonic() - cleaned_at >= _CLEAN_SECONDS:
                    cleaned_at = self._clock.monotonic()
                    await self.clean()
            except Exception as error:  # noqa: BLE001 - whatever happens to one batch, the next look must come
                self.failed_count += 1
                _log.warning("refusals are not counted in the database", note=repr(error))

    async def close(self) -> None:
        """Flush once more, if the database is there."""
        try:
            await self.flush()
        except Exception as error:  # noqa: BLE001 - counts are no reason to stop the stopping
            _log.warning("the last refusals are not counted", note=repr(error))

    async def listing(self, organization_id: OrganizationId, query: RefusalQuery) -> RefusalPage:
        """Return a page of an organisation's refusals, newest hour first.

        Those of nobody known (a bad key) belong to no organisation, and are shown to one that is alone on its server.
        """
        binding = _binding(organization_id, query)
        after = None if query.page is None else _position(open_cursor(query.page, binding))
        strangers = await self._neighbours.is_alone(organization_id)
        async with self._units.read() as unit:
            found = await self._store.listing(unit, organization_id, query, after, strangers=strangers)
        shown = tuple(found[: query.limit])
        following = seal_cursor(json.dumps(shown[-1].key), binding) if len(found) > query.limit else None
        return RefusalPage(shown, following)

    def _put_back(self, refusals: list[Refusal]) -> None:
        for refusal in refusals:
            newer = self._waiting.get(refusal.key)
            if newer is not None:
                self._waiting[refusal.key] = newer.after(refusal)
            elif len(self._waiting) < _MOST_WAITING:
                self._waiting[refusal.key] = refusal


def _binding(organization_id: OrganizationId, query: RefusalQuery) -> dict[str, object]:
    return {
        "list": "refusals",
        "organization_id": organization_id,
        "statuses": sorted(query.statuses),
        "principal_ids": sorted(query.principal_ids),
        "since": query.since,
        "until": query.until,
    }


def _position(text: str) -> RefusalKey:
    try:
        parts = json.loads(text)
    except ValueError:
        parts = None
    if not isinstance(parts, list) or tuple(type(part) for part in parts) != (int, str, int, str, str, str):
        raise foreign_cursor()
    key = RefusalKey(*parts)
    if not 0 <= key.hour < _FAR or not 0 <= key.status < _FAR_STATUS or "\x00" in text or "\\u0000" in text:
        raise foreign_cursor()
    return key
