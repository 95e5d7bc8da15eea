"""The outbound HTTP port without a proxy: HTTP/1.1 on asyncio's transports, so that a cancelled call is gone at once.

The pyreqwest transport keeps a request running until its headers come, whoever has stopped waiting.
"""

import asyncio
import os
import ssl
from collections import deque
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from antechamber.base.outbound import Headers, OutboundError, OutboundOptions, Sink
from antechamber.client.connection import PROTOCOL, TIMEOUT, Connection, Origin
from antechamber.client.framing import Head

_REFUSED: Final = "refused"
_TLS: Final = "tls"
_PORTS: Final = {"http": 80, "https": 443}


class DirectResponse:
    """An answer read from its connection as it comes."""

    __slots__ = ("_connection", "_head", "_outbound", "_seconds")

    def __init__(self, outbound: "DirectOutbound", connection: Connection, head: Head, seconds: float) -> None:
        self._outbound = outbound
        self._connection: Connection | None = connection
        self._head = head
        self._seconds = seconds

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._head.status

    @property
    def headers(self) -> Headers:
        """Every header in order, names in lower case."""
        return self._head.headers

    async def chunk(self) -> bytes | None:
        """Return what has come of the body since the last call; None at its end; OutboundError when it is cut."""
        connection = self._connection
        if connection is None:
            return None
        found = await connection.piece(self._seconds)
        if found is None:
            self._connection = None
            self._outbound.release(connection)
        return found

    async def pour(self, sink: Sink) -> None:
        """Hand what comes of the body to the sink, to its end; OutboundError when it is cut."""
        connection = self._connection
        if connection is not None:
            await connection.pour(sink, self._seconds)
            self._connection = None
            self._outbound.release(connection)

    async def body(self) -> bytes:
        """Return the rest of the body; OutboundError when it is cut."""
        pieces = []
        while (piece := await self.chunk()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    async def close(self) -> None:
        """Drop the connection if the body has not ended; idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # This drops it unless the body has come to its end, read or not.
            self._outbound.release(connection)


class DirectOutbound:
    """A pool of connections; belongs to one event loop."""

    def __init__(self, options: OutboundOptions) -> None:
        """Read the CA file or text; OSError or ssl.SSLError if that fails."""
        self._options = options
        self._idle: dict[Origin, deque[Connection]] = {}
        self._open: set[Connection] = set()
        self._all_gone = asyncio.Event()
        self._slots = asyncio.Semaphore(options.max_connections)
        self._tls: ssl.SSLContext | None = None
        if options.ca_file is not None or options.ca_pem is not None:
            self._tls = _tls_context(options.ca_file, options.ca_pem)

    async def send(self, method: str, url: str, headers: Headers, body: bytes | None = None) -> DirectResponse:
        """Send a request and return when the answer's headers have come; OutboundError if they don't."""
        origin, authority, target = _parts(url)
        head = _request_head(method, target, authority, headers, body, self._options.user_agent)
        await self._slot()
        connection = None
        try:
            connection = self._reuse(origin) or await self._connect(origin)
            connection.start(head, body, bodiless=method == "HEAD")
            answer = await connection.head(self._options.read_seconds)
        except BaseException:
            # Cancelled or failed: the other side must notice now, not when it has answered.
            if connection is not None:
                connection.abort()
            self._slots.release()
            raise
        return DirectResponse(self, connection, answer, self._options.read_seconds)

    async def _slot(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(self._options.connect_seconds):
                await self._slots.acquire()
        except TimeoutError:
            note = f"no free connection within {self._options.connect_seconds:g} s"
            raise OutboundError(_REFUSED, note) from None

    def _reuse(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.is_reusable and not connection.rests_since(self._options.idle_seconds):
                return connection
            connection.abort()
        return None

    async def _connect(self, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._options.connect_seconds):
                context = self._context(origin)
                _, connection = await loop.create_connection(
                    lambda: Connection(origin, self._forget),
                    self._options.address or origin.host,
                    origin.port,
                    ssl=context,
                    server_hostname=origin.host if context else None,
                )
        except TimeoutError as error:
            raise OutboundError(TIMEOUT, f"not connected within {self._options.connect_seconds:g} s") from error
        except (ssl.SSLError, ssl.CertificateError) as error:
            raise OutboundError(_TLS, str(error)) from error
        except OSError as error:
            raise OutboundError(_REFUSED, _reason(error)) from error
        self._open.add(connection)
        return connection

    def _context(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme == "http":
            return None
        if self._tls is None:
            self._tls = _tls_context(None, None)
        return self._tls

    def release(self, connection: Connection) -> None:
        """Take a connection back whose answer has been read, or that was dropped."""
        self._slots.release()
        idle = self._idle.setdefault(connection.origin, deque())
        if connection.is_reusable and len(idle) < self._options.max_idle_per_host:
            connection.rest()
            idle.append(connection)
        else:
            connection.abort()

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if not self._open:
            self._all_gone.set()
        idle = self._idle.get(connection.origin)
        if idle and connection in idle:
            idle.remove(connection)

    async def close(self) -> None:
        """Close every connection."""
        for connection in list(self._open):
            connection.abort()
        if self._open:
            self._all_gone.clear()
            await self._all_gone.wait()


def _reason(error: OSError) -> str:
    # asyncio's own texts name an address and no reason, those of several tries are joined ones.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _tls_context(ca_file: str | None, ca_pem: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=ca_pem)
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


@lru_cache(maxsize=1024)
def _parts(url: str) -> tuple[Origin, str, str]:
    parts = urlsplit(url)
    try:
        origin = Origin(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme])
    except (KeyError, ValueError) as error:
        raise OutboundError(PROTOCOL, f"no http address: {url}") from error
    if not origin.host:
        raise OutboundError(PROTOCOL, f"no http address: {url}")
    authority = parts.netloc.rpartition("@")[2]
    return origin, authority, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _request_head(
    method: str, target: str, authority: str, headers: Headers, body: bytes | None, user_agent: str
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *[f"{name}: {value}" for name, value in headers]]
    given = {name.lower() for name, _ in headers}
    if "host" not in given:
        lines.append(f"host: {authority}")
    if "user-agent" not in given:
        lines.append(f"user-agent: {user_agent}")
    if "accept" not in given:
        lines.append("accept: */*")
    if body is not None and "content-length" not in given:
        lines.append(f"content-length: {len(body)}")
    head = "\r\n".join(lines)
    # One count each for the whole head: no value brings a line of its own.
    if head.count("\r") != len(lines) - 1 or head.count("\n") != len(lines) - 1 or "\0" in head or target.count(" "):
        raise OutboundError(PROTOCOL, "a header or the path holds a line break, a space or a NUL")
    return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n"
