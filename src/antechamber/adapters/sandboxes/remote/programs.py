"""The server's side of a running program: its streams as far as the caller grants, its input, and its end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final

import msgspec

from antechamber.adapters.sandboxes.remote.failures import failure_of
from antechamber.adapters.sandboxes.remote.frames import (
    PIECE,
    WINDOW,
    Ask,
    Connection,
    ConnectionGone,
    Done,
    Grant,
    Kind,
)
from antechamber.features.environments.model.sandbox import SandboxError
from antechamber.features.environments.ports.sandboxes import Process

_KILL: Final = 9
_INPUTS: Final = frozenset({"write", "close_input"})
_ENDS: Final = {Kind.OUT: Kind.OUT_END, Kind.ERR: Kind.ERR_END}


class _Credit:
    """How many bytes of a stream the caller still takes."""

    def __init__(self) -> None:
        self._left = WINDOW
        self._more = asyncio.Event()

    def grant(self, size: int) -> None:
        self._left += size
        self._more.set()

    async def take(self, wanted: int) -> int:
        """Return how much of it may be sent now, at least one byte, waiting for a grant."""
        while self._left <= 0:
            self._more.clear()
            await self._more.wait()
        taken = min(wanted, self._left, PIECE)
        self._left -= taken
        return taken


async def attend(connection: Connection, process: Process) -> None:
    """Carry a program's streams and what is asked of it until the caller leaves; then kill it if it still runs."""
    attending = _Attending(connection, process)
    await attending.run()


class _Attending:
    def __init__(self, connection: Connection, process: Process) -> None:
        self._connection = connection
        self._process = process
        self._credits = {Kind.OUT: _Credit(), Kind.ERR: _Credit()}
        self._asked: dict[bool, asyncio.Queue[Ask]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._has_ended = False

    async def run(self) -> None:
        self._begin(self._carry(Kind.OUT, self._process.stdout))
        self._begin(self._carry(Kind.ERR, self._process.stderr))
        self._begin(self._tell_end())
        try:
            await self._connection.send(Kind.RESULT, msgspec.msgpack.encode(None))
            while True:
                self._take(*await self._connection.receive())
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if not self._has_ended:
                with contextlib.suppress(SandboxError):
                    await self._process.signal(_KILL)
                    await self._process.wait()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.ensure_future(work))

    def _take(self, kind: Kind, payload: bytes) -> None:
        if kind is Kind.GRANT:
            grant = msgspec.msgpack.decode(payload, type=Grant)
            self._credits[Kind(grant.stream)].grant(grant.size)
        elif kind is Kind.ASK:
            ask = msgspec.msgpack.decode(payload, type=Ask)
            # In turns of their own: a program that takes no input must still hear a signal.
            is_input = ask.verb in _INPUTS
            if is_input not in self._asked:
                self._asked[is_input] = asyncio.Queue()
                self._begin(self._do_in_turn(self._asked[is_input]))
            self._asked[is_input].put_nowait(ask)

    async def _carry(self, stream: Kind, chunks: AsyncIterator[bytes]) -> None:
        credit = self._credits[stream]
        try:
            async for chunk in chunks:
                left = memoryview(chunk)
                while left:
                    size = await credit.take(len(left))
                    await self._connection.send(stream, left[:size])
                    left = left[size:]
            await self._connection.send(_ENDS[stream])
        except ConnectionGone:
            pass  # `run` sees it too
        except Exception as error:  # noqa: BLE001 - the caller gets it
            await self._connection.send(Kind.ERROR, msgspec.msgpack.encode(failure_of(error)))

    async def _tell_end(self) -> None:
        try:
            status = await self._process.wait()
            self._has_ended = True
            await self._connection.send(Kind.EXIT, msgspec.msgpack.encode(status))
        except ConnectionGone:
            pass
        except Exception as error:  # noqa: BLE001 - the caller gets it
            await self._connection.send(Kind.ERROR, msgspec.msgpack.encode(failure_of(error)))

    async def _do_in_turn(self, queue: "asyncio.Queue[Ask]") -> None:
        while True:
            ask = await queue.get()
            try:
                await self._do(ask)
            except Exception as error:  # noqa: BLE001 - the caller gets it
                done = Done(ask.number, failure_of(error))
            else:
                done = Done(ask.number)
            await self._connection.send(Kind.DONE, msgspec.msgpack.encode(done))

    async def _do(self, ask: Ask) -> None:
        match ask.verb:
            case "write":
                await self._process.write(ask.data)
            case "close_input":
                await self._process.close_input()
            case "resize":
                await self._process.resize(*ask.numbers)
            case "signal":
                await self._process.signal(*ask.numbers)
            case _:
                message = f"a program cannot be asked to {ask.verb}"
                raise ValueError(message)
