"""Spends: what a budget covers while requests are under way, and when a threshold is crossed."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from antechamber.base.clock import MICROSECONDS
from antechamber.features.limits.model.definitions import Period, Scope, SpendRule

# per cent of a limit at which its passing is told
THRESHOLDS: Final = (50, 75, 90, 100)
_WHOLE: Final = 100
_DAY_US: Final = 86_400 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class Hold:
    """What a request wants of one budget, in nano-USD; `key` names the budget in its window, which ends at `ends_at`.

    `needed` must fit (the input), `worst` is held (input and all the output asked for): one request at a time may reach
    beyond what the budget covers, and while it does nothing else fits.
    """

    key: str
    limit: int
    ends_at: int
    needed: int
    worst: int


@dataclass(frozen=True, slots=True)
class Balance:
    """How a budget stands in its window, nano-USD; `held` is what requests under way may still spend."""

    limit: int
    spent: int
    held: int
    resets_at: int

    @property
    def remaining(self) -> int:
        """What is neither spent nor held."""
        return max(0, self.limit - self.spent - self.held)

    @property
    def percent(self) -> int:
        """How much of it is spent, in whole per cent."""
        return _WHOLE if self.limit <= 0 else self.spent * _WHOLE // self.limit


@dataclass(slots=True)
class _Held:
    amount: int
    lease_until: int


class Budget:
    """One budget in one window: what is spent, and what is held for as long as its lease runs."""

    __slots__ = ("_held", "_next_end", "_sum", "ends_at", "spent")

    def __init__(self, spent: int, ends_at: int) -> None:
        self.spent = spent
        self.ends_at = ends_at
        self._held: dict[str, _Held] = {}
        self._sum = 0
        self._next_end: int | None = None

    def balance(self, limit: int, now: int) -> Balance:
        """Return how it stands."""
        self._expire(now)
        return Balance(limit, self.spent, self._sum, self.ends_at)

    def fits(self, hold: Hold, now: int) -> bool:
        """Say whether what a request needs is still there; one that may cost anything needs something to be left."""
        self._expire(now)
        remaining = hold.limit - self.spent - self._sum
        return hold.worst <= 0 or hold.needed <= remaining > 0

    def reserve(self, hold: Hold, reservation: str, lease_until: int, now: int) -> None:
        """Hold the worst case.

        All of it, even where less is left: what others give back must not go to a further request while this one may
        still spend it, or a whole row of them would overshoot.
        """
        self._expire(now)
        self.release(reservation)
        self._held[reservation] = _Held(hold.worst, lease_until)
        self._sum += hold.worst
        self._next_end = lease_until if self._next_end is None else min(self._next_end, lease_until)

    def release(self, reservation: str) -> None:
        """Hold it no more; one that is gone already stays gone."""
        held = self._held.pop(reservation, None)
        if held is not None:
            self._sum -= held.amount

    def renew(self, reservation: str, lease_until: int) -> None:
        """Hold it for longer, if it is still held."""
        held = self._held.get(reservation)
        if held is not None:
            held.lease_until = max(held.lease_until, lease_until)

    def charge(self, cost: int) -> int:
        """Spend; returns all that is spent."""
        self.spent += cost
        return self.spent

    def _expire(self, now: int) -> None:
        if self._next_end is None or now < self._next_end:
            return
        for reservation in [name for name, held in self._held.items() if held.lease_until <= now]:
            self.release(reservation)
        self._next_end = min((held.lease_until for held in self._held.values()), default=None)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold that a budget has passed, once in a window; amounts in nano-USD, instants in microseconds."""

    organization_id: str
    scope: Scope
    scope_id: str
    period: Period
    spend_limit_id: str
    percent: int
    limit: int
    spent: int
    resets_at: int


def reached(spent: int, limit: int) -> int:
    """Return the highest threshold that is passed, 0 for none."""
    return max((each for each in THRESHOLDS if spent * _WHOLE >= each * limit), default=0)


def budget_key(scope: Scope, scope_id: str, period: Period, start: int) -> str:
    """Return the name of a budget in the window that begins at `start`."""
    return f"{scope}:{scope_id}:{period}:{start}"


def rule_key(rule: SpendRule, at: int) -> str:
    """Return the name of a rule's budget in the window that `at` lies in."""
    return budget_key(rule.scope, rule.scope_id, rule.period, window(rule.period, at)[0])


def window(period: Period, at: int) -> tuple[int, int]:
    """Return the beginning and the end of the window that `at` lies in, which are the same all day."""
    return _window(period, at // _DAY_US)


@lru_cache(maxsize=64)
def _window(period: Period, day: int) -> tuple[int, int]:
    return period.start(day * _DAY_US), period.end(day * _DAY_US)
