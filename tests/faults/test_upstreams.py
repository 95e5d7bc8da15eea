"""Upstreams that fail in every way: what the caller is told, and what the ledger says of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faults.accounts import BUCKETS, check_cut, check_exact, row_for
from tests.faults.calls import CHAT, COMPLETE, MESSAGES, ask, body_for, text_of, tokens_of
from tests.faults.conftest import Rig
from tests.unit.simulated.caller import Reply

pytestmark = pytest.mark.faults

_STREAMS = ((MESSAGES, True), (COMPLETE, True), (CHAT, True))
_WHOLES = ((MESSAGES, False), (COMPLETE, False), (CHAT, False))
_ALL = (*_STREAMS, *_WHOLES)
# in OpenAI's shape the simulated upstream can't say these in a whole answer
_TYPED = (*_STREAMS, *_WHOLES[:2])


@dataclass(frozen=True)
class Fault:
    """A fault and what must come of it.

    `used` is `nothing` (free), `cut` (estimated, within bounds) or `all` (exactly what was produced).
    """

    controls: str
    status: int
    type: str
    ended: str
    used: str
    model: str = "sim-1"
    retry_after: str | None = None


# before the first byte of an answer: an HTTP error, in the shape of the dialect
_REFUSALS = {
    "refused": (Fault("", 503, "api_error", "upstream_refused", "nothing", "gone-1", "1"), _ALL),
    "reset": (Fault("reset=headers", 503, "api_error", "upstream_reset", "cut"), _ALL),
    "reset-first": (Fault("reset=first", 503, "api_error", "upstream_reset", "cut"), _ALL),
    "hang": (Fault("hang=headers", 504, "timeout_error", "upstream_timeout", "cut", "claude-sim-1"), _ALL),
    "hang-first": (Fault("hang=first", 504, "timeout_error", "upstream_timeout", "cut", "claude-sim-1"), _ALL),
    "truncated-first": (Fault("truncate=first", 503, "api_error", "upstream_reset", "cut"), _ALL),
    "truncated": (Fault("truncate=30", 503, "api_error", "upstream_reset", "cut"), _WHOLES),
    "long-length": (Fault("content_length=+20", 503, "api_error", "upstream_reset", "cut"), _WHOLES),
    "short-length": (Fault("content_length=-20", 500, "api_error", "upstream_error", "cut"), _WHOLES),
    "401": (Fault("status=401", 500, "api_error", "upstream_error", "nothing"), _ALL),
    "error-first": (Fault("error=first", 529, "overloaded_error", "upstream_error", "nothing"), _TYPED),
    "error-limit": (
        Fault("error=first; error_type=rate_limit_error", 429, "rate_limit_error", "upstream_error", "nothing"),
        _TYPED,
    ),
    "error-key": (
        Fault("error=first; error_type=authentication_error", 500, "api_error", "upstream_error", "nothing"),
        _TYPED,
    ),
    "error-odd": (Fault("error=first; error_type=odd_error", 500, "api_error", "upstream_error", "nothing"), _TYPED),
}
# the upstream's own refusals, passed on as they are
_PASSED = {
    "400": Fault("status=400", 400, "invalid_request_error", "upstream_error", "nothing"),
    "403": Fault("status=403", 403, "permission_error", "upstream_error", "nothing"),
    "413": Fault("status=413", 413, "request_too_large", "upstream_error", "nothing"),
    "429": Fault("status=429; retry_after=7", 429, "rate_limit_error", "upstream_error", "nothing", retry_after="7"),
    "500": Fault("status=500", 500, "api_error", "upstream_error", "nothing"),
    "529": Fault("status=529; retry_after=3", 529, "overloaded_error", "upstream_error", "nothing", retry_after="3"),
}
# after some text has gone to the caller: the stream ends with an error event
_BREAKS = {
    "reset": Fault("events=50; reset=7", 200, "api_error", "upstream_reset", "cut"),
    "reset-paced": Fault("events=50; events_per_second=50; reset=7", 200, "api_error", "upstream_reset", "cut"),
    "hang": Fault("events=50; hang=7", 200, "timeout_error", "upstream_timeout", "cut", "claude-sim-1"),
    "truncated": Fault("events=50; events_per_second=50; truncate=7", 200, "api_error", "upstream_reset", "cut"),
    "error": Fault(
        "events=50; events_per_second=50; error=7; message=enough", 200, "overloaded_error", "upstream_error", "cut"
    ),
}


async def _ask_all(
    rig: Rig, where: Sequence[tuple[str, bool]], prompt: str, model: str = "sim-1", controls: str = "", **headers: str
) -> list[tuple[str, Reply]]:
    """Ask in every dialect at once, so that hangs and the ledger's batches are waited for once."""
    bodies = [(path, body_for(path, prompt, model, stream=stream)) for path, stream in where]
    replies = await asyncio.gather(*(ask(rig.server, path, body, controls, **headers) for path, body in bodies))
    return [(path, reply) for (path, _), reply in zip(where, replies, strict=True)]


def check_refusal(reply: Reply, path: str, status: int, kind: str) -> dict[str, Any]:
    """Check an HTTP error in the shape of the path's dialect, and return what is inside."""
    assert reply.ended == "whole"
    assert reply.status == status, reply.body
    assert reply.headers["content-type"].startswith("application/json")
    assert reply.headers["request-id"].startswith("req_01")
    body = reply.json()
    inner: dict[str, Any] = body["error"]
    assert isinstance(inner["message"], str)
    assert inner["message"]
    if path == CHAT:
        assert inner.keys() == {"message", "type", "param", "code"}
    else:
        assert body["type"] == "error"
        assert body["request_id"].startswith("req_")
        assert inner["type"] == kind
    return inner


def _check_row(rig: Rig, reply: Reply, path: str, fault: Fault) -> None:
    request_id = reply.headers["request-id"]
    row = row_for(rig.server.data, request_id)
    assert (row["ended"], row["status"]) == (fault.ended, fault.status), row
    if fault.used == "nothing":
        assert [row[name] for name in BUCKETS] == [0] * len(BUCKETS)
        assert not row["estimated"]
        return
    real = rig.upstream.settled()[request_id]
    delivered = tokens_of(reply) if reply.status == 200 else 0
    if fault.used == "cut":
        check_cut(row, real, delivered)
    else:
        # the legacy wire says no usage: its rows are counted, and say so
        check_exact({**row, "estimated": row["estimated"] and path != COMPLETE}, real)


@pytest.mark.parametrize("name", _REFUSALS)
async def test_a_failure_before_the_first_byte_is_an_http_error(rig: Rig, name: str) -> None:
    fault, where = _REFUSALS[name]
    for path, reply in await _ask_all(rig, where, "fail", fault.model, fault.controls):
        inner = check_refusal(reply, path, fault.status, fault.type)
        assert reply.headers.get("retry-after") == fault.retry_after
        if fault.status == 500:
            assert "api key" not in inner["message"].lower(), "the caller's own key is good"
            assert "authentication" not in inner["message"].lower()
        _check_row(rig, reply, path, fault)


async def test_a_connection_that_was_dropped_is_not_used_again(rig: Rig) -> None:
    # the error ends its stream: at the moment of the refusal the whole answer is there, and nobody has read its end
    for _ in range(60):
        replies = await _ask_all(rig, _TYPED, "drop", controls="error=first; error_type=rate_limit_error")
        assert {reply.status for _, reply in replies} == {429}


@pytest.mark.parametrize("name", _PASSED)
async def test_a_refusal_is_passed_on_as_it_is(rig: Rig, name: str) -> None:
    fault = _PASSED[name]
    controls = f"{fault.controls}; message=words of the upstream"
    for path, reply in await _ask_all(rig, _ALL, "refuse", "sim-1", controls):
        inner = check_refusal(reply, path, fault.status, fault.type)
        assert inner["message"] == "words of the upstream"
        assert reply.headers["x-upstream-request-id"] != reply.headers["request-id"]
        assert reply.headers.get("retry-after") == fault.retry_after
        if fault.status == 429:
            assert any("ratelimit" in header for header in reply.headers)
        _check_row(rig, reply, path, fault)


@pytest.mark.parametrize("name", _BREAKS)
async def test_a_break_in_the_middle_ends_the_stream_with_an_error_event(rig: Rig, name: str) -> None:
    fault = _BREAKS[name]
    for path, reply in await _ask_all(rig, _STREAMS, "break", fault.model, fault.controls):
        assert (reply.status, reply.ended) == (200, "whole"), "the HTTP message itself is sound"
        events = reply.events()
        assert sum("error" in event for event in events) == 1
        error = events[-1]["error"]
        if name == "error":
            assert error["message"] == "enough"
        else:
            assert error["type"] == ("server_error" if path == CHAT else fault.type)
        # a reset may overtake what was sent just before it
        assert text_of(reply) or name == "reset", "what came before it was relayed"
        if path != CHAT:
            assert reply.body.rpartition(b"event: ")[2].startswith(b"error\n")
        assert not any(event.get("type") in {"message_stop", "[DONE]"} for event in events)
        _check_row(rig, reply, path, fault)


@pytest.mark.parametrize(
    "controls",
    [
        "heartbeats=5",
        "duplicate_start=1",
        "comments=3; pings=4",
        "chunking=split-utf8; filler=mixed",
        "chunking=split-line",
        "chunking=all",
        "events=2; slow=1",
        "close=1",
    ],
)
async def test_what_is_odd_but_whole_is_relayed(rig: Rig, controls: str) -> None:
    for path, reply in await _ask_all(rig, _STREAMS, "odd", "sim-1", f"events=9; {controls}"):
        assert (reply.status, reply.ended) == (200, "whole")
        events = reply.events()
        assert not any("error" in event for event in events)
        if "duplicate_start" in controls and path == MESSAGES:
            assert [event["type"] for event in events].count("message_start") == 2
        if "heartbeats" in controls and path == MESSAGES:
            assert reply.body.count(b"event: ping") >= 5
            assert reply.body.rpartition(b"event: ")[2].startswith(b"ping")
        _check_row(rig, reply, path, Fault(controls, 200, "", "complete", "all"))


async def test_a_stream_without_its_last_event(rig: Rig) -> None:
    for path, reply in await _ask_all(rig, _STREAMS, "no end", "sim-1", "events=9; done=missing"):
        assert (reply.status, reply.ended) == (200, "whole")
        # OpenAI's finish_reason says all that [DONE] does; without message_stop an SDK must not take it for whole
        ended = "complete" if path == CHAT else "upstream_truncated"
        assert ("error" in reply.events()[-1]) == (path != CHAT)
        _check_row(rig, reply, path, Fault("", 200, "", ended, "all"))


@pytest.mark.parametrize("usage", ["omitted", "late"])
async def test_a_stream_that_hides_its_usage_is_counted_from_its_text(rig: Rig, usage: str) -> None:
    where = ((MESSAGES, True), (CHAT, True))
    for _, reply in await _ask_all(rig, where, "hidden", "sim-1", f"events=9; usage={usage}"):
        row = row_for(rig.server.data, reply.headers["request-id"])
        real = rig.upstream.settled()[reply.headers["request-id"]]
        assert (row["ended"], row["output"]) == ("complete", real["produced"])
        assert bool(row["estimated"]) == (usage == "omitted")


@pytest.mark.parametrize(
    ("rough", "status", "ended"),
    [
        ("html-500", 500, "upstream_error"),
        ("empty-502", 503, "upstream_error"),
        ("html-200", 500, "upstream_error"),
        ("empty-200", 500, "upstream_error"),
        ("empty-stream", 503, "upstream_truncated"),
        ("not-http", 503, "upstream_truncated"),
        ("nothing", 503, "upstream_reset"),
        ("two-lengths", 503, "upstream_truncated"),
        ("bad-chunk", 503, "upstream_truncated"),
        ("no-head-end", 503, "upstream_reset"),
    ],
)
async def test_what_is_no_answer_at_all_gets_the_envelope(rig: Rig, rough: str, status: int, ended: str) -> None:
    for path, reply in await _ask_all(rig, _ALL, "rough", "rough-1", x_rough=rough):
        inner = check_refusal(reply, path, status, "api_error")
        assert "nginx" not in inner["message"]
        assert "SSH" not in inner["message"]
        row = row_for(rig.server.data, reply.headers["request-id"])
        assert (row["ended"], row["status"]) == (ended, status)
        assert row["output"] == 0
