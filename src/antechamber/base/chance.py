"""Randomness: the only place that draws it; everything else is handed a source."""

import os
from typing import Protocol


class Chance(Protocol):
    """A source of random bytes."""

    def draw(self, size: int) -> bytes:
        """Return `size` random bytes."""
        ...


class SystemChance:
    """The operating system's cryptographic source."""

    __slots__ = ()

    def draw(self, size: int) -> bytes:
        """Return `size` unpredictable bytes."""
        return os.urandom(size)


class SeededChance:
    """A repeatable source for simulations; never for secrets."""

    __slots__ = ("_random",)

    def __init__(self, seed: int | str) -> None:
        import random  # noqa: PLC0415 - a command that needs none of it starts the sooner

        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def draw(self, size: int) -> bytes:
        """Return the next `size` bytes of the seed's sequence."""
        return self._random.randbytes(size)

    def uniform(self, low: float, high: float) -> float:
        """Return the next number of the sequence in [low, high]."""
        return self._random.uniform(low, high)
