"""Carries bytes between two connections, both ways, until both have ended."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

from antechamber.adapters.egress.stream import Stream

_PIECE: Final = 128 * 1024
_IDLE_SECONDS: Final = 3600.0
_AFTER_END_SECONDS: Final = 300.0
# how the log and the features call it when a host takes a connection and says nothing
UNANSWERED: Final = "unanswered"


@dataclass(slots=True)
class Carried:
    """How many bytes went out of the sandbox and came in, so far."""

    sent: int = 0
    received: int = 0


class _Watch:
    """When bytes last went by, on either way."""

    def __init__(self) -> None:
        self.at = asyncio.get_running_loop().time()
        self.ended = 0

    def touch(self) -> None:
        self.at = asyncio.get_running_loop().time()


async def relay(inside: Stream, outside: Stream, carried: Carried, answer_seconds: float = 0) -> str | None:
    """Carry until both ways have ended; None if they ended well, or a word on why not. Closes neither.

    `answer_seconds`: how long the outside may take to its first byte after the inside has spoken; 0: for ever.
    """
    watch = _Watch()
    tasks = [
        asyncio.create_task(_carry(inside, outside, carried, watch, out=True)),
        asyncio.create_task(_carry(outside, inside, carried, watch, out=False)),
    ]
    try:
        while pending := [task for task in tasks if not task.done()]:
            awaits_answer = answer_seconds and not carried.received
            patience = _AFTER_END_SECONDS if watch.ended else _IDLE_SECONDS
            left = watch.at + (answer_seconds if awaits_answer else patience) - asyncio.get_running_loop().time()
            if left <= 0:
                return UNANSWERED if awaits_answer and carried.sent else "idle"
            done, _ = await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if any(task.exception() is not None for task in done):
                return "cut"
        return None
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(BaseException):
            await asyncio.gather(*tasks, return_exceptions=True)


async def _carry(source: Stream, sink: Stream, carried: Carried, watch: _Watch, *, out: bool) -> None:
    buffer = memoryview(bytearray(_PIECE))
    while size := await source.read_into(buffer):
        await sink.write(buffer[:size])
        watch.touch()
        if out:
            carried.sent += size
        else:
            carried.received += size
    watch.ended += 1
    with contextlib.suppress(OSError):
        await sink.finish()


async def carry_one_way(
    outside: Stream, inside: Stream, carried: Carried, idle_seconds: float, answer_seconds: float = 0
) -> None:
    """Carry an answer in until its end; TimeoutError when nothing came for so long, OSError.

    `answer_seconds` counts until the first byte instead, unless it is 0.
    """
    buffer = memoryview(bytearray(_PIECE))
    while True:
        async with asyncio.timeout(idle_seconds if carried.received else answer_seconds or idle_seconds):
            size = await outside.read_into(buffer)
        if not size:
            return
        await inside.write(buffer[:size])
        carried.received += size
