"""The programs that sandboxes in memory have, and how they run."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from antechamber.features.environments.model.sandbox import Command, ExitStatus
from antechamber.features.environments.ports.sandboxes import Process

_NOT_FOUND: Final = 127
_BY_SIGNAL: Final = 128
_PIECE: Final = 1 << 16
_LONG_SECONDS: Final = 86_400.0


class Pipe:
    """Bytes from one side to the other, one piece at a time: who writes waits until the piece before is taken."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._is_closed = False

    async def write(self, data: bytes) -> None:
        """Write; BrokenPipeError after the end."""
        if self._is_closed:
            message = "the program reads no more"
            raise BrokenPipeError(32, message)
        if data:
            await self._pieces.put(data)

    async def close(self) -> None:
        """End it, once what was written is taken."""
        if not self._is_closed:
            self._is_closed = True
            await self._pieces.put(None)

    def cut(self) -> None:
        """End it now; what was not taken is lost."""
        self._is_closed = True
        while not self._pieces.empty():
            self._pieces.get_nowait()
        self._pieces.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._pieces.get()) is not None:
            yield piece
        self._pieces.put_nowait(None)


Program: TypeAlias = Callable[["MemoryProcess", list[str]], Awaitable[int]]


class MemoryProcess(Process):
    """A running program of these."""

    def __init__(self, command: Command, files: Mapping[str, bytes], programs: Mapping[str, Program]) -> None:
        self._programs = programs
        self.command = command
        self.files = files
        self.input, self.output, self.errors = Pipe(), Pipe(), Pipe()
        self._ended_by: int | None = None
        self._running = asyncio.ensure_future(self._run())

    @property
    def stdout(self) -> AsyncIterator[bytes]:
        """What it writes."""
        return aiter(self.output)

    @property
    def stderr(self) -> AsyncIterator[bytes]:
        """What it writes of its errors."""
        return aiter(self.errors)

    async def write(self, data: bytes) -> None:
        """Give it input."""
        await self.input.write(data)

    async def close_input(self) -> None:
        """Let it read the end of its input."""
        await self.input.close()

    async def resize(self, rows: int, columns: int) -> None:
        """Tell it of a terminal that it does not have."""

    async def signal(self, number: int) -> None:
        """End it: no program here handles a signal."""
        if not self._running.done():
            self._ended_by = number
            self._running.cancel()

    async def wait(self) -> ExitStatus:
        """Return how it ended."""
        return await asyncio.shield(self._running)

    async def _run(self) -> ExitStatus:
        code, timed_out = 0, False
        try:
            async with asyncio.timeout(self.command.timeout_seconds or None):
                code = await self._program()
        except TimeoutError:
            timed_out, self._ended_by = True, signal.SIGKILL
        except asyncio.CancelledError:
            self._ended_by = self._ended_by or signal.SIGKILL
        self.input.cut()
        if self._ended_by is not None:
            self.output.cut()
            self.errors.cut()
            return ExitStatus(_BY_SIGNAL + self._ended_by, self._ended_by, timed_out=timed_out)
        await self.output.close()
        await self.errors.close()
        return ExitStatus(code)

    async def _program(self) -> int:
        name, *arguments = self.command.argv
        program = self._programs.get(name.rpartition("/")[2])
        if program is None:
            await self.errors.write(f"{name}: not found\n".encode())
            return _NOT_FOUND
        return await program(self, arguments)


async def _true(_: MemoryProcess, __: list[str]) -> int:
    return 0


async def _false(_: MemoryProcess, __: list[str]) -> int:
    return 1


async def _exit(_: MemoryProcess, arguments: list[str]) -> int:
    return int(arguments[0])


async def _echo(process: MemoryProcess, arguments: list[str]) -> int:
    await process.output.write(" ".join(arguments).encode() + b"\n")
    return 0


async def _warn(process: MemoryProcess, arguments: list[str]) -> int:
    await process.errors.write(" ".join(arguments).encode() + b"\n")
    return 0


async def _cat(process: MemoryProcess, arguments: list[str]) -> int:
    for path in arguments:
        content = process.files.get(path)
        if content is None:
            await process.errors.write(f"cat: {path}: No such file or directory\n".encode())
            return 1
        for start in range(0, len(content), _PIECE):
            await process.output.write(content[start : start + _PIECE])
    if not arguments:
        async for piece in process.input:
            await process.output.write(piece)
    return 0


async def _sleep(_: MemoryProcess, arguments: list[str]) -> int:
    await asyncio.sleep(_LONG_SECONDS if arguments[0] == "infinity" else float(arguments[0]))
    return 0


async def _yes(process: MemoryProcess, _: list[str]) -> int:
    while True:
        await process.output.write(b"y\n" * 4096)


async def _env(process: MemoryProcess, _: list[str]) -> int:
    for name, value in sorted(process.command.environment.items()):
        await process.output.write(f"{name}={value}\n".encode())
    return 0


PROGRAMS: Final[Mapping[str, Program]] = {
    "cat": _cat,
    "echo": _echo,
    "env": _env,
    "exit": _exit,
    "false": _false,
    "sleep": _sleep,
    "true": _true,
    "warn": _warn,
    "yes": _yes,
}


async def drained(process: Process) -> None:
    """End a program and forget what it wrote."""
    await process.signal(signal.SIGKILL)
    with contextlib.suppress(asyncio.CancelledError):
        await process.wait()
