"""The outbound HTTP port without a proxy: HTTP/1.1 on asyncio's transports, so that a cancelled call is gone at once.

The pyreqwest transport keeps a request running until its headers come, whoever has stopped waiting.
"""

import asyncio
import os
import ssl
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from antechamber.base.outbound import Headers, OutboundError, OutboundOptions
from antechamber.client.framing import Framing, Head, MalformedAnswer, read_head

# What a slow reader makes wait here is held again by every layer below: pieces are kept small.
_INTAKE: Final = memoryview(bytearray(32 * 1024))
_PAUSE_BYTES: Final = 64 * 1024
_RESUME_BYTES: Final = 16 * 1024
_LONGEST_HEAD: Final = 256 * 1024
_REFUSED: Final = "refused"
_RESET: Final = "reset"
_TIMEOUT: Final = "timeout"
_PROTOCOL: Final = "protocol"
_TLS: Final = "tls"
_PORTS: Final = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Where connections lead to."""

    scheme: str
    host: str
    port: int


class Connection(asyncio.BufferedProtocol):
    """One connection: a request at a time, its answer kept until it is read."""

    def __init__(self, origin: Origin, on_lost: Callable[["Connection"], None]) -> None:
        """`on_lost` is called once, when the connection is gone."""
        self.origin = origin
        self.idle_since = 0.0
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._head: Head | None = None
        self._framing: Framing | None = None
        self._bodiless = False
        self._waiter: asyncio.Future[None] | None = None
        self._failure: OutboundError | None = None
        self._deadline = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._paused = False
        self.is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport if isinstance(transport, asyncio.Transport) else None
        # uvloop's transports are no subclass of asyncio's, they only behave alike.
        self._transport = self._transport or transport  # type: ignore[assignment]

    def start(self, head: bytes, body: bytes | None, *, bodiless: bool) -> None:
        """Send a request; `bodiless` if its answer has no body whatever its headers say (HEAD)."""
        self._head = self._framing = None
        self._bodiless = bodiless
        if self._transport is not None:
            self._transport.write(head if body is None else head + body)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go: one place for all connections, as they are copied at once."""
        del sizehint
        return _INTAKE

    def buffer_updated(self, nbytes: int) -> None:
        """Keep what came, and slow the sender when too much is waiting."""
        self._buffer += _INTAKE[:nbytes]
        if len(self._buffer) > _PAUSE_BYTES and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Let the transport close."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note why nothing more will come."""
        self.is_lost = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._failure is None:
            self._failure = OutboundError(_RESET, str(exc) if exc else "the connection was closed")
        self._wake()
        self._on_lost(self)

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _more(self, seconds: float) -> None:
        """Wait until something has changed; OutboundError when nothing does for so long, or nothing can any more."""
        if self._failure is not None:
            raise self._failure
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + seconds
        if self._alarm is None:
            self._alarm = loop.call_at(self._deadline, self._ring, loop, seconds)
        waiter = self._waiter = loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def _ring(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Expire a wait that is overdue; a stream of many short waits has one alarm, put off when it rings early."""
        self._alarm = None
        if self._waiter is None:
            return
        if loop.time() < self._deadline:
            self._alarm = loop.call_at(self._deadline, self._ring, loop, seconds)
            return
        self._failure = OutboundError(_TIMEOUT, f"silent for {seconds:g} s")
        self._wake()

    async def head(self, seconds: float) -> Head:
        """Return the answer's head, skipping interim ones; OutboundError if it doesn't come or is none."""
        while True:
            try:
                found = read_head(self._buffer)
            except MalformedAnswer as error:
                raise OutboundError(_PROTOCOL, str(error)) from error
            if found is None:
                if len(self._buffer) > _LONGEST_HEAD:
                    raise OutboundError(_PROTOCOL, "the answer's headers do not end")
                await self._more(seconds)
            elif not found.is_interim:
                break
        self._head = found
        try:
            self._framing = Framing(found, bodiless=self._bodiless)
        except MalformedAnswer as error:
            raise OutboundError(_PROTOCOL, str(error)) from error
        return found

    async def piece(self, seconds: float) -> bytes | None:
        """Return what has come of the body, at least a byte; None at its end; OutboundError when it is cut."""
        framing = self._framing
        if framing is None:
            return None
        while True:
            try:
                found = framing.take(self._buffer)
            except MalformedAnswer as error:
                raise OutboundError(_PROTOCOL, str(error)) from error
            self._resume()
            if found:
                return found
            if framing.is_ended:
                return None
            if self.is_lost and framing.ends_with_connection and self._failure and self._failure.kind == _RESET:
                framing.is_ended = True
                return None
            await self._more(seconds)

    def _resume(self) -> None:
        if self._paused and len(self._buffer) < _RESUME_BYTES and self._transport is not None and not self.is_lost:
            self._paused = False
            self._transport.resume_reading()

    @property
    def is_reusable(self) -> bool:
        """True once an answer is whole, nothing else came and neither side wants to close."""
        framing = self._framing
        return (
            framing is not None
            and framing.is_ended
            and not framing.ends_with_connection
            and self._head is not None
            and self._head.keeps_open
            and not self.is_lost
            and not self._buffer
            and not self._paused
        )

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()


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
        """Read the CA file; OSError or ssl.SSLError if that fails."""
        self._options = options
        self._idle: dict[Origin, deque[Connection]] = {}
        self._open: set[Connection] = set()
        self._all_gone = asyncio.Event()
        self._slots = asyncio.Semaphore(options.max_connections)
        self._tls: ssl.SSLContext | None = None
        if options.ca_file is not None:
            self._tls = _tls_context(options.ca_file)

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
        oldest = asyncio.get_running_loop().time() - self._options.idle_seconds
        while idle:
            connection = idle.pop()
            if connection.is_reusable and connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    async def _connect(self, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._options.connect_seconds):
                _, connection = await loop.create_connection(
                    lambda: Connection(origin, self._forget), origin.host, origin.port, ssl=self._context(origin)
                )
        except TimeoutError as error:
            raise OutboundError(_TIMEOUT, f"not connected within {self._options.connect_seconds:g} s") from error
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
            self._tls = _tls_context(None)
        return self._tls

    def release(self, connection: Connection) -> None:
        """Take a connection back whose answer has been read, or that was dropped."""
        self._slots.release()
        idle = self._idle.setdefault(connection.origin, deque())
        if connection.is_reusable and len(idle) < self._options.max_idle_per_host:
            connection.idle_since = asyncio.get_running_loop().time()
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


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
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
        raise OutboundError(_PROTOCOL, f"no http address: {url}") from error
    if not origin.host:
        raise OutboundError(_PROTOCOL, f"no http address: {url}")
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
        raise OutboundError(_PROTOCOL, "a header or the path holds a line break, a space or a NUL")
    return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n"
