"""Timers shared by many streams: those due in the same two milliseconds cost one wake-up of the loop."""

import asyncio
from collections.abc import Callable
from typing import Final

GRAIN_SECONDS: Final = 0.002


class Tick:
    """One appointment."""

    __slots__ = ("callback", "cancelled")

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        """Let it pass."""
        self.cancelled = True


class Ticks:
    """Appointments by slot; each is kept at the end of its slot, never early."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._slots: dict[int, list[Tick]] = {}

    def at(self, when: float, callback: Callable[[], None]) -> Tick:
        """Call back at the loop's time `when`."""
        tick = Tick(callback)
        slot = int(when / GRAIN_SECONDS) + 1
        waiting = self._slots.get(slot)
        if waiting is None:
            self._slots[slot] = [tick]
            self.loop.call_at(slot * GRAIN_SECONDS, self._keep, slot)
        else:
            waiting.append(tick)
        return tick

    def _keep(self, slot: int) -> None:
        for tick in self._slots.pop(slot):
            if not tick.cancelled:
                tick.callback()
