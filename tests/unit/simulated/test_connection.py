"""HTTP/1.1 as it may come: pipelined, in chunks, byte by byte, old, or not HTTP at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.adapters.providers.simulated.connection import ChunkDecoder, Malformed
from tests.unit.simulated.caller import MESSAGES, VERSION, Caller, message, request


async def test_pipelined_requests_are_answered_in_order(caller: Caller) -> None:
    prompts = ["say one", "say two [sim ttft=20]", "say three", "say four [sim chunking=split-line]"]
    await caller.send(b"".join(request(MESSAGES, message(prompt, stream=True), VERSION) for prompt in prompts))
    said = [(await caller.reply()).text() for _ in prompts]
    assert said == ["one", "two", "three", "four"]


async def test_hundreds_of_pipelined_requests_do_not_nest(caller: Caller) -> None:
    await caller.send(request(MESSAGES, message("say x"), VERSION) * 2000)
    assert {(await caller.reply()).status for _ in range(2000)} == {200}


async def test_a_request_may_come_byte_by_byte(caller: Caller) -> None:
    for byte in request(MESSAGES, message("say ok"), VERSION):
        await caller.send(bytes([byte]))
    assert (await caller.reply()).json()["content"][0]["text"] == "ok"


async def test_a_body_may_come_in_chunks(caller: Caller) -> None:
    head, _, body = request(MESSAGES, message("say ok"), VERSION).partition(b"\r\n\r\n")
    head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"content-length"))
    await caller.send(head + b"\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n")
    assert caller.reader is not None
    assert await caller.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    for start in range(0, len(body), 7):
        part = body[start : start + 7]
        await caller.send(b"%x;x=y\r\n%b\r\n" % (len(part), part))
    await caller.send(b"0\r\ntrailer: 1\r\n\r\n")
    assert (await caller.reply()).json()["content"][0]["text"] == "ok"


@given(body=st.binary(max_size=300), cuts=st.lists(st.integers(1, 50), min_size=1))
def test_chunks_decode_however_they_are_cut(body: bytes, cuts: list[int]) -> None:
    wire = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for i in range(0, len(body), 40) if (part := body[i : i + 40]))
    wire += b"0\r\n\r\nNEXT"
    decoder, inbox, at, whole = ChunkDecoder(), bytearray(), 0, False
    while not whole:
        step = cuts[at % len(cuts)]
        inbox += wire[:step]
        wire = wire[step:]
        at += 1
        whole = decoder.feed(inbox)
    assert bytes(decoder.body) == body
    assert bytes(inbox) + wire == b"NEXT"


@pytest.mark.parametrize("wire", [b"zz\r\n", b"-1\r\n", b"1\r\nabc", b"7fffffff\r\n", b"x" * 70_000])
def test_broken_chunks_are_refused(wire: bytes) -> None:
    with pytest.raises(Malformed):
        ChunkDecoder().feed(bytearray(wire))


async def test_an_old_client_gets_a_body_that_ends_with_the_connection(caller: Caller) -> None:
    raw = request(MESSAGES, message("say ok", stream=True), VERSION).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    await caller.send(raw)
    reply = await caller.reply()
    assert reply.text() == "ok"
    assert "transfer-encoding" not in reply.headers


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbad\r\n\r\n", 400),
        (b"POST /v1/messages HTTP/1.1\r\ncontent-length: x\r\n\r\n", 400),
        (b"POST /v1/messages HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", 400),
        (b"POST /v1/messages HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nx: " + b"x" * 70_000, 431),
    ],
)
async def test_what_is_not_a_request_is_refused_and_closed(caller: Caller, raw: bytes, status: int) -> None:
    await caller.send(raw)
    reply = await caller.reply()
    assert (reply.status, reply.headers["connection"]) == (status, "close")
    assert reply.json()["type"] == "error"


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/api/hello", 200), ("/nowhere", 404), ("/v1/messages", 404)]
)
async def test_head_has_no_body(caller: Caller, path: str, status: int) -> None:
    for _ in range(2):
        reply = await caller.ask(path, method="HEAD")
        assert (reply.status, "request-id" in reply.headers) == (status, True)
    assert (await caller.ask("/", method="GET")).status == 200


async def test_the_callers_wish_to_close_is_granted(caller: Caller) -> None:
    reply = await caller.ask(MESSAGES, message(), VERSION | {"connection": "close"})
    assert reply.headers["connection"] == "close"
    assert caller.reader is not None
    assert await caller.reader.read() == b""
