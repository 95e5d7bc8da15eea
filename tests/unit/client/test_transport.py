import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from socket import socket

import pytest

from antechamber.base.outbound import Outbound, OutboundError, OutboundOptions
from antechamber.client.direct import DirectOutbound
from antechamber.client.proxied import open_proxied
from antechamber.client.transport import open_outbound

Answer = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


Opener = Callable[[OutboundOptions], Outbound]
TRANSPORTS: dict[str, Opener] = {"direct": DirectOutbound, "proxied": open_proxied}


@pytest.fixture(params=TRANSPORTS)
def opener(request: pytest.FixtureRequest) -> Opener:
    return TRANSPORTS[request.param]


@asynccontextmanager
async def upstream(answer: Answer) -> AsyncIterator[str]:
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await answer(await reader.readuntil(b"\r\n\r\n"), reader, writer)
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def outbound(opener: Opener, options: OutboundOptions | None = None) -> AsyncIterator[Outbound]:
    opened = opener(options or OutboundOptions())
    try:
        yield opened
    finally:
        await opened.close()


async def drain(client: Outbound, url: str) -> None:
    response = await client.send("GET", url, [])
    while await response.chunk() is not None:
        pass


async def hold(reader: asyncio.StreamReader) -> None:
    """Stay until the other side goes away."""
    with suppress(OSError):
        await reader.read()


async def test_headers_go_out_in_order_with_repeats_and_their_utf8_kept(opener: Opener) -> None:
    seen: list[bytes] = []

    async def answer(head: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(head)
        writer.write(OK + b"content-length: 0\r\n\r\n")
        await writer.drain()

    async with upstream(answer) as url, outbound(opener) as client:
        sent = [("anthropic-beta", "a"), ("x-name", "café"), ("anthropic-beta", "b"), ("user-agent", "mine")]
        response = await client.send("POST", f"{url}/v1/messages?beta=true&a%5B%5D=1", sent, b"{}")
        assert await response.body() == b""
    lines = seen[0].decode().split("\r\n")
    assert lines[0] == "POST /v1/messages?beta=true&a%5B%5D=1 HTTP/1.1"
    assert [line for line in lines if line.startswith("anthropic-beta")] == ["anthropic-beta: a", "anthropic-beta: b"]
    assert "x-name: café" in lines
    assert "user-agent: mine" in lines
    assert not any(line.startswith("accept-encoding") for line in lines)


async def test_answer_headers_keep_their_order(opener: Opener) -> None:
    async def answer(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Set-Cookie: a\r\nX-Odd: caf\xe9\r\nset-cookie: b\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()

    async with upstream(answer) as url, outbound(opener) as client:
        response = await client.send("GET", url, [])
        odd = [("x-odd", "café")] if opener is DirectOutbound else []
        assert list(response.headers) == [("set-cookie", "a"), *odd, ("set-cookie", "b"), ("content-length", "2")]
        assert await response.chunk() == b"hi"
        assert await response.chunk() is None
        assert await response.chunk() is None


async def test_redirects_errors_and_encodings_are_handed_on_as_they_are(opener: Opener) -> None:
    async def answer(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc")
        await writer.drain()

    async with upstream(answer) as url, outbound(opener) as client:
        response = await client.send("GET", url, [])
        assert response.status == 302
        assert await response.body() == b"abc"


async def test_the_first_event_comes_while_the_stream_goes_on(opener: Opener) -> None:
    async def answer(_: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + b"9\r\ndata: 1\n\n\r\n")
        await writer.drain()
        await hold(reader)

    async with upstream(answer) as url, outbound(opener) as client:
        response = await asyncio.wait_for(client.send("GET", url, []), 5)
        assert await asyncio.wait_for(response.chunk(), 5) == b"data: 1\n\n"
        await response.close()


async def test_closing_a_response_closes_the_upstream(opener: Opener) -> None:
    gone = asyncio.Event()

    async def answer(_: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + b"1\r\na\r\n")
        await writer.drain()
        await hold(reader)
        gone.set()

    async with upstream(answer) as url, outbound(opener) as client:
        response = await client.send("GET", url, [])
        await response.chunk()
        await response.close()
        await asyncio.wait_for(gone.wait(), 5)
        await response.close()


async def test_a_cancelled_wait_closes_the_upstream(opener: Opener) -> None:
    gone = asyncio.Event()

    async def answer(_: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        await writer.drain()
        await hold(reader)
        gone.set()

    async with upstream(answer) as url, outbound(opener) as client:
        response = await client.send("GET", url, [])
        task = asyncio.create_task(response.chunk())
        await asyncio.sleep(0.05)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await response.close()
        await asyncio.wait_for(gone.wait(), 5)


async def test_a_call_cancelled_before_its_headers_closes_the_upstream() -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def answer(_: bytes, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        arrived.set()
        await hold(reader)
        gone.set()

    async with upstream(answer) as url, outbound(DirectOutbound) as client:
        task = asyncio.create_task(client.send("POST", url, [], b"{}"))
        await asyncio.wait_for(arrived.wait(), 5)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), 5)


async def test_a_slow_reader_slows_the_upstream(opener: Opener) -> None:
    total = 64 * 1024 * 1024
    written = 0

    async def answer(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(OK + b"content-length: %d\r\n\r\n" % total)
        while written < total:
            writer.write(bytes(65536))
            await writer.drain()
            written += 65536

    async with upstream(answer) as url, outbound(opener) as client:
        response = await client.send("GET", url, [])
        await response.chunk()
        before = -1
        while before != written:
            before = written
            await asyncio.sleep(0.3)
        assert written < total // 2
        await response.close()


async def test_a_finished_connection_is_used_again(opener: Opener) -> None:
    connections = 0

    async def answer(_: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for more in (True, True, False):
            writer.write(OK + b"content-length: 1\r\n\r\na")
            await writer.drain()
            if more:
                await reader.readuntil(b"\r\n\r\n")

    async with upstream(answer) as url, outbound(opener) as client:
        for _ in range(3):
            response = await client.send("GET", url, [])
            while await response.chunk() is not None:
                pass
            await response.close()
    assert connections == 1


def unused_port() -> int:
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_no_listener_is_refused(opener: Opener) -> None:
    async with outbound(opener) as client:
        with pytest.raises(OutboundError) as caught:
            await client.send("GET", f"http://127.0.0.1:{unused_port()}/", [])
    assert caught.value.kind == "refused"
    assert "refused" in caught.value.note.lower()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_cannot_be_a_request_is_a_protocol_error(opener: Opener, method: str) -> None:
    async with outbound(opener) as client:
        with pytest.raises(OutboundError) as caught:
            await client.send(method, "not a url", [])
    assert caught.value.kind == "protocol"


FAULTS: dict[str, tuple[bytes, str]] = {
    "cut before the headers": (b"", "reset"),
    "not HTTP": (b"hello\r\n\r\n", "protocol"),
    "cut inside the body": (OK + b"content-length: 9\r\n\r\nab", "reset"),
    "cut inside the chunks": (CHUNKED + b"2\r\nab\r\n", "reset"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_faults_of_the_upstream_are_named(opener: Opener, name: str) -> None:
    sent, kind = FAULTS[name]

    async def answer(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()

    async with upstream(answer) as url, outbound(opener) as client:
        with pytest.raises(OutboundError) as caught:
            await drain(client, url)
    assert caught.value.kind == kind


@pytest.mark.parametrize("sent", [b"", OK + b"content-length: 9\r\n\r\nab"])
async def test_silence_is_a_timeout(opener: Opener, sent: bytes) -> None:
    async def answer(_: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        await hold(reader)

    async with upstream(answer) as url, outbound(opener, OutboundOptions(read_seconds=0.1)) as client:
        with pytest.raises(OutboundError) as caught:
            await (await client.send("GET", url, [])).body()
    assert caught.value.kind == "timeout"


async def test_tls_against_plain_http_is_a_tls_error(opener: Opener) -> None:
    async def answer(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    async with upstream(answer) as url, outbound(opener, OutboundOptions(connect_seconds=0.2)) as client:
        with pytest.raises(OutboundError) as caught:
            await client.send("GET", url.replace("http://", "https://"), [])
    assert caught.value.kind in {"tls", "timeout"}


async def test_a_proxy_is_used_but_for_the_exceptions() -> None:
    asked: list[bytes] = []

    async def answer(head: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(head.split(b"\r\n")[0])
        writer.write(OK + b"content-length: 0\r\n\r\n")
        await writer.drain()

    async with upstream(answer) as proxy, upstream(answer) as direct:
        options = OutboundOptions(proxies={"http": proxy, "no": "127.0.0.1,.internal"})
        async with outbound(open_outbound, options) as client:
            await (await client.send("GET", "http://model.example/x", [])).body()
            await (await client.send("GET", f"{direct}/y", [])).body()
    assert asked == [b"GET http://model.example/x HTTP/1.1", b"GET /y HTTP/1.1"]
