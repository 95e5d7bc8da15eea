"""A raw HTTP/1.1 load client on asyncio: whole answers, streams and stamped streams, at little cost of its own."""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar, cast

import uvloop

HOST: Final = "127.0.0.1"
MODEL: Final = "sim-1"
PADDING: Final = "Some context that the person pasted before asking. " * 20  # a body of 1.2 kB
_END: Final = b"0\r\n\r\n"
_STAMP: Final = re.compile(rb'"text":"(\d{10,})"')
_PATIENCE_SECONDS: Final = 120.0
Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run on uvloop, so that the client's own share of the machine is small."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def message(key: str, prompt: str = PADDING + "What is 6 * 7?", *, stream: bool = False) -> bytes:
    """Return the bytes of a Messages request as an SDK would send it."""
    question = {"model": MODEL, "max_tokens": 1_000_000, "messages": [{"role": "user", "content": prompt}]}
    return raw(key, json.dumps({**question, "stream": True} if stream else question).encode())


def raw(key: str, body: bytes) -> bytes:
    """Return the bytes of a request with this body."""
    head = (
        "POST /v1/messages HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\nuser-agent: bench\r\n"
        f"x-api-key: {key}\r\nanthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One connection, one exchange at a time; the answer's bytes are kept as they come."""

    def __init__(self) -> None:
        self.status = 0
        self.head = b""
        self.body = bytearray()
        self.transport: asyncio.Transport | None = None
        self.is_lost = False
        self._length: int | None = None
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self.body += data
        if not self.status and not self._begin():
            return
        self.more()
        if self._length is None:
            over = self.body[-5:] == _END and (len(self.body) == len(_END) or self.body[-7:-5] == b"\r\n")
        else:
            over = len(self.body) >= self._length
        if over:
            self._over()

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_lost = True
        self._over()

    def more(self) -> None:
        """Take note of new bytes at the end of `body`."""

    def _begin(self) -> bool:
        head, mark, rest = bytes(self.body).partition(b"\r\n\r\n")
        if not mark:
            return False
        self.head, self.status = head.lower(), int(head[9:12])
        self.body[:] = rest
        at = self.head.find(b"\r\ncontent-length:")
        self._length = int(self.head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else None
        return True

    def _over(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def exchange(self, request: bytes) -> int:
        """Send a request and wait until its answer is whole or the connection lost; return the status (0: none)."""
        assert self.transport is not None
        self.status, self.head, self._length = 0, b"", None
        self.body.clear()
        self._waiter = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        if not self.is_lost:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._waiter
        return self.status

    def close(self) -> None:
        """Close the connection."""
        if self.transport is not None:
            self.transport.close()


class Stamped(Connection):
    """A connection that compares the clock stamp in each event with the time at which it came; nanoseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[int, int]] = []  # (read at, delay)

    def more(self) -> None:
        now = time.monotonic_ns()
        cut = self.body.rfind(b"\n\n") + 2
        if cut > 1:
            self.events += [(now, now - int(stamp)) for stamp in _STAMP.findall(self.body, 0, cut)]
            del self.body[:cut]


Kind = TypeVar("Kind", bound=Connection)


async def connect(port: int, kind: Callable[[], Kind]) -> Kind:
    """Open a connection."""
    _, connection = await asyncio.get_running_loop().create_connection(kind, HOST, port)
    return connection


@contextlib.asynccontextmanager
async def connected(port: int, kind: Callable[[], Kind]) -> AsyncIterator[Kind]:
    """Open a connection for a while."""
    connection = await connect(port, kind)
    try:
        yield connection
    finally:
        connection.close()


async def closed_loop(port: int, request: bytes, count: int, clients: int) -> None:
    """Have `clients` connections send `count` requests in all, each the next when the last was answered."""

    async def client() -> None:
        async with connected(port, Connection) as connection:
            for _ in range(count // clients):
                status = await connection.exchange(request)
                assert status == 200, (status, bytes(connection.body))

    await asyncio.gather(*(client() for _ in range(clients)))


async def open_loop(port: int, request: bytes, pauses: list[float]) -> list[float]:
    """Send a request after each pause (seconds), answered or not; return the times to the whole answer in seconds."""
    idle: list[Connection] = [await connect(port, Connection) for _ in range(4)]
    took: list[float] = []

    async def one() -> None:
        connection = idle.pop() if idle else await connect(port, Connection)
        start = time.perf_counter()
        status = await connection.exchange(request)
        took.append(time.perf_counter() - start)
        assert status == 200, (status, bytes(connection.body))
        idle.append(connection)

    await on_schedule(pauses, one)
    for connection in idle:
        connection.close()
    return took


async def on_schedule(pauses: list[float], one: Callable[[], Awaitable[None]]) -> None:
    """Begin one after each pause, whatever became of those before; return when all have ended."""
    tasks = []
    due = time.perf_counter()
    for pause in pauses:
        due += pause
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.ensure_future(one()))
    await asyncio.gather(*tasks)


async def streams(port: int, request: bytes, count: int, *, spread: float = 0.0) -> int:
    """Read `count` streams at once, begun over `spread` seconds, to their ends; return the events with text."""
    events = 0

    async def one() -> None:
        nonlocal events
        async with connected(port, Connection) as connection:
            status = await connection.exchange(request)
            assert status == 200, (status, bytes(connection.body[:2000]))
            assert b"event: message_stop" in connection.body, "the stream was cut"
            events += connection.body.count(b"event: content_block_delta")

    await on_schedule([spread / count] * count, one)
    return events


async def stamped_streams(port: int, request: bytes, count: int, *, spread: float) -> list[Stamped]:
    """Read `count` streams of the stamping upstream at once, begun over `spread` seconds, to their ends."""
    read: list[Stamped] = []

    async def one() -> None:
        async with connected(port, Stamped) as connection:
            read.append(connection)
            status = await connection.exchange(request)
            assert status == 200, (status, bytes(connection.body[:2000]))

    await on_schedule([spread / count] * count, one)
    return read
