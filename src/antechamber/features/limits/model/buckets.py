"""Rates: buckets that refill all the time and counts of a calendar day, reckoned in whole numbers."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.clock import MICROSECONDS

_MINUTE_US: Final = 60 * MICROSECONDS
_DAY_US: Final = 86_400 * MICROSECONDS
_THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class Draw:
    """What a request takes of one rate.

    `capacity` is the limit's value now, `amount` what is taken, `need` what must be there for it. Output is not known
    before: nothing is taken, but something must be there. `daily` counts by the calendar day in UTC.
    """

    key: str
    capacity: int
    amount: int
    need: int
    daily: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """What a request used more (or less) of a rate than it took at `taken_at`."""

    key: str
    capacity: int
    delta: int
    taken_at: int
    daily: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """How a rate stands: `resets_at` is when all of it is there again, in microseconds.

    `wait_seconds` says how long a request that was refused must wait, at least 1; 0 for one that was let through, None
    if waiting does not help.
    """

    capacity: int
    remaining: int
    resets_at: int
    wait_seconds: int | None = 0


class Bucket:
    """A minute's worth that refills continuously; debts are paid off first.

    `_debt` is what is missing, in units / 60,000,000, so that every microsecond refills exactly `capacity` of them.
    """

    __slots__ = ("_at", "_debt", "idle_at")

    def __init__(self) -> None:
        self._debt = 0
        self._at = 0
        self.idle_at = 0

    def fits(self, draw: Draw, now: int) -> bool:
        """Say whether a request may take what it needs."""
        self._refill(draw.capacity, now)
        return self._debt + draw.need * _MINUTE_US <= draw.capacity * _MINUTE_US

    def take(self, draw: Draw, now: int) -> None:
        """Take it; what was taken beyond the bucket is owed."""
        self._refill(draw.capacity, now)
        self._debt += draw.amount * _MINUTE_US
        self._note_idle(draw.capacity)

    def correct(self, correction: Correction, now: int) -> None:
        """Take more, or give back; never more than the bucket holds."""
        self._refill(correction.capacity, now)
        self._debt = max(0, self._debt + correction.delta * _MINUTE_US)
        self._note_idle(correction.capacity)

    def level(self, draw: Draw, now: int) -> Level:
        """Return how it stands, and how long what does not fit must wait."""
        self._refill(draw.capacity, now)
        capacity, debt = draw.capacity, self._debt
        if capacity <= 0:
            return Level(0, 0, now + _MINUTE_US, None)
        missing = debt + (draw.need - capacity) * _MINUTE_US
        wait = max(1, _up(missing, capacity * MICROSECONDS)) if missing > 0 else 0
        return Level(capacity, max(0, capacity - _up(debt, _MINUTE_US)), now + _up(debt, capacity), wait)

    def _refill(self, capacity: int, now: int) -> None:
        # a clock that was put back refills nothing, and does not stop the refilling either
        self._debt = max(0, self._debt - max(0, now - self._at) * capacity)
        self._at = now

    def _note_idle(self, capacity: int) -> None:
        self.idle_at = self._at + (_up(self._debt, capacity) if capacity > 0 else _MINUTE_US)


class DayCount:
    """What was taken on one calendar day in UTC; the next one begins at nothing."""

    __slots__ = ("_day", "_used")

    def __init__(self) -> None:
        self._day = 0
        self._used = 0

    @property
    def idle_at(self) -> int:
        """When it counts nothing any more."""
        return self._day + _DAY_US

    def fits(self, draw: Draw, now: int) -> bool:
        """Say whether a request may take what it needs."""
        self._turn(now)
        return self._used + draw.need <= draw.capacity

    def take(self, draw: Draw, now: int) -> None:
        """Take it."""
        self._turn(now)
        self._used += draw.amount

    def correct(self, correction: Correction, now: int) -> None:
        """Take more, or give back, on the day on which it was taken: another day's count stays as it is."""
        self._turn(now)
        if correction.taken_at >= self._day:
            self._used = max(0, self._used + correction.delta)

    def level(self, draw: Draw, now: int) -> Level:
        """Return how it stands; what does not fit waits for midnight."""
        self._turn(now)
        fits = self._used + draw.need <= draw.capacity
        wait = None if draw.need > draw.capacity else max(1, _up(self.idle_at - now, MICROSECONDS))
        return Level(draw.capacity, max(0, draw.capacity - self._used), self.idle_at, 0 if fits else wait)

    def _turn(self, now: int) -> None:
        day = now - now % _DAY_US
        if day > self._day:
            self._day, self._used = day, 0


def _up(amount: int, by: int) -> int:
    return -(-amount // by)


def shown_tokens(level: Level) -> int:
    """Return what remains of tokens as headers say it: to the nearest thousand (wire-admin.md 1.5)."""
    return min(level.capacity, (level.remaining + _THOUSAND // 2) // _THOUSAND * _THOUSAND)
