"""Everything that goes wrong on request, and what the truth ledger says of it."""

import asyncio

import pytest

from antechamber.adapters.providers.simulated.server import SimulatedUpstream
from antechamber.adapters.providers.simulated.truth import TruthRecord
from tests.unit.simulated.caller import CHAT, MESSAGES, VERSION, Caller, message, request, until


async def until_ended(upstream: SimulatedUpstream) -> TruthRecord:
    """Wait until the newest record has ended."""
    await until(lambda: any(record.ended != "open" for record in upstream.truth.records[-1:]))
    return upstream.truth.records[-1]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "authentication_error"),
        (402, "billing_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
        (418, "invalid_request_error"),
    ],
)
async def test_an_error_before_the_headers(
    caller: Caller, upstream: SimulatedUpstream, status: int, kind: str, *, stream: bool
) -> None:
    body = message(f"[sim status={status} retry_after=7 headers=1]", stream=stream)
    reply = await caller.ask(MESSAGES, body, VERSION)
    assert (reply.status, reply.json()["error"]["type"], reply.headers["retry-after"]) == (status, kind, "7")
    assert ("anthropic-ratelimit-requests-remaining" in reply.headers) == (status == 429)
    record = await until_ended(upstream)
    assert (record.status, record.ended, record.produced) == (status, "error", 0)
    assert (await caller.ask(MESSAGES, message(), VERSION)).status == 200


async def test_rate_limit_headers_come_with_answers_too(caller: Caller) -> None:
    reply = await caller.ask(MESSAGES, message("[sim ratelimit=1]"), VERSION)
    assert int(reply.headers["anthropic-ratelimit-output-tokens-remaining"]) > 0
    chat = await caller.ask(CHAT, message("[sim ratelimit=1]", stream=True))
    assert "x-ratelimit-remaining-tokens" in chat.headers


@pytest.mark.parametrize("place", ["first", "3"])
async def test_an_error_event_inside_the_stream(caller: Caller, upstream: SimulatedUpstream, place: str) -> None:
    reply = await caller.ask(MESSAGES, message(f"[sim events=9 error={place}]", stream=True), VERSION)
    assert (reply.status, reply.ended) == (200, "whole")
    *before, last = reply.events()
    assert last["error"]["type"] == "overloaded_error"
    assert bool(before) == (place == "3")
    record = await until_ended(upstream)
    assert (record.ended, record.delivered_events) == ("error", 3 if before else 0)
    assert record.produced == record.delivered_events * 3


async def test_an_error_inside_a_whole_200(caller: Caller, upstream: SimulatedUpstream) -> None:
    reply = await caller.ask(MESSAGES, message("[sim error=first error_type=api_error message=lost]"), VERSION)
    assert (reply.status, reply.json()["error"]) == (200, {"type": "api_error", "message": "lost"})
    assert (await until_ended(upstream)).ended == "error"


async def test_chat_errors_mid_stream_in_its_own_shape(caller: Caller) -> None:
    reply = await caller.ask(CHAT, message("[sim error=1]", stream=True))
    assert reply.events()[-1]["error"]["type"] == "overloaded_error"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("place", ["headers", "0", "4"])
async def test_a_tcp_reset(caller: Caller, upstream: SimulatedUpstream, place: str, *, stream: bool) -> None:
    body = message(f"[sim events=9 reset={place}]", stream=stream)
    reply = await caller.ask(MESSAGES, body, VERSION)
    assert reply.ended == "reset"
    record = await until_ended(upstream)
    assert (record.ended, record.saw_disconnect) == ("reset", False)
    assert record.delivered_events == (4 if stream and place == "4" else 0)


async def test_a_stream_cut_without_its_end(caller: Caller, upstream: SimulatedUpstream) -> None:
    reply = await caller.ask(MESSAGES, message("[sim events=9 truncate=4]", stream=True), VERSION)
    assert (reply.ended, reply.body.count(b"text_delta")) == ("cut", 4)
    record = await until_ended(upstream)
    assert (record.ended, record.produced, record.output_tokens) == ("truncated", 12, 27)


async def test_a_body_shorter_than_its_length(caller: Caller, upstream: SimulatedUpstream) -> None:
    reply = await caller.ask(MESSAGES, message("[sim truncate=30]"), VERSION)
    assert (reply.ended, len(reply.body)) == ("cut", 30)
    assert (await until_ended(upstream)).ended == "truncated"


@pytest.mark.parametrize(("wrong", "ended"), [("+10", "cut"), ("-10", "whole")])
async def test_a_wrong_content_length(caller: Caller, wrong: str, ended: str) -> None:
    right = await caller.ask(MESSAGES, message("[sim content_length=0]"), VERSION)
    reply = await caller.ask(MESSAGES, message(f"[sim content_length={wrong}]"), VERSION)
    assert reply.ended == ended
    assert int(reply.headers["content-length"]) - int(right.headers["content-length"]) == int(wrong)


@pytest.mark.parametrize("place", ["headers", "0", "4"])
async def test_a_hang_lasts_until_the_caller_leaves(caller: Caller, upstream: SimulatedUpstream, place: str) -> None:
    await caller.send(request(MESSAGES, message(f"[sim events=9 hang={place}]", stream=True), VERSION))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(caller.reply(), 0.1)
    assert upstream.truth.records[-1].ended == "open"
    caller.close()
    record = await until_ended(upstream)
    assert (record.ended, record.saw_disconnect) == ("hang", True)
    assert record.delivered_events == (4 if place == "4" else 0)


async def test_a_slow_loris_sends_byte_by_byte(caller: Caller, upstream: SimulatedUpstream) -> None:
    await caller.send(request(MESSAGES, message("[sim slow=1 events=2]", stream=True), VERSION))
    assert caller.reader is not None
    first = await caller.reader.read(4096)
    assert len(first) < 100
    caller.abort()
    assert (await until_ended(upstream)).ended == "disconnect"


async def test_a_slow_loris_gets_to_the_end(caller: Caller, upstream: SimulatedUpstream) -> None:
    reply = await caller.ask(MESSAGES, message("say ok [sim slow=0.01]", stream=True), VERSION)
    assert reply.text() == "ok"
    assert (await until_ended(upstream)).ended == "complete"


@pytest.mark.parametrize(("path", "end"), [(MESSAGES, b"message_stop"), (CHAT, b"[DONE]")])
async def test_the_last_event_can_be_missing(caller: Caller, path: str, end: bytes) -> None:
    reply = await caller.ask(path, message("[sim done=missing]", stream=True), VERSION)
    assert reply.ended == "whole"
    assert end not in reply.body


async def test_the_start_can_come_twice(caller: Caller) -> None:
    reply = await caller.ask(MESSAGES, message("[sim duplicate_start=1]", stream=True), VERSION)
    assert [event["type"] for event in reply.events()].count("message_start") == 2


async def test_a_stream_without_end_ends_when_the_caller_leaves(caller: Caller, upstream: SimulatedUpstream) -> None:
    await caller.send(request(MESSAGES, message("[sim events=inf]", stream=True, max_tokens=1), VERSION))
    assert caller.reader is not None
    await caller.reader.readexactly(1_000_000)
    caller.abort()
    record = await until_ended(upstream)
    assert (record.ended, record.output_tokens) == ("disconnect", None)
    assert record.produced > 1000
    assert (await caller.ask(MESSAGES, message("[sim events=inf]"), VERSION)).status == 400


async def test_a_connection_can_be_closed_after_the_answer(caller: Caller) -> None:
    reply = await caller.ask(MESSAGES, message("[sim close=1]"), VERSION)
    assert reply.headers["connection"] == "close"
    assert caller.reader is not None
    assert await caller.reader.read() == b""
