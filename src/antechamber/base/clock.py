"""Time: the only place that reads a clock; everything else is handed one."""

import datetime as dt
import time
from functools import lru_cache
from typing import Final, Protocol

MICROSECONDS: Final = 1_000_000
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Clock(Protocol):
    """What the product needs to know about time."""

    def now(self) -> int:
        """Wall clock, microseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        ...


class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    def now(self) -> int:
        """Wall clock, microseconds since the epoch, UTC."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told: for replays and tests of rules that depend on time."""

    __slots__ = ("_now",)

    def __init__(self, now: int = 0) -> None:
        self._now = now

    def now(self) -> int:
        """Return the microseconds it was last set to."""
        return self._now

    def monotonic(self) -> float:
        """Return the same instant in seconds."""
        return self._now / MICROSECONDS

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`."""
        self._now += round(seconds * MICROSECONDS)


def to_rfc3339(microseconds: int) -> str:
    """Show an instant as the wire does: RFC 3339, UTC, `Z`, microseconds only when there are any."""
    seconds, rest = divmod(microseconds, MICROSECONDS)
    second = _second(seconds)
    return f"{second}.{rest:06d}Z" if rest else f"{second}Z"


# as many as a page of a list shows
@lru_cache(maxsize=2048)
def _second(seconds: int) -> str:
    return (EPOCH + dt.timedelta(seconds=seconds)).isoformat().removesuffix("+00:00")


def from_rfc3339(text: str) -> int:
    """Read an RFC 3339 instant (a date alone is its UTC midnight) as microseconds; ValueError otherwise."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    try:
        return (moment.astimezone(dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)
    except OverflowError:
        # an offset can carry it past the last year, where nothing could show it
        message = f"{text!r} lies outside the years 1 to 9999"
        raise ValueError(message) from None
