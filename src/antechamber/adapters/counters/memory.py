"""Counters in this process: what a single server needs. They die with it; spends are read from the ledger anew."""

from collections.abc import Mapping, Sequence
from typing import Final

from antechamber.features.limits.model.admission import Granted, Refused, Settlement, Taking, Unread, Verdict
from antechamber.features.limits.model.buckets import Bucket, Correction, DayCount, Draw
from antechamber.features.limits.model.spending import Balance, Budget, Hold

_SWEPT_FROM: Final = 4096


class MemoryCounters:
    """Counts in memory; nothing is awaited inside, so that each call is one step for everybody else."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket | DayCount] = {}
        self._budgets: dict[str, Budget] = {}
        self._swept_from = _SWEPT_FROM

    async def admit(self, taking: Taking, now: int) -> Verdict:
        """Take everything at once, or nothing."""
        unread = tuple(hold.key for hold in taking.holds if hold.key not in self._budgets)
        if unread:
            return Unread(unread)
        self._sweep(now)
        draws = [(draw, self._bucket(draw)) for draw in taking.draws]
        holds = [(hold, self._budgets[hold.key]) for hold in taking.holds]
        short_draws = tuple(place for place, (draw, bucket) in enumerate(draws) if not bucket.fits(draw, now))
        short_holds = tuple(place for place, (hold, budget) in enumerate(holds) if not budget.fits(hold, now))
        if short_draws or short_holds:
            levels = tuple(bucket.level(draw, now) for draw, bucket in draws)
            return Refused(levels, _balances(holds, now), short_draws, short_holds)
        for draw, bucket in draws:
            bucket.take(draw, now)
        for hold, budget in holds:
            budget.reserve(hold, taking.reservation, taking.lease_until, now)
        return Granted(tuple(bucket.level(draw, now) for draw, bucket in draws), _balances(holds, now))

    async def settle(self, settlement: Settlement, now: int) -> Mapping[str, int]:
        """Give back, correct and charge."""
        for key in settlement.holds:
            if (budget := self._budgets.get(key)) is not None:
                budget.release(settlement.reservation)
        for correction in settlement.corrections:
            self._bucket(correction).correct(correction, now)
        charged = [(key, cost, self._budgets.get(key)) for key, cost in settlement.charges]
        return {key: budget.charge(cost) for key, cost, budget in charged if budget is not None}

    async def renew(self, reservations: Sequence[tuple[str, tuple[str, ...]]], lease_until: int) -> None:
        """Hold reservations for longer."""
        for reservation, keys in reservations:
            for key in keys:
                if (budget := self._budgets.get(key)) is not None:
                    budget.renew(reservation, lease_until)

    async def unread(self, keys: Sequence[str]) -> Sequence[str]:
        """Return the budgets of which nobody has said yet what is spent."""
        return [key for key in keys if key not in self._budgets]

    async def put_spent(self, key: str, spent: int, ends_at: int, now: int) -> None:
        """Say what is spent of a budget."""
        budget = self._budgets.get(key)
        if budget is not None:
            budget.spent = spent
            return
        self._sweep(now)
        self._budgets[key] = Budget(spent, ends_at)

    def _bucket(self, of: Draw | Correction) -> Bucket | DayCount:
        found = self._buckets.get(of.key)
        if found is None:
            found = self._buckets[of.key] = DayCount() if of.daily else Bucket()
        return found

    def _sweep(self, now: int) -> None:
        """Forget budgets of windows that are over, and counts that are back at nothing, when they have become many."""
        if len(self._budgets) + len(self._buckets) < self._swept_from:
            return
        # a request that began in a window may end after it: its budget stays for a day
        late = now - 86_400_000_000
        self._budgets = {key: budget for key, budget in self._budgets.items() if budget.ends_at > late}
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if bucket.idle_at > now}
        self._swept_from = max(_SWEPT_FROM, 2 * (len(self._budgets) + len(self._buckets)))


def _balances(holds: Sequence[tuple[Hold, Budget]], now: int) -> tuple[Balance, ...]:
    return tuple(budget.balance(hold.limit, now) for hold, budget in holds)
