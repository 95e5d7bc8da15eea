"""Counting failures in memory, so that who guesses is soon refused; a node counts for itself."""

from collections.abc import Hashable
from typing import Final

from antechamber.base.clock import Clock

_MOST_KEPT: Final = 100_000


class Failures:
    """Lets `most` failures of a subject through in a window of `seconds`; 0 lets every one through."""

    def __init__(self, clock: Clock, most: int, seconds: int) -> None:
        self._clock = clock
        self._most = most
        self._seconds = seconds
        self._counts: dict[Hashable, tuple[int, float]] = {}

    def wait(self, subject: Hashable) -> int | None:
        """Return how many seconds a subject has to wait, None if it may go on."""
        count, until = self._counts.get(subject, (0, 0.0))
        left = until - self._clock.monotonic()
        if not self._most or count < self._most or left <= 0:
            return None
        return int(left) + 1

    def note(self, subject: Hashable) -> None:
        """Count a failure; the window begins with the first."""
        now = self._clock.monotonic()
        count, until = self._counts.get(subject, (0, 0.0))
        if until <= now:
            count, until = 0, now + self._seconds
            self._counts.pop(subject, None)  # to the end, among the newest
        if len(self._counts) >= _MOST_KEPT:
            self._counts.pop(next(iter(self._counts)))
        self._counts[subject] = (count + 1, until)
