"""Requests that are too large, too slow or no requests at all: refused early, and nothing is dispatched."""

import asyncio
import json
import socket

import pytest

from tests.faults.accounts import rows_for, rows_of
from tests.faults.calls import CHAT, COMPLETE, MESSAGES, Running, ask, body_for, headers_for
from tests.faults.conftest import Rig
from tests.faults.test_upstreams import check_refusal
from tests.unit.simulated.caller import Caller, Reply, request

pytestmark = pytest.mark.faults

_LIMIT = 32 << 20
_PATHS = (MESSAGES, COMPLETE, CHAT)


@pytest.fixture
def nothing_dispatched(rig: Rig) -> object:
    """Check that the upstream and the ledger have seen nothing during the test."""
    truth = set(rig.upstream.truth())
    rows = set(rows_for(rig.server.data, truth))
    yield
    assert set(rig.upstream.truth()) == truth
    assert set(rows_of(rig.server.data)) == rows


def _head(rig: Rig, path: str, **headers: str) -> bytes:
    pairs = {**headers_for(rig.server.key), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return request(path, None, pairs)


@pytest.mark.usefixtures("nothing_dispatched")
@pytest.mark.parametrize("path", _PATHS)
async def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(rig: Rig, path: str) -> None:
    caller = Caller(rig.server.port)
    await caller.send(_head(rig, path, content_length=str(33 << 20)))
    async with asyncio.timeout(20):
        reply = await caller.reply()
    caller.close()
    inner = check_refusal(reply, path, 413, "request_too_large")
    assert "32 MB" in inner["message"]


@pytest.mark.usefixtures("nothing_dispatched")
@pytest.mark.parametrize("path", _PATHS)
async def test_a_body_in_chunks_is_refused_at_the_limit(rig: Rig, path: str) -> None:
    caller = Caller(rig.server.port)
    await caller.send(_head(rig, path, transfer_encoding="chunked"))
    piece = b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20))
    for _ in range(_LIMIT >> 20):
        await caller.send(piece)
    await caller.send(b"1\r\n \r\n")
    async with asyncio.timeout(20):
        reply = await caller.reply()
    caller.close()
    check_refusal(reply, path, 413, "request_too_large")


async def test_a_body_of_just_the_limit_goes_through(rig: Rig) -> None:
    body = json.dumps(body_for(MESSAGES, "x", stream=False)).encode()
    reply = await ask(rig.server, MESSAGES, body + b" " * (_LIMIT - len(body)))
    assert reply.status == 200


@pytest.mark.usefixtures("nothing_dispatched")
async def test_fifty_slow_uploads_hold_nobody_up(rig: Rig) -> None:
    slow = [await Running(rig.server, MESSAGES, b"{", content_length="4000").begin() for _ in range(50)]
    for turn in range(10):
        for each in slow:
            await each.send(b" ")
        if turn % 5 == 0:
            async with asyncio.timeout(20):
                reply = await ask(rig.server, "/v1/models", method="GET")
            assert reply.status == 200
        await asyncio.sleep(0.05)
    assert all(each.seen.ended == "open" for each in slow)
    for each in slow:
        await each.leave()


_MALFORMED = {
    "empty": b"",
    "cut": b'{"model": "sim-1", "messages": [',
    "text": b"hello",
    "number": b"12",
    "null": b"null",
    "list": b"[1, 2]",
    "nothing in it": b"{}",
    "two": b'{"model": "sim-1"} {"model": "sim-1"}',
    "not UTF-8": b'{"model": "sim-\xff"}',
    "a NUL": b'{"model": "sim-1\0"}',
    "not a number": b'{"model": "sim-1", "max_tokens": NaN, "messages": []}',
    "deep": b"[" * 200_000,
    "deep inside": b'{"model": "sim-1", "max_tokens": 1, "messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep aside": b'{"model": "sim-1", "max_tokens": 1, "messages": [], "x": '
    + b'{"a":' * 100_000
    + b"1"
    + b"}" * 100_001,
    "a huge number": b'{"model": "sim-1", "max_tokens": ' + b"9" * 10_000 + b', "messages": []}',
    "text for a number": b'{"model": "sim-1", "max_tokens": "many", "messages": []}',
    "a number for a model": b'{"model": 1, "max_tokens": 1, "messages": []}',
    "a long model": b'{"model": "' + b"x" * 300 + b'", "max_tokens": 1, "messages": []}',
    "an object for messages": b'{"model": "sim-1", "max_tokens": 1, "messages": {}}',
    "a text for stream": b'{"model": "sim-1", "max_tokens": 1, "messages": [], "stream": "yes"}',
}


@pytest.mark.usefixtures("nothing_dispatched")
@pytest.mark.parametrize("name", [name for name in _MALFORMED if name != "deep aside"])
async def test_what_is_no_request_is_refused_in_the_envelope(rig: Rig, name: str) -> None:
    for path in (MESSAGES, COMPLETE, CHAT, "/v1/messages/count_tokens"):
        if (name, path) in {("a huge number", CHAT), ("text for a number", CHAT), ("not a number", CHAT)}:
            continue  # max_tokens is no field that we read there
        if path == "/v1/messages/count_tokens" and ("number" in name or name == "a text for stream"):
            continue
        reply = await ask(rig.server, path, _MALFORMED[name])
        inner = check_refusal(reply, path, 400, "invalid_request_error")
        assert len(inner["message"]) < 1000


async def test_depth_in_a_field_that_is_not_ours_kills_nobody(rig: Rig) -> None:
    reply = await ask(rig.server, MESSAGES, _MALFORMED["deep aside"])
    assert reply.status in {200, 400}
    assert (await ask(rig.server, MESSAGES, body_for(MESSAGES, "alive"))).status == 200


@pytest.mark.usefixtures("nothing_dispatched")
@pytest.mark.parametrize(
    "body",
    [
        b"content-length: 10\r\n\r\n{}",
        b"transfer-encoding: chunked\r\n\r\n{}",
        b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["short", "no chunks", "no size"],
)
async def test_a_body_that_breaks_off_is_told_so_in_the_envelope(rig: Rig, body: bytes) -> None:
    reply = await asyncio.to_thread(_raw, rig, _top(rig) + body)
    assert reply.status == 400
    assert b'"type":"invalid_request_error"' in reply.body


def _top(rig: Rig) -> bytes:
    """Return the beginning of a request, its headers open."""
    top = f"POST {MESSAGES} HTTP/1.1\r\nhost: x\r\nx-api-key: {rig.server.key}\r\nanthropic-version: 2023-06-01\r\n"
    return top.encode()


def _raw(rig: Rig, data: bytes) -> Reply:
    """Send bytes and return what comes, on a connection that the other side may cut at any time."""
    with socket.create_connection(("127.0.0.1", rig.server.port), timeout=10) as link:
        found = b""
        try:
            link.sendall(data)
            link.shutdown(socket.SHUT_WR)
            while piece := link.recv(65536):
                found += piece
        except OSError:
            pass
    status = int(found.split(b" ", 2)[1]) if found.startswith(b"HTTP/1.1 ") else 0
    return Reply(status=status, chunks=[found])


_BOMBS = {
    "one long header": b"x-long: " + b"a" * (4 << 20) + b"\r\n",
    "many headers": b"".join(b"x-%d: y\r\n" % number for number in range(20_000)),
    "many long headers": b"".join(b"x-%d: %b\r\n" % (number, b"z" * 8000) for number in range(500)),
    "a name of a megabyte": b"n" * (1 << 20) + b": y\r\n",
    "two lengths": b"content-length: 5\r\ncontent-length: 6\r\n",
    "a length and chunks": b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
    "a negative length": b"content-length: -1\r\n",
    "a length of letters": b"content-length: ten\r\n",
    "a length beyond numbers": b"content-length: 99999999999999999999999999\r\n",
    "a folded header": b"x-a: b\r\n c\r\n",
    "a NUL in a header": b"x-a: b\0c\r\n",
    "no colon": b"hello\r\n",
    "an unknown coding": b"transfer-encoding: gzip\r\n",
}


@pytest.mark.usefixtures("nothing_dispatched")
@pytest.mark.parametrize("name", _BOMBS)
async def test_a_bomb_in_the_headers_hurts_nobody(rig: Rig, name: str) -> None:
    memory = rig.server.resident_bytes()
    reply = await asyncio.to_thread(_raw, rig, _top(rig) + _BOMBS[name] + b"\r\n{}")
    assert reply.status in {0, 400, 413, 431}, reply.body[:500]
    assert (await ask(rig.server, "/v1/models", method="GET")).status == 200
    assert rig.server.resident_bytes() - memory < 64 << 20


@pytest.mark.usefixtures("nothing_dispatched")
@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"\0" * 9,
    ],
)
async def test_what_is_not_http_hurts_nobody(rig: Rig, data: bytes) -> None:
    reply = await asyncio.to_thread(_raw, rig, data)
    assert reply.status in {0, 400}
    assert (await ask(rig.server, "/v1/models", method="GET")).status == 200
