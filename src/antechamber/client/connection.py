"""One HTTP/1.1 connection on asyncio's transports: a request at a time, its answer kept until it is read."""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from antechamber.base.outbound import OutboundError
from antechamber.client.framing import Framing, Head, MalformedAnswer, read_head

# What a slow reader makes wait here is held again by every layer below: pieces are kept small.
_INTAKE: Final = memoryview(bytearray(32 * 1024))
_PAUSE_BYTES: Final = 64 * 1024
_RESUME_BYTES: Final = 16 * 1024
_LONGEST_HEAD: Final = 256 * 1024
_RESET: Final = "reset"
TIMEOUT: Final = "timeout"
PROTOCOL: Final = "protocol"


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
        self._failure = OutboundError(TIMEOUT, f"silent for {seconds:g} s")
        self._wake()

    async def head(self, seconds: float) -> Head:
        """Return the answer's head, skipping interim ones; OutboundError if it doesn't come or is none."""
        while True:
            try:
                found = read_head(self._buffer)
            except MalformedAnswer as error:
                raise OutboundError(PROTOCOL, str(error)) from error
            if found is None:
                if len(self._buffer) > _LONGEST_HEAD:
                    raise OutboundError(PROTOCOL, "the answer's headers do not end")
                await self._more(seconds)
            elif not found.is_interim:
                break
        self._head = found
        try:
            self._framing = Framing(found, bodiless=self._bodiless)
        except MalformedAnswer as error:
            raise OutboundError(PROTOCOL, str(error)) from error
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
                raise OutboundError(PROTOCOL, str(error)) from error
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
