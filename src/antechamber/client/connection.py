"""One HTTP/1.1 connection on asyncio's transports: a request at a time, its answer kept until it is read."""

import asyncio
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, NamedTuple

from antechamber.base.outbound import OutboundError, Sink
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


class _Rest:
    """What is left of an awaitable whose first step did not end it; to be awaited by a task, or closed."""

    __slots__ = ("_steps", "_wish")

    def __init__(self, steps: Iterator[Any], wish: object) -> None:
        self._steps = steps
        self._wish = wish

    def __await__(self) -> Generator[Any, Any, None]:
        try:
            yield self._wish
        except BaseException:
            self.close()
            raise
        yield from self._steps

    def close(self) -> None:
        """Have what began come to its end, as when whoever awaits it is cancelled."""
        close = getattr(self._steps, "close", None)
        if close is not None:
            close()


class Connection(asyncio.BufferedProtocol):
    """One connection: a request at a time, its answer kept until it is read."""

    def __init__(self, origin: Origin, on_lost: Callable[["Connection"], None]) -> None:
        """`on_lost` is called once, when the connection is gone."""
        self.origin = origin
        self._loop = asyncio.get_running_loop()
        self._idle_since = 0.0
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
        self._sink: Sink | None = None
        self._sink_seconds = 0.0
        self._rest: _Rest | None = None
        self._broken: Exception | None = None
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
        if self._sink is not None:
            self._hand_over(self._sink, nbytes)
            return
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
        self._deadline = self._loop.time() + seconds
        if self._alarm is None:
            self._alarm = self._loop.call_at(self._deadline, self._ring, seconds)
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def _ring(self, seconds: float) -> None:
        """Expire a wait that is overdue; a stream of many short waits has one alarm, put off when it rings early."""
        self._alarm = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._alarm = self._loop.call_at(self._deadline, self._ring, seconds)
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
        while not (found := self._take()):
            if self._has_ended():
                return None
            await self._more(seconds)
        return found

    async def pour(self, sink: Sink, seconds: float) -> None:
        """Hand what comes of the body to the sink, to its end; OutboundError when it is cut.

        What the sink takes at once is handed over where it is read, and costs no switch to this task.
        """
        while True:
            found = self._take()
            if found:
                taken = sink(found)
                if taken is not None:
                    await taken
            elif self._has_ended():
                return
            else:
                await self._more_for(sink, seconds)

    async def _more_for(self, sink: Sink, seconds: float) -> None:
        """Let the sink have what comes, until something is to be waited for, or nothing more comes."""
        self._sink, self._sink_seconds = sink, seconds
        try:
            await self._more(seconds)
        except BaseException:
            if self._rest is not None:
                self._rest.close()
            raise
        finally:
            self._sink = None
            rest, self._rest = self._rest, None
        if self._broken is not None:
            raise self._broken
        if rest is not None:
            await rest

    def _hand_over(self, sink: Sink, nbytes: int) -> None:
        """Give the sink what came; wake the task when the sink must be waited for, or the body has ended."""
        self._deadline = self._loop.time() + self._sink_seconds
        came, is_sole = bytes(_INTAKE[:nbytes]), False
        try:
            found = b"" if self._buffer or self._framing is None else self._framing.sole(came)
            is_sole = found != b""
            if not is_sole:
                self._buffer += came
                found = self._take()
            taken = sink(found) if found else None
            if taken is not None:
                steps = iter(taken.__await__())
                for wish in steps:
                    self._rest = _Rest(steps, wish)
                    break
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the task's that pours
            self._broken = error
        if self._rest is not None or self._broken is not None or (not is_sole and self._has_ended()):
            self._sink = None
            self._wake()

    def _take(self) -> bytes:
        """Return what is there of the body, empty when nothing is."""
        if self._framing is None:
            return b""
        try:
            found = self._framing.take(self._buffer)
        except MalformedAnswer as error:
            raise OutboundError(PROTOCOL, str(error)) from error
        if self._paused:
            self._resume()
        return found

    def _has_ended(self) -> bool:
        """Say whether nothing more of the body can come, all of it having been taken."""
        framing = self._framing
        if framing is None or framing.is_ended:
            return True
        if self.is_lost and framing.ends_with_connection and self._failure and self._failure.kind == _RESET:
            framing.is_ended = True
        return framing.is_ended

    def _resume(self) -> None:
        if len(self._buffer) < _RESUME_BYTES and self._transport is not None and not self.is_lost:
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

    def rest(self) -> None:
        """Note that nothing is asked of the connection from now on."""
        self._idle_since = self._loop.time()

    def rests_since(self, seconds: float) -> bool:
        """Say whether the connection has been idle for more than so long."""
        return self._loop.time() - self._idle_since > seconds

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()
