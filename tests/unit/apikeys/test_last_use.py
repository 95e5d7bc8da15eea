"""Last uses: gathered, written in batches, and not lost while the database is away."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from antechamber.base.clock import ManualClock
from antechamber.base.errors import Unavailable
from antechamber.base.unit import Unit
from antechamber.features.apikeys.service import LastUses, last_use


@dataclass
class Ledger:
    """Keeps what it is told, unless it fails with `error`."""

    written: list[tuple[frozenset[bytes], int]] = field(default_factory=list)
    error: Exception | None = None
    open: bool = True

    async def sweep_used(self, _unit: Unit, digests: Collection[bytes], now: int) -> None:
        if self.error is not None:
            raise self.error
        self.written.append((frozenset(digests), now))

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        yield self

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Unit]:
        yield self


async def test_nothing_is_written_for_nothing() -> None:
    ledger = Ledger()
    await LastUses(ledger, ledger, ManualClock(5), set).flush()
    assert ledger.written == []


async def test_what_cannot_be_written_waits_for_the_next_time() -> None:
    ledger, seen = Ledger(error=Unavailable("away")), [{b"b"}, {b"a"}]
    uses = LastUses(ledger, ledger, ManualClock(5), seen.pop)
    await uses.flush()
    ledger.error = None
    await uses.flush()
    assert ledger.written == [(frozenset({b"a", b"b"}), 5)]


async def test_a_failure_does_not_end_the_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_use, "PERIOD_SECONDS", 0.0)
    ledger = Ledger(error=ValueError("a bug"))
    running = asyncio.create_task(LastUses(ledger, ledger, ManualClock(5), lambda: {b"a"}).run())
    await asyncio.sleep(0.01)
    ledger.error = None
    async with asyncio.timeout(5):
        while not ledger.written:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
    running.cancel()
