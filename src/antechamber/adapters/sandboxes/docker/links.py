"""Connections to an engine, of which our half can be closed while the other goes on: over TLS too."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from antechamber.features.environments.model.sandbox import SandboxError

_CHUNK: Final = 1 << 16


class Link(Protocol):
    """A stream in two directions."""

    async def read(self) -> bytes:
        """Return what came; nothing at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Send, waiting while the other side takes no more; OSError."""
        ...

    async def end(self) -> None:
        """Send no more; what comes can still be read."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


@dataclass(frozen=True, slots=True)
class Engine:
    """Where an engine listens: `unix:///run/docker.sock`, or `tcp://host:2376` with what TLS needs."""

    address: str
    context: ssl.SSLContext | None = field(default=None, repr=False)

    async def connect(self) -> Link:
        """Connect; SandboxError tells what the machine said."""
        where = urlsplit(self.address)
        try:
            if where.scheme == "unix":
                return _Plain(*await asyncio.open_unix_connection(where.path))
            streams = await asyncio.open_connection(where.hostname, where.port or 2376)
            if self.context is None:
                return _Plain(*streams)
            secure = _Secure(*streams, self.context, where.hostname or "")
            await secure.greet()
        except OSError as error:
            message = f"the engine at {self.address} cannot be reached: {error}"
            raise SandboxError(message) from error
        return secure


def tls_context(folder: str) -> ssl.SSLContext | None:
    """Return what shows us to an engine: `ca.pem`, `cert.pem` and `key.pem` of a folder, as its own client has them."""
    if not folder:
        return None
    place = Path(folder)
    context = ssl.create_default_context(cafile=place / "ca.pem")
    if (place / "cert.pem").exists():
        context.load_cert_chain(place / "cert.pem", place / "key.pem")
    return context


class _Plain:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        return await self._reader.read(_CHUNK)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def end(self) -> None:
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()


class _Secure:
    """TLS by hand: asyncio's closes both directions at once, and a program could never read the end of its input."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext, host: str
    ) -> None:
        self._link = _Plain(reader, writer)
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._early = bytearray()

    async def greet(self) -> None:
        """Shake hands."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            else:
                await self._flush()
                return

    async def read(self) -> bytes:
        if self._early:
            early = bytes(self._early)
            self._early.clear()
            return early
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            except ssl.SSLZeroReturnError:
                return b""

    async def write(self, data: bytes) -> None:
        for start in range(0, len(data), _CHUNK):
            self._tls.write(data[start : start + _CHUNK])
            await self._flush()

    async def end(self) -> None:
        # what has come must be taken out first: TLS calls it a fault when it finds data after our goodbye
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            while early := self._tls.read(_CHUNK):
                self._early += early
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLError):
            self._tls.unwrap()
        await self._flush()

    def close(self) -> None:
        self._link.close()

    async def _flush(self) -> None:
        if waiting := self._out.read():
            await self._link.write(waiting)

    async def _feed(self) -> None:
        came = await self._link.read()
        if came:
            self._in.write(came)
        else:
            self._in.write_eof()
