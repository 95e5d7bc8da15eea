"""Bodies that are poured into a sink: in order, to their end, and no faster than the sink takes them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from antechamber.base.outbound import Outbound, OutboundError, OutboundOptions
from antechamber.client.direct import DirectOutbound
from antechamber.client.proxied import open_proxied

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
PIECES = [b"a%d " % number for number in range(20)]
Write = Callable[[bytes], Awaitable[None]]


@pytest.fixture(params=[DirectOutbound, open_proxied], ids=["direct", "proxied"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Outbound]:
    opened: Outbound = request.param(OutboundOptions())
    yield opened
    await opened.close()


@asynccontextmanager
async def upstream(answer: Callable[[Write], Awaitable[None]]) -> AsyncIterator[str]:
    ended: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(0.001)

        with suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            await write(CHUNKED)
            await answer(write)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.gather(*ended)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def whole(write: Write) -> None:
    for piece in PIECES:
        await write(chunk(piece))
    await write(b"0\r\n\r\n")


async def cut(write: Write) -> None:
    for piece in PIECES:
        await write(chunk(piece))


async def test_a_sink_that_never_waits_gets_all_of_a_body(client: Outbound) -> None:
    got: list[bytes] = []
    async with upstream(whole) as url:
        response = await client.send("GET", url, [])
        await response.pour(got.append)
    assert b"".join(got) == b"".join(PIECES)


async def test_a_sink_that_waits_gets_each_piece_after_the_last_was_taken(client: Outbound) -> None:
    got: list[bytes] = []
    taking = 0

    async def take(piece: bytes) -> None:
        nonlocal taking
        taking += 1
        assert taking == 1
        await asyncio.sleep(0.005)
        got.append(piece)
        taking -= 1

    async with upstream(whole) as url:
        response = await client.send("GET", url, [])
        await response.pour(take)
    assert b"".join(got) == b"".join(PIECES)


async def test_a_sink_may_wait_now_and_then(client: Outbound) -> None:
    got: list[bytes] = []

    def take(piece: bytes) -> Awaitable[None] | None:
        got.append(piece)
        return asyncio.sleep(0.003) if len(got) % 3 == 0 else asyncio.sleep(0) if len(got) % 3 == 1 else None

    async with upstream(whole) as url:
        response = await client.send("GET", url, [])
        await response.pour(take)
    assert b"".join(got) == b"".join(PIECES)


async def test_what_a_sink_raises_comes_out_of_the_pouring(client: Outbound) -> None:
    got: list[bytes] = []

    def take(piece: bytes) -> None:
        got.append(piece)
        if b"a5 " in b"".join(got):
            message = "enough"
            raise ValueError(message)

    async with upstream(whole) as url:
        response = await client.send("GET", url, [])
        with pytest.raises(ValueError, match="enough"):
            await response.pour(take)
        await response.close()


async def test_a_body_that_is_cut_is_poured_up_to_there(client: Outbound) -> None:
    got: list[bytes] = []
    async with upstream(cut) as url:
        response = await client.send("GET", url, [])
        with pytest.raises(OutboundError):
            await response.pour(got.append)
        await response.close()
    assert b"".join(got) == b"".join(PIECES)


async def test_who_gives_up_pouring_lets_the_sink_clean_up(client: Outbound) -> None:
    held = asyncio.Event()
    is_closed = False

    async def take(_piece: bytes) -> None:
        nonlocal is_closed
        held.set()
        try:
            await asyncio.Event().wait()
        finally:
            is_closed = True

    async with upstream(whole) as url:
        response = await client.send("GET", url, [])
        pouring = asyncio.ensure_future(response.pour(take))
        await held.wait()
        pouring.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pouring
        await response.close()
    assert is_closed
