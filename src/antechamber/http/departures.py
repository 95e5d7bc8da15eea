"""Callers who leave before they have their answer: the work for them is cancelled."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

from antechamber.http.reply import CallerLeftError, Receive

_LOOK_SECONDS: Final = 0.02


class _Watch:
    """One request: its task, and whether its caller has left."""

    __slots__ = ("_on_left", "_receive", "_watching", "has_left", "is_over", "joined", "task")

    def __init__(
        self, task: "asyncio.Task[Any] | None", receive: Receive, on_left: Callable[[], None], at: int
    ) -> None:
        self.task = task
        self.joined = at
        self.has_left = False
        self.is_over = False
        self._receive = receive
        self._on_left = on_left
        self._watching: asyncio.Task[None] | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watching = loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.has_left = True
        self._on_left()
        if self.task is not None:
            self.task.cancel()

    def end(self) -> None:
        self.is_over = True
        if self._watching is not None:
            self._watching.cancel()


class Departures:
    """Watches the callers whose answers take longer than 20 to 40 ms; most are there before, and are spared its cost.

    One timer looks after all of them: a timer for each request would cost more than everything else here.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Watch] = deque()
        self._looks = 0
        self._is_looking = False

    async def cancel_with_caller(
        self, work: Coroutine[Any, Any, None], receive: Receive, on_left: Callable[[], None]
    ) -> None:
        """Run the work; when the caller leaves, call `on_left`, cancel it at once and raise CallerLeftError."""
        watch = _Watch(asyncio.current_task(), receive, on_left, self._looks)
        self._waiting.append(watch)
        if not self._is_looking:
            self._is_looking = True
            asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)
        try:
            await work
        except asyncio.CancelledError:
            if not watch.has_left or watch.task is None:
                raise
            watch.task.uncancel()
            raise CallerLeftError from None
        finally:
            watch.end()

    def _look(self) -> None:
        """Begin to watch those that have waited through one look already."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting
        while waiting and (waiting[0].is_over or waiting[0].joined < self._looks):
            watch = waiting.popleft()
            if not watch.is_over:
                watch.begin(loop)
        self._looks += 1
        self._is_looking = bool(waiting)
        if waiting:
            loop.call_later(_LOOK_SECONDS, self._look)
