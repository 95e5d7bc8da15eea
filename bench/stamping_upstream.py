"""An upstream whose streamed events carry the clock at which they were written: python bench/stamping_upstream.py PORT.

It speaks just enough of Messages for that. `[events=200 rate=20]` in the body says how many, and how many a second. The
clock is CLOCK_MONOTONIC, the same for every process of a machine.
"""

import asyncio
import re
import sys
import time
from typing import Final, cast

import uvloop

CONTROLS: Final = re.compile(rb"\[events=(\d+) rate=(\d+)\]")
LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


def chunk(event: bytes, data: bytes) -> bytes:
    frame = b"event: %b\ndata: %b\n\n" % (event, data)
    return b"%x\r\n%b\r\n" % (len(frame), frame)


START: Final = chunk(
    b"message_start",
    b'{"type":"message_start","message":{"id":"msg_stamped","type":"message","role":"assistant","model":"sim-1",'
    b'"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":1}}}',
) + chunk(
    b"content_block_start",
    b'{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
)
STOP: Final = (
    chunk(b"content_block_stop", b'{"type":"content_block_stop","index":0}')
    + chunk(
        b"message_delta",
        b'{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}}',
    )
    + chunk(b"message_stop", b'{"type":"message_stop"}')
    + b"0\r\n\r\n"
)


class Stamping(asyncio.Protocol):
    """A connection; one request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._taken = b""
        self._left = 0
        self._interval = 0.0
        self._due = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._taken += data
        head, mark, body = self._taken.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not mark or (length and len(body) < int(length[1])):
            return
        self._taken = b""
        controls = CONTROLS.search(body)
        assert controls is not None, body
        assert self._transport is not None
        self._left, self._interval = int(controls[1]), 1 / int(controls[2])
        self._transport.write(HEAD + START)
        self._due = self._loop.time() + self._interval
        self._loop.call_at(self._due, self._event)

    def _event(self) -> None:
        if self._transport is None:
            return
        self._left -= 1
        delta = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%d"}}'
        self._transport.write(chunk(b"content_block_delta", delta % time.monotonic_ns()))
        if self._left:
            self._due += self._interval
            self._loop.call_at(self._due, self._event)
        else:
            self._transport.write(STOP)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Stamping, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(serve(int(sys.argv[1])))
