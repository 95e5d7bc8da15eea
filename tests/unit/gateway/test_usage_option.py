"""A stream whose caller did not ask for usage is asked for it all the same, and the caller does not see it."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from antechamber.features.gateway.model import Endpoint
from antechamber.features.gateway.wire.dialects import DIALECTS

CHAT = DIALECTS[Endpoint.CHAT_COMPLETIONS]
TEXT = b'data: {"choices":[{"delta":{"content":"hi"}}],"usage":null}\n\n'
STOP = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":1}}\n\n'
DONE = b"data: [DONE]\n\n"


def asked(**more: object) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}], **more}).encode()


def test_only_a_stream_without_stream_options_is_asked() -> None:
    assert CHAT.read(asked(stream=True), None).adds_usage
    assert not CHAT.read(asked(), None).adds_usage
    assert not CHAT.read(asked(stream=True, stream_options={"include_usage": False}), None).adds_usage
    assert not DIALECTS[Endpoint.MESSAGES].read(asked(stream=True, max_tokens=5), "2023-06-01").adds_usage


def test_the_option_is_the_only_thing_added() -> None:
    body = asked(stream=True)
    added = json.loads(CHAT.ask_usage(body))
    assert added.pop("stream_options") == {"include_usage": True}
    assert added == json.loads(body)


@given(st.lists(st.integers(1, 200), max_size=8), st.booleans())
def test_however_it_is_cut_the_caller_sees_all_but_usage(cuts: list[int], crlf: bool) -> None:  # noqa: FBT001
    frames = [TEXT, STOP, USAGE, DONE]
    if crlf:
        frames = [frame.replace(b"\n", b"\r\n") for frame in frames]
    stream = b"".join(frames)
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    scanner = CHAT.scanner()
    seen = b""
    for start, end in pairwise(places):
        scanner.feed(stream[start:end])
        seen += scanner.shown(stream[start:end])
    seen += scanner.shown(b"", last=True)
    assert seen == b"".join(frame for frame in frames if b'"completion_tokens"' not in frame)
    assert (scanner.tally.uncached_input, scanner.tally.output, scanner.tally.exact) == (7, 1, True)


def test_a_stream_that_does_not_end_in_a_blank_line_loses_nothing() -> None:
    scanner = CHAT.scanner()
    assert scanner.shown(b"data: [DO") == b""
    assert scanner.shown(b"NE]", last=True) == b"data: [DONE]"
