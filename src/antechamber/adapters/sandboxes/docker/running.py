"""Programs that run in a container: their streams out of one connection, their end, and what ends them in time."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Protocol

from antechamber.adapters.sandboxes.docker.links import Link
from antechamber.features.environments.model.sandbox import ExitStatus, SandboxError

_HELD_BYTES: Final = 1 << 18
_HEAD: Final = struct.Struct(">BxxxL")
_OUT: Final = 1
_ERRORS: Final = 2
_SIGNALLED: Final = 128
_LAST_SIGNAL: Final = 64
_KILL: Final = 9
_KILL_SECONDS: Final = 10.0
_OOM_SECONDS: Final = 0.5


class Host(Protocol):
    """What a program needs of the sandbox that it runs in."""

    async def inspect(self, execution: str) -> dict[str, Any]:
        """Return what the engine says of an execution."""
        ...

    async def resize(self, execution: str, rows: int, columns: int) -> None:
        """Set the size of its terminal."""
        ...

    async def send_signal(self, mark: str, number: int, user: str) -> None:
        """Send a signal to the program of a mark; 9 ends all that it started."""
        ...

    async def kill(self) -> None:
        """End the whole container."""
        ...

    def oom_kills(self) -> int:
        """Return how often the kernel ended a process of it for want of memory, as far as the engine has told."""
        ...


class Stream:
    """One direction of output; whoever fills it waits while too much is held."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._held = 0
        self._ended = False
        self._changed = asyncio.Condition()

    async def put(self, chunk: bytes) -> None:
        """Hold a chunk for whoever reads."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._held < _HELD_BYTES or self._ended)
            if self._ended:
                return
            self._chunks.append(chunk)
            self._held += len(chunk)
            self._changed.notify_all()

    async def end(self) -> None:
        """Say that nothing follows."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield what comes."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: bool(self._chunks) or self._ended)
                if not self._chunks:
                    return
                taken, self._chunks, self._held = b"".join(self._chunks), [], 0
                self._changed.notify_all()
            yield taken


class DockerProcess:
    """A program in a container; `mark` is how it is found again inside."""

    def __init__(self, host: Host, execution: str, mark: str, user: str, *, tty: bool) -> None:
        self._host = host
        self._execution = execution
        self._mark = mark
        self._user = user
        self._tty = tty
        self._streams = {_OUT: Stream(), _ERRORS: Stream()}
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._killed = False
        self._timed_out = False
        self._oom_before = host.oom_kills()
        self._tasks: list[asyncio.Task[None]] = []
        self._link: Link | None = None

    def begin(self, link: Link, early: bytes, timeout_seconds: float, ended: Callable[["DockerProcess"], None]) -> None:
        """Take up the connection of its streams, and its deadline; `ended` is told when it has."""
        self._link = link
        self._ended.add_done_callback(lambda _: ended(self))
        self._tasks.append(asyncio.ensure_future(self._carry(link, early)))
        if timeout_seconds:
            self._tasks.append(asyncio.ensure_future(self._end_at(timeout_seconds)))

    @property
    def stdout(self) -> AsyncIterator[bytes]:
        """What it writes; of a terminal everything."""
        return self._streams[_OUT].chunks()

    @property
    def stderr(self) -> AsyncIterator[bytes]:
        """What it writes of errors."""
        return self._streams[_ERRORS].chunks()

    async def write(self, data: bytes) -> None:
        """Give it input."""
        if self._link is None or self._ended.done():
            raise BrokenPipeError
        try:
            await self._link.write(data)
        except OSError as error:
            raise BrokenPipeError from error

    async def close_input(self) -> None:
        """Let it read the end; of a terminal, the character that means it."""
        if self._link is None or self._ended.done():
            return
        with contextlib.suppress(OSError):
            await (self._link.write(b"\x04") if self._tty else self._link.end())

    async def resize(self, rows: int, columns: int) -> None:
        """Set the size of its terminal."""
        if self._tty and not self._ended.done():
            await self._host.resize(self._execution, rows, columns)

    async def signal(self, number: int) -> None:
        """Send a signal; 9 ends all that it started, and the container if that does not help."""
        if self._ended.done():
            return
        if number != _KILL:
            await self._host.send_signal(self._mark, number, self._user)
            return
        await self._kill()

    async def wait(self) -> ExitStatus:
        """Return how it ended."""
        code = await asyncio.shield(self._ended)
        if self._killed:
            return ExitStatus(_SIGNALLED + _KILL, _KILL, timed_out=self._timed_out)
        oom = code == _SIGNALLED + _KILL and await self._was_oom()
        number = code - _SIGNALLED
        return ExitStatus(code, number if 0 < number <= _LAST_SIGNAL else None, oom=oom)

    def gone(self) -> None:
        """Take note that the container has ended."""
        if not self._ended.done():
            self._killed = True
            self._ended.set_result(_SIGNALLED + _KILL)

    async def _was_oom(self) -> bool:
        # the engine tells of it beside the end, a little later
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OOM_SECONDS):
                while self._host.oom_kills() == self._oom_before:  # noqa: ASYNC110 - half a second at most
                    await asyncio.sleep(0.02)
        return self._host.oom_kills() > self._oom_before

    async def _kill(self) -> None:
        self._killed = True
        with contextlib.suppress(TimeoutError, SandboxError):
            async with asyncio.timeout(_KILL_SECONDS):
                await self._host.send_signal(self._mark, _KILL, self._user)
                await self._seen_ended()
        if not self._ended.done():
            # no process more may start in it, or its own signal program was ended: all of it goes
            await self._host.kill()
            self.gone()

    async def _end_at(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if not self._ended.done():
            self._timed_out = True
            await self._kill()

    async def _carry(self, link: Link, early: bytes) -> None:
        try:
            await (self._carry_plain(link, early) if self._tty else self._carry_framed(link, early))
        except OSError:
            pass  # the engine or the container went; how it ended is asked below
        finally:
            link.close()
            for stream in self._streams.values():
                await stream.end()
        try:
            await self._seen_ended()
        except SandboxError:
            self.gone()

    async def _carry_plain(self, link: Link, early: bytes) -> None:
        chunk = early or await link.read()
        while chunk:
            await self._streams[_OUT].put(chunk)
            chunk = await link.read()

    async def _carry_framed(self, link: Link, early: bytes) -> None:
        held = bytearray(early)
        while True:
            while len(held) >= _HEAD.size:
                number, size = _HEAD.unpack_from(held)
                if len(held) < _HEAD.size + size:
                    break
                await self._streams[_ERRORS if number == _ERRORS else _OUT].put(
                    bytes(held[_HEAD.size : _HEAD.size + size])
                )
                del held[: _HEAD.size + size]
            chunk = await link.read()
            if not chunk:
                return
            held += chunk

    async def _seen_ended(self) -> None:
        pause = 0.005
        while not self._ended.done():
            told = await self._host.inspect(self._execution)
            if not told["Running"]:
                self._end(int(told["ExitCode"] or 0))
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)

    def _end(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)
        if not self._killed:
            for task in self._tasks[1:]:
                task.cancel()
