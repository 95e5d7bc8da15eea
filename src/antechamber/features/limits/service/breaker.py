"""A breaker around the counters: what is slow or fails is left alone for a while."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

import structlog

from antechamber.base.clock import Clock
from antechamber.features.limits.model.admission import Settlement, Taking, Verdict
from antechamber.features.limits.ports import Counters

Answer = TypeVar("Answer")

_DEADLINE_SECONDS: Final = 0.25
_OPEN_SECONDS: Final = 5.0
_FAILURES: Final = 3
_log = structlog.get_logger("limits")


class CountersAwayError(Exception):
    """The counters, or the ledger behind them, do not answer now."""


class GuardedCounters:
    """The same counters; CountersAwayError where they fail or take longer than `deadline_seconds`.

    Those in this process need no deadline (None), whose alarm would cost as much as the counting.
    After `failures` in a row nothing is asked for `open_seconds`, then one call is let through to see.
    """

    def __init__(
        self,
        counters: Counters,
        clock: Clock,
        *,
        deadline_seconds: float | None = _DEADLINE_SECONDS,
        open_seconds: float = _OPEN_SECONDS,
        failures: int = _FAILURES,
    ) -> None:
        self._counters = counters
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._open_seconds = open_seconds
        self._most_failures = failures
        self._failures = 0
        self._open_until: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the counters are left alone."""
        return self._open_until is not None

    async def admit(self, taking: Taking, now: int) -> Verdict:
        """Take everything at once, or nothing."""
        return await self._ask(lambda: self._counters.admit(taking, now))

    async def settle(self, settlement: Settlement, now: int) -> Mapping[str, int]:
        """Give back, correct and charge."""
        return await self._ask(lambda: self._counters.settle(settlement, now))

    async def renew(self, reservations: Sequence[tuple[str, tuple[str, ...]]], lease_until: int) -> None:
        """Hold reservations for longer."""
        await self._ask(lambda: self._counters.renew(reservations, lease_until))

    async def unread(self, keys: Sequence[str]) -> Sequence[str]:
        """Return the budgets of which nobody has said yet what is spent."""
        return await self._ask(lambda: self._counters.unread(keys))

    async def put_spent(self, key: str, spent: int, ends_at: int, now: int) -> None:
        """Say what is spent of a budget."""
        await self._ask(lambda: self._counters.put_spent(key, spent, ends_at, now))

    async def _ask(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        if self._open_until is not None:
            if self._clock.monotonic() < self._open_until:
                raise CountersAwayError
            # whoever comes next finds it shut again until this call has shown something
            self._open_until = self._clock.monotonic() + self._open_seconds
        try:
            if self._deadline_seconds is None:
                answer = await call()
            else:
                async with asyncio.timeout(self._deadline_seconds):
                    answer = await call()
        except Exception as error:
            self._fail(error)
            raise CountersAwayError from error
        if self._open_until is not None:
            _log.warning("the counters answer again")
        self._failures, self._open_until = 0, None
        return answer

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        if self._failures >= self._most_failures:
            if self._failures == self._most_failures:
                _log.error("the counters do not answer; limits are not reckoned", note=repr(error))
            self._open_until = self._clock.monotonic() + self._open_seconds
