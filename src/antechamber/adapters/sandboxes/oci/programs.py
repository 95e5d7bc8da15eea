"""A program in a sandbox: its streams, read only when somebody asks for more, its signals, its deadline and its end."""

import asyncio
import errno
import os
import signal
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from antechamber.adapters.sandboxes.oci.children import Child
from antechamber.features.environments.model.sandbox import ExitStatus

_PIECE: Final = 1 << 18
_SIGNALLED: Final = 128
_LAST_SIGNAL: Final = 64
_PAUSE: Final = 0.001
_END_OF_INPUT: Final = b"\x04"
_LAST_CHANCE_SECONDS: Final = 5.0


class Reach(Protocol):
    """What reaches the programs of a sandbox, by the numbers of the reapers under which they run."""

    async def send(self, reaper: int, number: int) -> None:
        """Send a signal to the program under a reaper; nothing happens if it has ended."""

    async def end_tree(self, reaper: int) -> None:
        """End it with everything that it started."""


class OciProcess:
    """Implements Process. Its streams end when it does: what its descendants write later goes nowhere."""

    def __init__(
        self,
        child: Child,
        streams: tuple[int, int, int],
        pid_file: Path,
        reach: Reach,
        was_short: Callable[[], bool],
        terminal: int | None = None,
    ) -> None:
        """`child` is the runtime's command, which ends as the program does; `streams` are our ends of its pipes.

        `was_short` tells whether the kernel ended a process of the sandbox for want of memory since this began.
        """
        self._child = child
        self._input, out, errors = streams
        self._terminal = terminal
        self._pid_file = pid_file
        self._reach = reach
        self._was_short = was_short
        self._has_timed_out = False
        self._has_input = True
        self._deadline: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None
        self._open = {descriptor for descriptor in (self._input, out, errors, terminal) if descriptor is not None}
        self._stdout = self._chunks(out if terminal is None else terminal)
        self._stderr = self._chunks(errors)
        self._status: asyncio.Task[ExitStatus] = asyncio.ensure_future(self._watch())

    @property
    def stdout(self) -> AsyncIterator[bytes]:
        """What it writes, as it comes; may be iterated once."""
        return self._stdout

    @property
    def stderr(self) -> AsyncIterator[bytes]:
        """The same of its errors; of a terminal only what the runtime says."""
        return self._stderr

    def limit_to(self, seconds: float) -> None:
        """End it and its descendants after so long."""
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._time_out)

    async def write(self, data: bytes) -> None:
        """Give it input, waiting until it takes it; BrokenPipeError when it reads no more."""
        target = self._input if self._terminal is None else self._terminal
        left = memoryview(data)
        while left:
            if target not in self._open or not self._has_input:
                raise BrokenPipeError(errno.EPIPE, "the program takes no more input")
            try:
                left = left[os.write(target, left) :]
            except BlockingIOError:
                await self._ready(target, writing=True)
            except OSError as error:
                raise BrokenPipeError(errno.EPIPE, "the program takes no more input") from error

    async def close_input(self) -> None:
        """Let it read the end of its input."""
        if not self._has_input:
            return
        if self._terminal is not None:
            with suppress(BrokenPipeError):
                await self.write(_END_OF_INPUT)
        self._has_input = False
        self._close(self._input)

    async def resize(self, rows: int, columns: int) -> None:
        """Set the size of its terminal."""
        if self._terminal in self._open:
            with suppress(OSError):
                termios.tcsetwinsize(self._terminal, (rows, columns))

    async def signal(self, number: int) -> None:
        """Send a signal to it; 9 ends it with everything that it started."""
        if number == signal.SIGKILL:
            await self._end()
            return
        reaper = await self._pid()
        if reaper is None or self._child.code is not None:
            return
        await self._reach.send(reaper, number)

    async def wait(self) -> ExitStatus:
        """Return how it ended, when it has; after its deadline all of its descendants are dead."""
        return await asyncio.shield(self._status)

    def __del__(self) -> None:
        """Close what nobody has read to its end."""
        for descriptor in self._open:
            os.close(descriptor)

    async def _watch(self) -> ExitStatus:
        code = await self._child.wait()
        self._close(self._input)
        if self._deadline is not None:
            self._deadline.cancel()
        if self._ending is not None:
            await self._ending
        self._pid_file.unlink(missing_ok=True)
        for suffix in (".json", ".waits"):
            self._pid_file.with_suffix(suffix).unlink(missing_ok=True)
        code = _SIGNALLED - code if code < 0 else code
        number = code - _SIGNALLED if _SIGNALLED < code <= _SIGNALLED + _LAST_SIGNAL else None
        short = number == signal.SIGKILL and not self._has_timed_out and self._ending is None and self._was_short()
        return ExitStatus(code, number, oom=short, timed_out=self._has_timed_out)

    def _time_out(self) -> None:
        if self._child.code is None:
            self._has_timed_out = True
            self._ending = self._ending or asyncio.ensure_future(self._end_once())

    async def _end(self) -> None:
        if self._child.code is None:
            self._ending = self._ending or asyncio.ensure_future(self._end_once())
            await asyncio.shield(self._ending)

    async def _end_once(self) -> None:
        pid = await self._pid()
        if pid is not None and self._child.code is None:
            await self._reach.end_tree(pid)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_CHANCE_SECONDS):
                await self._child.wait()
        self._child.send(signal.SIGKILL)

    async def _pid(self) -> int | None:
        """Return its reaper's number, once the runtime has told it; None if the program has ended."""
        while self._child.code is None:
            with suppress(OSError, ValueError):
                return int(self._pid_file.read_text(encoding="ascii"))
            await asyncio.sleep(_PAUSE)
        return None

    async def _chunks(self, descriptor: int) -> AsyncIterator[bytes]:
        try:
            while True:
                ended = self._child.code is not None
                try:
                    chunk = os.read(descriptor, _PIECE)
                except BlockingIOError:
                    if ended:
                        return
                    await self._ready(descriptor)
                    continue
                except OSError:  # EIO: nobody has the terminal any more
                    return
                if not chunk:
                    return
                yield chunk
        finally:
            self._close(descriptor)

    async def _ready(self, descriptor: int, *, writing: bool = False) -> None:
        """Wait until there is something to read or room to write, or the program has ended."""
        loop = asyncio.get_running_loop()
        ready = loop.create_future()

        def tell(_: object = None) -> None:
            if not ready.done():
                ready.set_result(None)

        (loop.add_writer if writing else loop.add_reader)(descriptor, tell)
        ended = self._child.when_ended(tell)
        try:
            await ready
        finally:
            ended()
            if descriptor in self._open:
                (loop.remove_writer if writing else loop.remove_reader)(descriptor)

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.discard(descriptor)
            loop = asyncio.get_running_loop()
            loop.remove_reader(descriptor)
            loop.remove_writer(descriptor)
            os.close(descriptor)
