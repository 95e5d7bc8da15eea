"""HTTP/1.1 on a raw transport: requests in, one at a time; and the rough endings that no library allows."""

import asyncio
import socket
import struct
from typing import Final, Protocol, cast
from urllib.parse import unquote_plus

from antechamber.adapters.providers.simulated.playback import Playback
from antechamber.adapters.providers.simulated.truth import TruthLedger, TruthRecord

FIRST_ERROR: Final = 400
MOST_HEAD_BYTES: Final = 65_536
MOST_BODY_BYTES: Final = 32 * 1024 * 1024
MOST_WAITING_BYTES: Final = 1_048_576
SEND_BUFFER_BYTES: Final = 65_536
_LINE_END: Final = b"\r\n"
_HEAD_END: Final = b"\r\n\r\n"
_RESET: Final = struct.pack("ii", 1, 0)


class Request:
    """A request; header names in lower case, values as sent."""

    __slots__ = ("body", "headers", "method", "modern", "path", "query")

    def __init__(self, method: str, target: str, headers: dict[str, str], *, modern: bool) -> None:
        """`modern` is False for HTTP/1.0, which knows neither keep-alive by default nor chunks."""
        self.method = method
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.modern = modern
        self.body = b""

    def arguments(self) -> dict[str, str]:
        """Return the query's names and values, the last of each."""
        pairs = (part.partition("=") for part in self.query.split("&") if part)
        return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}

    def keeps_alive(self) -> bool:
        """Say whether the client wants the connection kept."""
        wish = self.headers.get("connection", "").lower()
        return "close" not in wish if self.modern else "keep-alive" in wish


class Malformed(Exception):
    """The bytes are no request we take; `status` is the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Service(Protocol):
    """What answers."""

    ledger: TruthLedger
    connections: set["Connection"]

    def handle(self, connection: "Connection", request: Request) -> None:
        """Answer now or start a playback."""
        ...

    def malformed(self, connection: "Connection", error: Malformed) -> None:
        """Answer bytes that were no request."""
        ...


class Connection(asyncio.Protocol):
    """One client. Pipelined requests wait until the answer before them is out; a half-closed client counts as gone."""

    __slots__ = (
        "_busy",
        "_closing",
        "_decoder",
        "_inbox",
        "_keep",
        "_moving",
        "_need",
        "_playback",
        "_record",
        "_request",
        "_service",
        "_transport",
    )

    def __init__(self, service: Service) -> None:
        self._service = service
        self._transport: asyncio.Transport | None = None
        self._inbox = bytearray()
        self._request: Request | None = None
        self._decoder: ChunkDecoder | None = None
        self._need = 0
        self._busy = False
        self._moving = False
        self._keep = True
        self._closing = False
        self._playback: Playback | None = None
        self._record: TruthRecord | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a client; small buffers, so that a slow reader is felt early."""
        transport = cast("asyncio.Transport", transport)  # uvloop has its own class, alike but not derived
        self._transport = transport
        transport.set_write_buffer_limits(high=SEND_BUFFER_BYTES)
        if (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._service.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes; what belongs to a later request waits."""
        self._inbox += data
        if not self._busy:
            self._advance()
        elif len(self._inbox) > MOST_WAITING_BYTES and self._transport is not None:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Treat a client that has closed its side as gone."""
        self._gone()
        if self._transport is not None:
            self._transport.abort() if self._busy else self._transport.close()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the client is gone, and when."""
        del exc
        self._closing = True
        self._gone()
        self._service.connections.discard(self)

    def pause_writing(self) -> None:
        """Stop producing: the client reads too slowly."""
        if self._playback is not None:
            self._playback.pause()

    def resume_writing(self) -> None:
        """Produce again."""
        if self._playback is not None:
            self._playback.resume()

    def write(self, data: bytes) -> None:
        """Hand bytes to the transport."""
        if self._transport is not None and not self._closing:
            self._transport.write(data)

    def answer(self, data: bytes, record: TruthRecord | None = None) -> None:
        """Send a whole answer, head included, and be ready for the next request."""
        self.write(data)
        if record is not None:
            self._service.ledger.end(record, "complete" if record.status < FIRST_ERROR else "error")
        self.finished()

    def begin(self, playback: Playback, record: TruthRecord) -> None:
        """Let a playback own the connection until it says it has finished; whoever leaves meanwhile is noted."""
        self._playback = playback
        self._record = record

    def finished(self) -> None:
        """Take note that the answer is whole; the next request may come."""
        self._playback = self._record = None
        self._busy = False
        if not self._keep:
            self.hang_up()
        elif self._inbox:
            self._advance()
        if self._transport is not None and not self._transport.is_reading() and not self._closing:
            self._transport.resume_reading()

    def last(self) -> None:
        """Close after this answer, whatever the client wished."""
        self._keep = False

    def keeps(self) -> bool:
        """Say whether the connection stays open after this answer."""
        return self._keep

    def reset(self) -> None:
        """Cut the connection with a TCP reset."""
        if self._transport is None or self._closing:
            return
        self._closing = True
        if (sock := self._transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def hang_up(self) -> None:
        """Flush and close, whatever the answer had promised."""
        if self._transport is not None and not self._closing:
            self._closing = True
            self._transport.close()

    def shut(self) -> None:
        """Drop everything: the server stops."""
        if self._playback is not None:
            self._playback.stop()
        if self._record is not None:
            self._service.ledger.end(self._record, "error")
        if self._transport is not None:
            self._transport.abort()

    def _gone(self) -> None:
        playback, record = self._playback, self._record
        self._playback = self._record = None
        if playback is not None and record is not None:
            playback.stop()
            self._service.ledger.left(record)
            self._service.ledger.end(record, playback.ending_if_left)

    def _advance(self) -> None:
        if self._moving:
            return
        self._moving = True
        try:
            while not self._busy and not self._closing and (request := self._next()) is not None:
                self._busy = True
                self._keep = request.keeps_alive()
                self._service.handle(self, request)
        except Malformed as error:
            self._busy = True
            self._keep = False
            self._inbox.clear()
            self._service.malformed(self, error)
        finally:
            self._moving = False

    def _next(self) -> Request | None:
        """Return the next whole request in the inbox, if there is one."""
        request = self._request
        if request is None:
            end = self._inbox.find(_HEAD_END)
            if end < 0 or end > MOST_HEAD_BYTES:
                if len(self._inbox) > MOST_HEAD_BYTES:
                    raise Malformed(431, "The request's head is too large.")
                return None
            request = self._request = parse_head(bytes(self._inbox[:end]))
            del self._inbox[: end + 4]
            self._expect_body(request)
        if self._decoder is not None:
            if not self._decoder.feed(self._inbox):
                return None
            request.body = bytes(self._decoder.body)
            self._decoder = None
        elif self._need:
            if len(self._inbox) < self._need:
                return None
            request.body = bytes(self._inbox[: self._need])
            del self._inbox[: self._need]
        self._request = None
        return request

    def _expect_body(self, request: Request) -> None:
        headers = request.headers
        self._need = 0
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
                raise Malformed(400, "The body's length is not told in one way.")
            self._decoder = ChunkDecoder()
        elif "content-length" in headers:
            length = headers["content-length"]
            if not (length.isascii() and length.isdigit()):
                raise Malformed(400, "content-length is not a number.")
            self._need = int(length)
            if self._need > MOST_BODY_BYTES:
                raise Malformed(413, "Request exceeds the maximum size")
        if headers.get("expect", "").lower() == "100-continue":
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")


class ChunkDecoder:
    """Takes the chunks of one body out of a buffer as they come."""

    def __init__(self) -> None:
        self.body = bytearray()
        self._left = -1
        self._trailing = False

    def feed(self, inbox: bytearray) -> bool:
        """Consume what there is; True when the body has ended."""
        while True:
            if self._left >= 0 and not self._take(inbox):
                return False
            end = inbox.find(_LINE_END)
            if end < 0:
                if len(inbox) > MOST_HEAD_BYTES:
                    raise Malformed(400, "A chunk's size line is too long.")
                return False
            line = bytes(inbox[:end])
            del inbox[: end + len(_LINE_END)]
            if not self._trailing:
                self._size(line)
            elif not line:
                return True

    def _take(self, inbox: bytearray) -> bool:
        """Take the chunk's data and the line end behind it; False when more must come."""
        if self._left:
            taken = inbox[: self._left]
            self.body += taken
            self._left -= len(taken)
            del inbox[: len(taken)]
        if self._left or len(inbox) < len(_LINE_END):
            return False
        if not inbox.startswith(_LINE_END):
            raise Malformed(400, "A chunk is longer than it said.")
        del inbox[: len(_LINE_END)]
        self._left = -1
        return True

    def _size(self, line: bytes) -> None:
        try:
            size = int(line.split(b";", 1)[0].strip(), 16)
        except ValueError:
            raise Malformed(400, "A chunk's size is not a number.") from None
        if size < 0 or len(self.body) + size > MOST_BODY_BYTES:
            raise Malformed(413, "Request exceeds the maximum size")
        self._trailing = size == 0
        self._left = size or -1


def parse_head(head: bytes) -> Request:
    """Read a request line and headers; repeated headers are joined with commas. Malformed when it is not HTTP/1."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.partition(" ")
    if not method or not target or not version.startswith("HTTP/1."):
        raise Malformed(400, "That is not HTTP/1.1.")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Malformed(400, "A header has no colon.")
        name = name.lower()
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(method, target, headers, modern=version != "HTTP/1.0")
