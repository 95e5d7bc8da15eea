"""A connection that can be read up to a mark, with what was read beyond it kept for later."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Final

_PIECE: Final = 256 * 1024
_RECORD: Final = 16 * 1024  # what TLS gives at once at most
_AT_ONCE: Final = struct.pack("ii", 1, 0)


class TooLargeError(Exception):
    """More came than is taken before the mark."""


class Stream:
    """A connected socket; one task reads, one writes."""

    def __init__(self, connection: socket.socket) -> None:
        """Take it over."""
        connection.setblocking(False)
        self.socket = connection
        self._kept = bytearray()
        self._loop = asyncio.get_running_loop()

    async def read(self) -> bytes:
        """Return what is kept, or else what comes next; empty at the end."""
        if self._kept:
            taken = bytes(self._kept)
            self._kept.clear()
            return taken
        return await self._receive()

    async def read_into(self, buffer: memoryview) -> int:
        """Read into a buffer, straight from the kernel where nothing is kept; 0 at the end."""
        if not self._kept:
            return await self._receive_into(buffer)
        size = min(len(self._kept), len(buffer))
        buffer[:size] = self._kept[:size]
        del self._kept[:size]
        return size

    async def read_until(self, mark: Callable[[bytes], int | None], most: int) -> bytes:
        """Return what comes before the place that `mark` finds in all that came; TooLargeError, EOFError."""
        while (end := mark(bytes(self._kept))) is None:
            if len(self._kept) >= most:
                raise TooLargeError
            data = await self._receive()
            if not data:
                raise EOFError
            self._kept += data
        taken = bytes(self._kept[:end])
        del self._kept[:end]
        return taken

    async def peek(self) -> bytes:
        """Return what has come so far, waiting for the first of it; empty at the end."""
        if not self._kept:
            self._kept += await self._receive()
        return bytes(self._kept)

    async def has_more_within(self, seconds: float) -> bool:
        """Wait until something is there to be read, without reading it."""
        if self._kept:
            return True
        ready = asyncio.Event()
        self._loop.add_reader(self.socket, ready.set)
        try:
            async with asyncio.timeout(seconds):
                await ready.wait()
        except TimeoutError:
            return False
        finally:
            self._loop.remove_reader(self.socket)
        return True

    async def more(self) -> bool:
        """Wait for more than has come so far; False at the end."""
        data = await self._receive()
        self._kept += data
        return bool(data)

    async def write(self, data: bytes | memoryview) -> None:
        """Send all of it."""
        await self._loop.sock_sendall(self.socket, data)

    async def finish(self) -> None:
        """Say that nothing more is sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """End both ways at once, while others still read or write."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def abort(self) -> None:
        """Cut the connection: the other end learns that it did not end well."""
        if self.socket.fileno() >= 0:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.socket.close()

    def close(self) -> None:
        """Close it."""
        self.socket.close()

    async def _receive(self) -> bytes:
        return await self._loop.sock_recv(self.socket, _PIECE)

    async def _receive_into(self, buffer: memoryview) -> int:
        return await self._loop.sock_recv_into(self.socket, buffer)


class TlsStream(Stream):
    """TLS over another stream, whose kept bytes are its first."""

    def __init__(self, inner: Stream, context: ssl.SSLContext, *, server_name: str | None) -> None:
        """`server_name` is whom a client speaks to; None on the side of the server."""
        super().__init__(inner.socket)
        self._inner = inner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_name is None, server_hostname=server_name
        )
        self._sending = asyncio.Lock()

    async def handshake(self) -> None:
        """Agree on keys and, as a client, check the certificate; ssl.SSLError, OSError, EOFError."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            except ssl.SSLError:
                await self._flush()
                raise
            else:
                await self._flush()
                return

    async def write(self, data: bytes | memoryview) -> None:
        """Send all of it."""
        self._tls.write(data)
        await self._flush()

    async def finish(self) -> None:
        """Say that nothing more is sent."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        await self._flush()
        await self._inner.finish()

    async def _receive_into(self, buffer: memoryview) -> int:
        data = await self._receive()
        buffer[: len(data)] = data
        return len(data)

    async def _receive(self) -> bytes:
        while True:
            try:
                return self._tls.read(_RECORD)
            except ssl.SSLWantReadError:
                await self._flush()
                try:
                    await self._feed()
                except EOFError:
                    return b""
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def _feed(self) -> None:
        data = await self._inner.read()
        if not data:
            self._incoming.write_eof()
            raise EOFError
        self._incoming.write(data)

    async def _flush(self) -> None:
        async with self._sending:
            if data := self._outgoing.read():
                await self._inner.write(data)
