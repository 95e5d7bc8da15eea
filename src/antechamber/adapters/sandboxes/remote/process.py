"""A program that the other process runs, as if it were here."""

import asyncio
import contextlib
import itertools
import weakref
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from antechamber.adapters.sandboxes.remote.failures import exception_of
from antechamber.adapters.sandboxes.remote.frames import (
    PIECE,
    WINDOW,
    Ask,
    Connection,
    ConnectionGone,
    Done,
    Failure,
    Grant,
    Kind,
)
from antechamber.features.environments.model.sandbox import ExitStatus, SandboxGone
from antechamber.features.environments.ports.sandboxes import Process

_LAST: Final = frozenset({Kind.OUT_END, Kind.ERR_END, Kind.EXIT})


class RemoteProcess(Process):
    """Ended when it is dropped: the connection closes with it, and the other side kills what still runs."""

    def __init__(self, connection: Connection) -> None:
        self._channel = _Channel(connection)
        weakref.finalize(self, self._channel.abandon).atexit = False

    @property
    def stdout(self) -> AsyncIterator[bytes]:
        """What it writes, as fast as it is taken; of its errors `stderr`."""
        return self._chunks(Kind.OUT)

    @property
    def stderr(self) -> AsyncIterator[bytes]:
        """The same of its errors."""
        return self._chunks(Kind.ERR)

    async def _chunks(self, stream: Kind) -> AsyncIterator[bytes]:
        while (chunk := await self._channel.next(stream)) is not None:
            yield chunk

    async def write(self, data: bytes) -> None:
        """Give it input, waiting until it has taken it."""
        for start in range(0, len(data), PIECE):
            await self._channel.ask("write", data=data[start : start + PIECE])

    async def close_input(self) -> None:
        """Let it read the end of its input."""
        await self._channel.ask("close_input")

    async def resize(self, rows: int, columns: int) -> None:
        """Set the size of its terminal."""
        await self._channel.ask("resize", numbers=(rows, columns))

    async def signal(self, number: int) -> None:
        """Send a signal to it; nothing happens after its end."""
        await self._channel.ask("signal", numbers=(number,))

    async def wait(self) -> ExitStatus:
        """Return how it ended, when it has; SandboxGone if nobody will know."""
        return await asyncio.shield(self._channel.exit)


class _Channel:
    """The connection of a program, and what has come over it; knows nothing of the RemoteProcess that holds it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        # Unbounded, but never fuller than what was granted.
        self._streams: dict[Kind, asyncio.Queue[bytes | Exception | None]] = {
            Kind.OUT: asyncio.Queue(),
            Kind.ERR: asyncio.Queue(),
        }
        self._owed = dict.fromkeys(self._streams, 0)
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[None]] = {}
        self._missing = set(_LAST)
        self._ended: Exception | None = None
        self.exit: asyncio.Future[ExitStatus] = self._loop.create_future()
        self._receiving = asyncio.ensure_future(self._receive())

    async def next(self, stream: Kind) -> bytes | None:
        """Return the next chunk of a stream, or None at its end; grants as much again, half a window at a time."""
        queue = self._streams[stream]
        chunk = await queue.get()
        if not isinstance(chunk, bytes):
            queue.put_nowait(chunk)  # the end stays the end, however often it is asked for
            if chunk is None:
                return None
            raise chunk
        self._owed[stream] += len(chunk)
        if self._owed[stream] >= WINDOW // 2:
            grant, self._owed[stream] = Grant(stream, self._owed[stream]), 0
            with contextlib.suppress(ConnectionGone):
                await self._connection.send(Kind.GRANT, msgspec.msgpack.encode(grant))
        return chunk

    async def ask(self, verb: str, *, data: bytes = b"", numbers: tuple[int, ...] = ()) -> None:
        """Ask something of the program and wait until it is done."""
        if self._ended is not None:
            self._refuse(verb)
            return
        number = next(self._numbers)
        done = self._asked[number] = self._loop.create_future()
        try:
            await self._connection.send(Kind.ASK, msgspec.msgpack.encode(Ask(number, verb, data, numbers)))
            await done
        except ConnectionGone:
            self._refuse(verb)
        finally:
            self._asked.pop(number, None)

    def _refuse(self, verb: str) -> None:
        """Answer what is asked after the end: input finds no reader, and nothing else has any effect."""
        if verb == "write":
            message = "the program has ended"
            raise BrokenPipeError(32, message)

    def abandon(self) -> None:
        """Close the connection, wherever this is called from."""
        with contextlib.suppress(RuntimeError):  # the loop is closed, and the connection with it
            self._loop.call_soon_threadsafe(self._receiving.cancel)

    async def _receive(self) -> None:
        failure: Exception = SandboxGone("the supervisor of sandboxes went away, and the program with it")
        try:
            while self._missing:
                self._take(*await self._connection.receive())
        except ConnectionGone:
            pass
        except Exception as error:  # noqa: BLE001 - handed to whoever reads, writes or waits
            failure = error
        finally:
            self._end(failure)

    def _take(self, kind: Kind, payload: bytes) -> None:
        self._missing.discard(kind)
        match kind:
            case Kind.OUT | Kind.ERR:
                self._streams[kind].put_nowait(payload)
            case Kind.OUT_END:
                self._streams[Kind.OUT].put_nowait(None)
            case Kind.ERR_END:
                self._streams[Kind.ERR].put_nowait(None)
            case Kind.EXIT:
                self.exit.set_result(msgspec.msgpack.decode(payload, type=ExitStatus))
            case Kind.DONE:
                self._settle(msgspec.msgpack.decode(payload, type=Done))
            case Kind.ERROR:
                raise exception_of(msgspec.msgpack.decode(payload, type=Failure))
            case _:
                message = f"the supervisor of sandboxes sent a frame that has no place here: {kind.name}"
                raise SandboxGone(message)

    def _settle(self, done: Done) -> None:
        future = self._asked.get(done.number)
        if future is None or future.done():
            return
        if done.failure is None:
            future.set_result(None)
        else:
            future.set_exception(exception_of(done.failure))

    def _end(self, failure: Exception) -> None:
        self._ended = failure
        self._connection.close()
        for future in self._asked.values():
            if not future.done():
                future.set_exception(ConnectionGone("the connection is closed"))
        if Kind.OUT_END in self._missing:
            self._streams[Kind.OUT].put_nowait(failure)
        if Kind.ERR_END in self._missing:
            self._streams[Kind.ERR].put_nowait(failure)
        if not self.exit.done():
            self.exit.set_exception(failure)
            self.exit.exception()  # nobody need wait for it
