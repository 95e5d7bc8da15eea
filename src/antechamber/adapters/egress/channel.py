"""Messages with descriptors over a unix socket.

Four bytes of length, big-endian, then JSON; descriptors come with the first byte (SCM_RIGHTS).
"""

import array
import asyncio
import contextlib
import os
import socket
import struct
from collections import deque
from collections.abc import Sequence
from typing import Final

_LENGTH: Final = struct.Struct(">I")
_LARGEST: Final = 4 << 20
_MOST_DESCRIPTORS: Final = 253  # SCM_MAX_FD
_PIECE: Final = 64 * 1024


class ChannelClosed(ConnectionError):
    """The other end is gone."""


class Channel:
    """One end; may be sent to from many tasks, received from by one."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connected stream socket of the unix family."""
        connection.setblocking(False)
        self._socket = connection
        self._received = bytearray()
        self._descriptors: deque[int] = deque()
        self._sending = asyncio.Lock()

    async def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send a message; the descriptors stay the sender's own. ChannelClosed, ValueError (too large)."""
        if len(message) > _LARGEST or len(descriptors) > _MOST_DESCRIPTORS:
            error = f"a message of {len(message)} bytes with {len(descriptors)} descriptors is too large"
            raise ValueError(error)
        data = _LENGTH.pack(len(message)) + message
        async with self._sending:
            try:
                sent = await self._send_first(data, descriptors)
                await asyncio.get_running_loop().sock_sendall(self._socket, data[sent:])
            except OSError as error:
                raise ChannelClosed(str(error)) from error

    async def receive(self) -> bytes:
        """Return the next message; ChannelClosed at the end."""
        (length,) = _LENGTH.unpack(await self._exactly(_LENGTH.size))
        if length > _LARGEST:
            note = f"a message of {length} bytes"
            raise ChannelClosed(note)
        return await self._exactly(length)

    def take_descriptors(self, count: int) -> list[int]:
        """Return the oldest descriptors that came and were not yet taken; ChannelClosed if there are fewer."""
        if count > len(self._descriptors):
            note = f"{count} descriptors announced, {len(self._descriptors)} came"
            raise ChannelClosed(note)
        return [self._descriptors.popleft() for _ in range(count)]

    def close(self) -> None:
        """Close the socket and the descriptors that nobody took."""
        while self._descriptors:
            with contextlib.suppress(OSError):
                os.close(self._descriptors.popleft())
        if self._socket.fileno() >= 0:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)
        self._socket.close()

    async def _send_first(self, data: bytes, descriptors: Sequence[int]) -> int:
        if not descriptors:
            return 0
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        while True:
            try:
                return self._socket.sendmsg([data], rights)
            except BlockingIOError:
                await self._ready(writing=True)

    async def _exactly(self, size: int) -> bytes:
        while len(self._received) < size:
            await self._receive_some()
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    async def _receive_some(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_PIECE, socket.CMSG_SPACE(4 * _MOST_DESCRIPTORS))
        except BlockingIOError:
            await self._ready(writing=False)
            return
        except OSError as error:
            raise ChannelClosed(str(error)) from error
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                found = array.array("i")
                found.frombytes(content[: len(content) - len(content) % found.itemsize])
                self._descriptors.extend(found)
        if not data:
            note = "the other end has closed"
            raise ChannelClosed(note)
        self._received += data

    async def _ready(self, *, writing: bool) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
        if self._socket.fileno() < 0:
            note = "closed"
            raise ChannelClosed(note)
        add(self._socket, _wake, ready)
        try:
            await ready
        finally:
            if self._socket.fileno() >= 0:
                remove(self._socket)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
