"""Streams as providers send them, frame by frame, for scanners to watch."""

import json
from collections.abc import Sequence
from typing import Any

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
COMMENT = b": keep-alive, not an event: error\n\n"


def frame(name: str, **data: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


def text(piece: str) -> bytes:
    return frame("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})


def start(**usage: object) -> bytes:
    return frame("message_start", message={"id": "msg_1", "usage": {"input_tokens": 10, "output_tokens": 1, **usage}})


def end(output: int, **usage: object) -> bytes:
    return frame("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": output, **usage})


STOP = frame("message_stop")


def message(pieces: Sequence[str], output: int) -> list[bytes]:
    """Return a whole streamed message of these pieces of text."""
    block = [frame("content_block_start", index=0, content_block={"type": "text", "text": ""})]
    return [start(), *block, *map(text, pieces), frame("content_block_stop", index=0), end(output), STOP]


def chunk(choices: list[dict[str, Any]] | None, **more: object) -> bytes:
    data = {"id": "c", "object": "chat.completion.chunk", **({} if choices is None else {"choices": choices}), **more}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def said(piece: str, reason: str | None = None) -> list[dict[str, Any]]:
    return [{"index": 0, "delta": {"content": piece}, "finish_reason": reason}]


DONE = b"data: [DONE]\n\n"
