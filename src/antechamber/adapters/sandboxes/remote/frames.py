"""What goes over a connection: frames of one kind byte, a length (32 bits, big-endian) and that many bytes.

A connection carries one call. The caller sends CALL; then, by what was called:

- most: the server answers RESULT or ERROR.
- Read: the server sends DATA as fast as they are taken, then END, or ERROR.
- Write: the caller sends DATA, then END; the server answers RESULT or ERROR, which may come before END.
- Execute: the server answers RESULT, then OUT and ERR with their ends, and EXIT; of each stream no more than the
  caller has granted (`WINDOW` at first, then by GRANT). The caller sends ASK, and each gets its DONE.

A caller that closes its connection ends a program and a transfer; everything else goes on to its end.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Final

import msgspec

WINDOW: Final = 1 << 18
PIECE: Final = 1 << 16
_HEAD: Final = struct.Struct(">BI")
_LONGEST: Final = 64 << 20
_BUFFER: Final = 1 << 18
_BACKLOG: Final = 1024
_MODE: Final = 0o600

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]


class Kind(IntEnum):
    """What a frame is."""

    CALL = 1
    RESULT = 2
    ERROR = 3
    DATA = 4
    END = 5
    OUT = 6
    ERR = 7
    OUT_END = 8
    ERR_END = 9
    EXIT = 10
    GRANT = 11
    ASK = 12
    DONE = 13


class Grant(msgspec.Struct, array_like=True, frozen=True):
    """So many more bytes of a stream (OUT or ERR) may come."""

    stream: int
    size: int


class Ask(msgspec.Struct, array_like=True, frozen=True):
    """What is asked of a running program: write, close_input, resize or signal; `number` ties DONE to it."""

    number: int
    verb: str
    data: bytes = b""
    numbers: tuple[int, ...] = ()


class Failure(msgspec.Struct, array_like=True, frozen=True):
    """An exception on its way (failures.py)."""

    name: str
    message: str
    code: int | None = None
    path: str | None = None


class Done(msgspec.Struct, array_like=True, frozen=True):
    """What became of an Ask."""

    number: int
    failure: Failure | None = None


class ConnectionGone(ConnectionError):
    """The other side has closed, or speaks something else."""


class Connection:
    """One end of a connection. `send` waits while the other end reads nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, kind: Kind, payload: bytes | memoryview = b"") -> None:
        """Send a frame; ConnectionGone."""
        try:
            # One write, since each is a call of the kernel while nothing waits to be sent.
            self._writer.write(b"".join((_HEAD.pack(kind, len(payload)), payload)))
            await self._writer.drain()
        except (ConnectionError, RuntimeError) as error:  # RuntimeError: uvloop's, of a closed transport
            message = "the connection is closed"
            raise ConnectionGone(message) from error

    async def receive(self) -> tuple[Kind, bytes]:
        """Return the next frame; ConnectionGone at the end."""
        try:
            kind, size = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
            if size > _LONGEST:
                self.close()
                message = f"a frame of {size} bytes"
                raise ConnectionGone(message)
            return Kind(kind), await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
            message = "the connection is closed"
            raise ConnectionGone(message) from error

    def close(self) -> None:
        """Close this end at once."""
        with contextlib.suppress(RuntimeError):  # the loop may be closed already
            self._writer.close()


async def connect(path: Path) -> Connection:
    """Connect to the socket; OSError."""
    with _reachable(path) as name:
        return Connection(*await asyncio.open_unix_connection(name, limit=_BUFFER))


async def listen(path: Path, serve: Accept) -> asyncio.Server:
    """Listen at the path, for the owner alone; whatever lies there is a dead process's. OSError."""
    path.unlink(missing_ok=True)  # noqa: ASYNC240 - one call of the kernel, before anything is served
    listener = socket.socket(socket.AF_UNIX)
    # Before it has a name: nobody may open it in the moment between bind and chmod.
    os.fchmod(listener.fileno(), _MODE)
    try:
        with _reachable(path) as name:
            listener.bind(name)
    except OSError:
        listener.close()
        raise
    return await asyncio.start_unix_server(serve, sock=listener, limit=_BUFFER, backlog=_BACKLOG)


@contextlib.contextmanager
def _reachable(path: Path) -> Iterator[str]:
    # A socket's address holds 107 bytes, and data folders can lie deep.
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
