"""The ledger: an intent goes to the spool before dispatch, its outcome after, and both to the database as one row."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import structlog

from antechamber.base.clock import Clock
from antechamber.base.unit import Units
from antechamber.features.usage.model import KEPT_SECONDS, Intent, PriceSource, UsageRow, Width
from antechamber.features.usage.ports import Follower, OpenEntry, PriceBook, Source, Spool, UsageStore
from antechamber.features.usage.service.pricing import price_row

_BACKOFF_LONGEST_SECONDS: Final = 5.0
_SWEEP_SECONDS: Final = 600.0
_MOST_SEEN: Final = 4096
_log = structlog.get_logger("usage")


class Ledger:
    """Takes intents and outcomes, and drains them into the database.

    Rows get their cost on the way there, so those of older versions' spools have one too.
    `batch_rows` bounds a transaction, `drain_seconds` is the pause between two looks at an empty backlog,
    `keep_seconds` says how long roll-ups of a width are kept (a width without an entry: for ever).
    """

    def __init__(
        self,
        spool: Spool,
        store: UsageStore,
        units: Units,
        clock: Clock,
        prices: PriceBook,
        *,
        batch_rows: int = 256,
        drain_seconds: float = 0.4,
        keep_seconds: Mapping[Width, int] = KEPT_SECONDS,
    ) -> None:
        self._spool = spool
        self._store = store
        self._units = units
        self._clock = clock
        self._prices = prices
        self._batch_rows = batch_rows
        self._drain_seconds = drain_seconds
        self._keep_seconds = keep_seconds
        self._estates: list[Source] = []
        self._draining = asyncio.Lock()
        self._oldest_us: int | None = None
        self._live_drained = 0
        self._followers: list[Follower] = []
        self._seen: set[tuple[str, str]] = set()
        self.drained_count = 0
        self.doubled_count = 0
        self.failed_count = 0

    @property
    def open_count(self) -> int:
        """How many dispatched requests wait for their outcome."""
        return self._spool.open_count

    @property
    def settled_count(self) -> int:
        """How many requests have been settled since the start."""
        return self._spool.settled_count

    @property
    def backlog(self) -> int:
        """How many settled requests of this server are not in the database yet."""
        return self.settled_count - self._live_drained

    @property
    def oldest_undrained_seconds(self) -> float:
        """How long the oldest settled request that was seen waits for the database; 0 without a backlog."""
        return 0.0 if self._oldest_us is None else max(0.0, (self._clock.now() - self._oldest_us) / 1_000_000)

    def open(self, intent: Intent) -> OpenEntry:
        """Keep an intent before its dispatch; Overloaded (529) when the spool can't promise to meter the request."""
        return self._spool.begin(intent)

    def follow(self, follower: Follower) -> None:
        """Tell `follower` of everything that comes in from now on."""
        self._followers.append(follower)

    async def recover(self) -> int:
        """Bring in what servers that no longer run have left, each request once; returns how many rows were new.

        When the database is away the rest waits on the disk, and `run` goes on with it.
        """
        self._estates = list(self._spool.estates())
        before = self.drained_count
        try:
            await self._drain_all()
        except Exception as error:  # noqa: BLE001 - a server that can't read its past must still serve
            self.failed_count += 1
            _log.warning("not all is recovered yet; the spool keeps its rows", note=repr(error))
        return self.drained_count - before

    async def run(self) -> None:
        """Drain until cancelled; an outage of the database is waited out."""
        pause = self._drain_seconds
        swept_at = self._clock.monotonic()
        while True:
            await asyncio.sleep(pause)
            try:
                await self._drain_all()
                if self._clock.monotonic() - swept_at >= _SWEEP_SECONDS:
                    swept_at = self._clock.monotonic()
                    await self.sweep_expired()
            except Exception as error:  # noqa: BLE001 - whatever happens to one batch, the next look must come
                self.failed_count += 1
                pause = min(max(pause, self._drain_seconds) * 2, _BACKOFF_LONGEST_SECONDS)
                _log.warning("the spool keeps its rows", retry_seconds=pause, note=repr(error))
            else:
                pause = self._drain_seconds

    async def sweep_expired(self) -> int:
        """Remove roll-ups that are older than what is kept; returns how many."""
        removed = 0
        for width, seconds in self._keep_seconds.items():
            before = width.floor(self._clock.now() - seconds * 1_000_000)
            while True:
                async with self._units.begin() as unit:
                    count = await self._store.sweep_expired(unit, width, before)
                if not count:
                    break
                removed += count
        return removed

    async def drain(self) -> None:
        """Bring everything settled so far into the database; Unavailable when it is away."""
        await self._drain_all()

    @contextlib.asynccontextmanager
    async def drained(self) -> AsyncIterator[int]:
        """Drain, and bring nothing in while inside: of the requests settled here the database has the first so many."""
        async with self._draining:
            await self._bring_all()
            yield self._live_drained

    async def close(self) -> None:
        """Drain what the database takes, keep the rest on the disk, and give the spool free."""
        durable = False
        try:
            await self._drain_all()
            await self._make_durable()
            durable = True
        except Exception as error:  # noqa: BLE001 - whatever it is, the rows are safe where they are
            _log.warning("not all is drained; the spool keeps its rows", note=repr(error))
        finally:
            await asyncio.to_thread(self._spool.close, durable=durable)

    async def _drain_all(self) -> None:
        async with self._draining:
            await self._bring_all()

    async def _bring_all(self) -> None:
        while self._estates:
            await self._empty(self._estates[0])
            del self._estates[0]
        await self._empty(self._spool)

    async def _empty(self, source: Source) -> None:
        live = source is self._spool
        more = True
        while more:
            rows = source.read(self._batch_rows)
            more = bool(rows)
            if rows:
                await self._bring_in(rows, live=live)
            source.confirm()
            if source.releasable:
                await self._make_durable()
                source.release()

    async def _bring_in(self, rows: Sequence[UsageRow], *, live: bool) -> None:
        if live:
            self._oldest_us = rows[0].intent.started_at + rows[0].outcome.duration_us
        priced = await self._price(rows)
        async with self._units.begin() as unit:
            new = await self._store.sweep_in(unit, priced)
            for follower in self._followers:
                await follower.settled(unit, priced)
        self.drained_count += new
        self.doubled_count += len(rows) - new
        if live:
            self._live_drained += len(rows)
            self._oldest_us = None

    async def _price(self, rows: Sequence[UsageRow]) -> list[UsageRow]:
        strange = {(row.intent.model_served, row.intent.provider) for row in rows} - self._seen
        if strange:
            # a list of prices may have to be loaded for the first of its models, which would hold requests up
            await asyncio.to_thread(self._meet, strange)
        return [price_row(row, self._prices) for row in rows]

    def _meet(self, strange: set[tuple[str, str]]) -> None:
        now = self._clock.now()
        for model, provider in sorted(strange):
            if self._prices.rate(model, provider, now).source is PriceSource.FALLBACK:
                _log.warning("a model without a price has the fallback's", model=model, provider=provider)
        self._seen = (self._seen if len(self._seen) < _MOST_SEEN else set()) | strange

    async def _make_durable(self) -> None:
        async with self._units.read() as unit:
            await self._store.sweep_durable(unit)
