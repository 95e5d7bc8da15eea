"""Scanners: they watch an answer go by and note usage, stop reason and errors; they change nothing.

Only whole frames are looked at, and of most only the first bytes. Output is estimated from the text that went by
until the provider says the exact number, so that a stream cut at any point has a sound row in the ledger.
"""

from abc import ABC, abstractmethod
from typing import Final

import msgspec

from antechamber.base.tokens import estimate
from antechamber.features.gateway.model import Tally, UpstreamProblem

_LARGEST_FRAME: Final = 64 << 20
# How nearly every frame of an answer begins.
_DELTA: Final = b"event: content_block_delta\ndata: "


class _CacheCreation(msgspec.Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _ServerToolUse(msgspec.Struct):
    web_search_requests: int | None = None
    web_fetch_requests: int | None = None
    code_execution_requests: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    server_tool_use: _ServerToolUse | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None


class _Error(msgspec.Struct):
    type: str | None = None
    message: str | None = None


class ErrorFrame(msgspec.Struct):
    """An error body or event, in either dialect."""

    error: _Error


class _Message(msgspec.Struct):
    usage: _Usage | None = None
    stop_reason: str | None = None


class _Start(msgspec.Struct):
    message: _Message


class _TextDelta(msgspec.Struct):
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None


class _BlockDelta(msgspec.Struct):
    delta: _TextDelta


class _Stop(msgspec.Struct):
    stop_reason: str | None = None


class _MessageDelta(msgspec.Struct):
    delta: _Stop | None = None
    usage: _Usage | None = None


class _Completion(msgspec.Struct):
    completion: str | None = None
    stop_reason: str | None = None


_decode_start: Final = msgspec.json.Decoder(_Start).decode
_decode_delta: Final = msgspec.json.Decoder(_BlockDelta).decode
_decode_message_delta: Final = msgspec.json.Decoder(_MessageDelta).decode
_decode_message: Final = msgspec.json.Decoder(_Message).decode
_decode_error: Final = msgspec.json.Decoder(ErrorFrame).decode
_decode_completion: Final = msgspec.json.Decoder(_Completion).decode
_GARBLED: Final = (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError)


def read_problem(body: bytes) -> UpstreamProblem | None:
    """Return the error in a body or frame, or None if it has no such form."""
    try:
        error = _decode_error(body).error
    except _GARBLED:
        return None
    return UpstreamProblem(error.type or "api_error", error.message or "The provider reported an error.")


class FrameScanner(ABC):
    """Splits a stream into frames at blank lines and shows each to `frame`."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.begun = False
        self.finished = False
        self.problem: UpstreamProblem | None = None
        self._text_bytes = 0
        self._rest = b""

    def feed(self, chunk: bytes) -> bool:
        """See the next bytes of a stream; true where of the tally nothing but the output can have changed."""
        data = self._rest + chunk if self._rest else chunk
        if b"\r" in data:
            data = _with_plain_ends(data)
        frames = data.split(b"\n\n")
        self._rest = frames.pop()
        for frame in frames:
            if frame:
                self.frame(frame)
        if len(self._rest) > _LARGEST_FRAME:
            self._rest = b""
        return False

    def shown(self, chunk: bytes, *, last: bool = False) -> bytes:
        """Return what of a chunk the caller is to see: all of it, but for Chat Completions."""
        del last
        return chunk

    @abstractmethod
    def frame(self, frame: bytes) -> None:
        """See one frame."""

    @abstractmethod
    def whole(self, body: bytes) -> None:
        """See a complete answer."""

    def count_text(self, text: str | None) -> None:
        """Add a piece of answer to the estimate."""
        if text and not self.tally.exact:
            # Most text is ASCII, whose length needs no encoding to be known.
            self._text_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
            self.tally.output = max(self.tally.output, estimate(self._text_bytes))


def _with_plain_ends(data: bytes) -> bytes:
    """Read CRLF as LF (WHATWG event streams), but leave a CR at the very end until its LF has come."""
    held = data.endswith(b"\r")
    body = data[:-1] if held else data
    return body.replace(b"\r\n", b"\n") + (b"\r" if held else b"")


def read_fields(frame: bytes) -> tuple[bytes, bytes]:
    """Return a frame's event name and its data, lines joined; comments and other fields say nothing."""
    name = b""
    data: list[bytes] = []
    for line in frame.split(b"\n"):
        if line.startswith(b"data:"):
            data.append(line[5:])
        elif line.startswith(b"event:"):
            name = line[6:].strip()
    return name, b"\n".join(data)


class MessagesScanner(FrameScanner):
    """`/v1/messages`: message_start, content_block_delta, message_delta, message_stop and error (wire-admin.md 5)."""

    def feed(self, chunk: bytes) -> bool:
        """See the next bytes of a stream; most often they are one delta, and that is read without splitting them."""
        is_sole = chunk.endswith(b"\n\n") and chunk.find(b"\n", len(_DELTA)) == len(chunk) - 2
        if self._rest or not is_sole or not chunk.startswith(_DELTA):
            return super().feed(chunk)
        self._on_delta(chunk[len(_DELTA) : -2])
        return True

    def frame(self, frame: bytes) -> None:
        """See one event."""
        if frame.startswith(_DELTA) and b"\n" not in (data := frame[len(_DELTA) :]):
            self._on_delta(data)
            return
        try:
            self._on_other(frame)
        except _GARBLED:
            return

    def _on_delta(self, data: bytes) -> None:
        try:
            delta = _decode_delta(data).delta
        except _GARBLED:
            return
        self.count_text(delta.text or delta.partial_json or delta.thinking)

    def _on_other(self, frame: bytes) -> None:
        name, data = read_fields(frame)
        if name == b"message_start":
            self.begun = True
            _take_usage(self.tally, _decode_start(data).message.usage, first=True)
        elif name == b"content_block_delta":
            self._on_delta(data)
        elif name == b"message_delta":
            told = _decode_message_delta(data)
            if told.delta and told.delta.stop_reason:
                self.tally.stop_reason = told.delta.stop_reason
            if told.usage is not None:
                _take_usage(self.tally, told.usage, first=False)
        elif name == b"message_stop":
            self.finished = True
        elif name == b"error":
            self.problem = read_problem(data) or UpstreamProblem("api_error", "The provider reported an error.")

    def whole(self, body: bytes) -> None:
        """See a complete message."""
        try:
            message = _decode_message(body)
        except _GARBLED:
            return
        _take_usage(self.tally, message.usage, first=False)
        self.tally.stop_reason = message.stop_reason
        self.begun = self.finished = True


def _take_usage(tally: Tally, usage: _Usage | None, *, first: bool) -> None:
    """Note what the provider says; its output count is exact only at the end of the answer."""
    if usage is None:
        return
    if usage.input_tokens is not None:
        tally.uncached_input = usage.input_tokens
    if usage.cache_read_input_tokens is not None:
        tally.cache_read = usage.cache_read_input_tokens
    _take_cache_writes(tally, usage)
    if usage.server_tool_use is not None:
        tally.web_search_requests = usage.server_tool_use.web_search_requests or 0
        tally.web_fetch_requests = usage.server_tool_use.web_fetch_requests or 0
        tally.code_execution_requests = usage.server_tool_use.code_execution_requests or 0
    tally.service_tier = usage.service_tier or tally.service_tier
    tally.inference_geo = usage.inference_geo or tally.inference_geo
    tally.speed = usage.speed or tally.speed
    if usage.output_tokens is not None and not first:
        tally.output = usage.output_tokens
        tally.exact = True


def _take_cache_writes(tally: Tally, usage: _Usage) -> None:
    """Split cache writes by lifetime; what no split told of counts as 5 minutes, the default one.

    The total at a stream's end comes without the split that its start had.
    """
    split = usage.cache_creation
    if split is not None:
        tally.cache_write_5m = split.ephemeral_5m_input_tokens or 0
        tally.cache_write_1h = split.ephemeral_1h_input_tokens or 0
    elif usage.cache_creation_input_tokens is not None:
        tally.cache_write_5m = max(0, usage.cache_creation_input_tokens - tally.cache_write_1h)


class CountScanner(FrameScanner):
    """`/v1/messages/count_tokens`: free, nothing to note but that it came."""

    def frame(self, frame: bytes) -> None:
        """Count_tokens does not stream; frames say nothing."""

    def whole(self, body: bytes) -> None:
        """See the answer."""
        self.begun = self.finished = bool(body)
        self.tally.exact = True


class CompleteScanner(FrameScanner):
    """`/v1/complete`: has no usage on the wire, so output is counted from its text, input from the request."""

    def frame(self, frame: bytes) -> None:
        """See one event."""
        name, data = read_fields(frame)
        try:
            if name == b"completion":
                self.begun = True
                self._take(_decode_completion(data))
            elif name == b"error":
                self.problem = read_problem(data) or UpstreamProblem("api_error", "The provider reported an error.")
        except _GARBLED:
            return

    def whole(self, body: bytes) -> None:
        """See a complete answer."""
        try:
            self._take(_decode_completion(body))
        except _GARBLED:
            return
        self.begun = self.finished = True

    def _take(self, part: _Completion) -> None:
        self.count_text(part.completion)
        if part.stop_reason:
            self.tally.stop_reason = part.stop_reason
            self.finished = True
