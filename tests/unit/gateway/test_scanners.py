"""Scanners: the same tally however a stream is cut, never more than was produced, exact once told."""

import dataclasses
import itertools
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.tokens import estimate
from antechamber.features.gateway.model import Endpoint, Tally, UpstreamProblem
from antechamber.features.gateway.wire.dialects import DIALECTS
from antechamber.features.gateway.wire.scanners import FrameScanner
from tests.unit.gateway.streams import COMMENT, DONE, PING, STOP, chunk, end, frame, message, said, start, text

PIECES = st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=8)
NOISE = st.sampled_from([PING, COMMENT, b"\n\n", b": x\n\n", b"id: 7\nretry: 10\n\n", b"event: unheard\ndata: {}\n\n"])


def scanner(endpoint: Endpoint = Endpoint.MESSAGES) -> FrameScanner:
    return DIALECTS[endpoint].scanner()


def fed(parts: Sequence[bytes], endpoint: Endpoint = Endpoint.MESSAGES) -> FrameScanner:
    made = scanner(endpoint)
    for part in parts:
        made.feed(part)
    return made


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


@st.composite
def noisy_messages(draw: st.DrawFn) -> bytes:
    frames = message(draw(PIECES), draw(st.integers(0, 1000)))
    noisy = [part for each in frames for part in (*draw(st.lists(NOISE, max_size=2)), each)]
    stream = b"".join(noisy)
    return stream.replace(b"\n", b"\r\n") if draw(st.booleans()) else stream


@given(noisy_messages(), st.lists(st.integers(0, 10_000), max_size=30))
def test_any_chunking_of_a_stream_gives_the_same_tally(stream: bytes, places: list[int]) -> None:
    whole, pieces = fed([stream]), fed(cut(stream, places))
    assert pieces.tally == whole.tally
    assert (pieces.begun, pieces.finished, pieces.problem) == (True, True, None)
    assert pieces.tally.exact


@given(noisy_messages())
def test_where_only_the_output_is_said_to_have_changed_nothing_else_has(stream: bytes) -> None:
    made, before = scanner(), Tally()
    for part in stream.replace(b"\r\n", b"\n").split(b"\n\n"):
        if made.feed(part + b"\n\n"):
            before.output = made.tally.output
        assert made.tally == before or part.startswith((b"event: message_", b"event: error"))
        before = dataclasses.replace(made.tally)


def test_a_delta_that_comes_alone_is_told_to_change_the_output_only() -> None:
    made = scanner()
    assert not made.feed(start())
    assert made.feed(text("Hello"))
    assert not made.feed(text("Hello")[:-1])
    assert not made.feed(b"\n")
    assert made.feed(b"event: content_block_delta\ndata: {no json}\n\n")
    assert made.tally.output == estimate(10)


def test_a_stream_byte_by_byte_gives_the_same_tally() -> None:
    stream = b"".join(message(["Hello", " wörld"], 7)).replace(b"\n", b"\r\n")
    assert fed([bytes([byte]) for byte in stream]).tally == fed([stream]).tally


@given(PIECES, st.integers(0, 20))
def test_until_the_provider_speaks_output_is_estimated_and_only_grows_up_to_the_truth(
    pieces: list[str], extra: int
) -> None:
    truth = estimate(len("".join(pieces).encode())) + extra
    watched = fed([start()])
    seen = [watched.tally.output]
    for piece in pieces:
        watched.feed(text(piece))
        seen.append(watched.tally.output)
        assert not watched.tally.exact
    assert seen == sorted(seen)
    assert seen[-1] == estimate(len("".join(pieces).encode())) <= truth
    watched.feed(end(truth))
    assert (watched.tally.output, watched.tally.exact) == (truth, True)
    watched.feed(text("more text, which the count already holds"))
    assert watched.tally.output == truth


@given(noisy_messages(), st.integers(0, 10_000))
def test_a_truncated_stream_is_not_finished_and_says_no_more_than_the_whole(stream: bytes, place: int) -> None:
    cut_at = place % len(stream)
    part = fed([stream[:cut_at]])
    full = fed([stream])
    assert not part.finished or stream[cut_at:].strip() == b""
    if part.tally.exact:
        assert part.tally.output == full.tally.output
    assert part.tally.uncached_input in {0, full.tally.uncached_input}


@pytest.mark.parametrize("key", ["text", "thinking", "partial_json"])
def test_every_kind_of_generated_text_counts(key: str) -> None:
    watched = fed([start(), frame("content_block_delta", index=0, delta={"type": "x", key: "12345678"})])
    assert watched.tally.output == 2


@pytest.mark.parametrize("delta", [{"type": "signature_delta", "signature": "x" * 400}, {"type": "citations_delta"}])
def test_what_was_not_generated_does_not_count(delta: dict[str, object]) -> None:
    assert fed([start(), frame("content_block_delta", index=0, delta=delta)]).tally.output == 0


@pytest.mark.parametrize(
    "same",
    [
        b'data: {"delta": {"text": "12345678"}}\nevent: content_block_delta\n\n',
        b'id: 4\nevent: content_block_delta\ndata: {"delta": {"text": "12345678"}}\n\n',
        b'event:content_block_delta\ndata:{"delta":{"text":"12345678"}}\n\n',
        b'event: content_block_delta\ndata: {"delta":\ndata: {"text": "12345678"}}\n\n',
        b': data: not this, event: error\nevent: content_block_delta\ndata: {"delta": {"text": "12345678"}}\n\n',
        b'event: content_block_delta\ndata: {"delta": {"text": "12345678"}}\n: data: {}\n\n',
        b'event: content_block_delta\nid: data: 5\ndata: {"delta": {"text": "12345678"}}\n\n',
    ],
)
def test_a_frame_is_read_by_its_fields_in_whatever_order(same: bytes) -> None:
    watched = fed([same])
    assert watched.tally.output == 2
    assert watched.problem is None


def test_usage_is_split_into_its_buckets() -> None:
    usage = {
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 5,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 2, "code_execution_requests": 3},
        "service_tier": "priority",
        "inference_geo": "us",
        "speed": "fast",
    }
    tally = fed([start(**usage), end(9, input_tokens=12), STOP]).tally
    expected = Tally(12, 10, 20, 5, 9, 1, 2, 3, service_tier="priority", inference_geo="us", speed="fast")
    expected.stop_reason, expected.exact = "end_turn", True
    assert tally == expected
    assert tally.total_input == 47


def test_cache_writes_without_a_split_are_of_five_minutes() -> None:
    tally = fed([start(cache_creation_input_tokens=30, cache_creation=None)]).tally
    assert (tally.cache_write_5m, tally.cache_write_1h) == (30, 0)


def test_nulls_say_nothing() -> None:
    nulls = dict.fromkeys(["cache_read_input_tokens", "cache_creation", "server_tool_use", "service_tier"])
    tally = fed([start(**nulls), frame("message_delta", delta=None, usage=None), end(3, input_tokens=None)]).tally
    assert (tally.uncached_input, tally.output, tally.exact) == (10, 3, True)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"type": "error", "error": {"type": "overloaded_error", "message": "m"}}', ("overloaded_error", "m")),
        (b'{"error": {"type": null}}', ("api_error", "The provider reported an error.")),
        (b"nonsense", ("api_error", "The provider reported an error.")),
        (b"", ("api_error", "The provider reported an error.")),
    ],
)
@pytest.mark.parametrize("endpoint", [Endpoint.MESSAGES, Endpoint.COMPLETE])
def test_an_error_frame_is_a_problem_whatever_it_holds(
    endpoint: Endpoint, data: bytes, problem: tuple[str, str]
) -> None:
    watched = fed([b"event: error\ndata: " + data + b"\n\n"], endpoint)
    assert watched.problem == UpstreamProblem(*problem)
    assert not watched.begun


@pytest.mark.parametrize(
    "garbled",
    [
        b"event: message_start\ndata: {\n\n",
        b'event: message_delta\ndata: {"usage": {"output_tokens": "many"}}\n\n',
        b"event: content_block_delta\ndata: \xff\n\n",
        b"event: content_block_delta\n\n",
        b"data\n\n",
        b"\xff\xfe\n\n",
    ],
)
def test_a_garbled_frame_says_nothing(garbled: bytes) -> None:
    watched = fed([garbled])
    assert (watched.tally.output, watched.tally.exact, watched.finished, watched.problem) == (0, False, False, None)


@given(st.lists(st.binary(max_size=40)), st.sampled_from(Endpoint))
def test_no_bytes_break_a_scanner(parts: list[bytes], endpoint: Endpoint) -> None:
    fed(parts, endpoint)
    scanner(endpoint).whole(b"".join(parts))


def test_a_frame_without_end_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antechamber.features.gateway.wire.scanners._LARGEST_FRAME", 100)
    watched = fed([b"x" * 90, b"x" * 90, b"\n\n", start()])
    assert watched.begun


def test_a_whole_message_tells_its_usage() -> None:
    watched = scanner()
    watched.whole(json.dumps({"usage": {"input_tokens": 3, "output_tokens": 4}, "stop_reason": "max_tokens"}).encode())
    assert (watched.tally.total_input, watched.tally.output, watched.tally.exact) == (3, 4, True)
    assert (watched.tally.stop_reason, watched.finished) == ("max_tokens", True)


@pytest.mark.parametrize("endpoint", [Endpoint.MESSAGES, Endpoint.COMPLETE, Endpoint.CHAT_COMPLETIONS])
def test_a_whole_answer_that_is_none_is_not_finished(endpoint: Endpoint) -> None:
    watched = scanner(endpoint)
    watched.whole(b"<html>")
    assert not watched.finished


def test_counting_is_free_and_exact() -> None:
    watched = scanner(Endpoint.COUNT_TOKENS)
    watched.whole(b'{"input_tokens": 5}')
    assert (watched.finished, watched.tally.exact, watched.tally.output) == (True, True, 0)
    watched.feed(STOP)


def test_a_legacy_completion_is_counted_from_its_text() -> None:
    stream = frame("completion", completion=" Hello", stop_reason=None) + PING
    watched = fed([stream, frame("completion", completion="!!", stop_reason="stop_sequence")], Endpoint.COMPLETE)
    assert (watched.tally.output, watched.tally.exact, watched.finished) == (2, False, True)
    assert watched.tally.stop_reason == "stop_sequence"
    whole = scanner(Endpoint.COMPLETE)
    whole.whole(b'{"completion": " Hello!!", "stop_reason": "stop_sequence"}')
    assert whole.tally == watched.tally


@given(pieces=PIECES, places=st.lists(st.integers(0, 10_000), max_size=20), crlf=st.booleans())
def test_any_chunking_of_a_chat_gives_the_same_tally(*, pieces: list[str], places: list[int], crlf: bool) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 4}}
    stream = b"".join(
        [*(chunk(said(piece)) for piece in pieces), chunk(said("", "stop")), chunk([], usage=usage), DONE]
    )
    stream = stream.replace(b"\n", b"\r\n") if crlf else stream
    watched = fed(cut(stream, places), Endpoint.CHAT_COMPLETIONS)
    assert watched.tally == Tally(6, cache_read=4, output=7, stop_reason="stop", exact=True)
    assert watched.finished
    assert watched.problem is None


def test_a_chat_counts_text_reasoning_and_tool_calls_until_told() -> None:
    call = {"index": 0, "function": {"arguments": "1234"}}
    delta = {"content": "1234", "reasoning_content": "1234", "tool_calls": [call, {"index": 1}]}
    watched = fed([chunk([{"index": 0, "delta": delta}, {"index": 1}]), DONE], Endpoint.CHAT_COMPLETIONS)
    assert (watched.tally.output, watched.tally.exact) == (3, False)


def test_a_running_count_of_a_chat_is_exact_only_at_the_end() -> None:
    watched = fed(
        [chunk(said("x" * 40), usage={"prompt_tokens": 5, "completion_tokens": 12})], Endpoint.CHAT_COMPLETIONS
    )
    assert (watched.tally.output, watched.tally.exact) == (12, False)
    watched.feed(chunk(said("y")))
    assert watched.tally.output == 12
    watched.feed(chunk(said("", "stop"), usage={"prompt_tokens": 5, "completion_tokens": 11}))
    assert (watched.tally.output, watched.tally.exact, watched.tally.uncached_input) == (11, True, 5)


def test_an_error_in_a_chat_is_a_problem() -> None:
    stream = b': OPENROUTER PROCESSING\n\ndata: {"error": {"message": "busy", "type": "server_error"}}\n\n'
    watched = fed([stream], Endpoint.CHAT_COMPLETIONS)
    assert watched.problem == UpstreamProblem("server_error", "busy")
    assert not watched.begun


@pytest.mark.parametrize("content", ["12345678", [{"type": "text"}], None])
def test_a_whole_chat_without_usage_is_counted_from_its_text(content: object) -> None:
    watched = scanner(Endpoint.CHAT_COMPLETIONS)
    body = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}], "service_tier": "default"}
    watched.whole(json.dumps(body).encode())
    assert (watched.finished, watched.tally.exact) == (True, False)
    assert watched.tally.output == (2 if isinstance(content, str) else 0)
    assert watched.tally.service_tier == "default"


@pytest.mark.parametrize("endpoint", list(Endpoint))
def test_our_own_error_event_is_one_that_our_scanner_reads(endpoint: Endpoint) -> None:
    event = DIALECTS[endpoint].error_event("timeout_error", "Too\nlong.", "req_1")
    assert event.endswith(b"\n\n")
    assert event.count(b"\n\n") == 1
    if endpoint is not Endpoint.COUNT_TOKENS:
        kind = "server_error" if endpoint is Endpoint.CHAT_COMPLETIONS else "timeout_error"
        assert fed([event], endpoint).problem == UpstreamProblem(kind, "Too\nlong.")
