"""OpenAI's Chat Completions: the scanner of its answers and streams (SDK types ChatCompletion, ChatCompletionChunk)."""

import re
from typing import Any, Final

import msgspec

from antechamber.features.gateway.model import Tally
from antechamber.features.gateway.wire.scanners import FrameScanner, read_fields, read_problem


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None


class _Function(msgspec.Struct):
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Message(msgspec.Struct):
    # Of a whole answer only text is looked at, and only if the server did not say what it used.
    content: Any = None
    reasoning_content: Any = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    message: _Message | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    service_tier: str | None = None


_decode: Final = msgspec.json.Decoder(_Chunk).decode
_DONE: Final = b"[DONE]"
_FRAME_END: Final = re.compile(rb"\r?\n\r?\n")


def _take_usage(tally: Tally, usage: _Usage | None, *, last: bool) -> None:
    """Note usage; OpenAI counts cached tokens within the prompt's, Anthropic beside them (gateway.md 1.15).

    Some servers send a running count with every chunk: it is exact only at the end of the answer.
    """
    if usage is None or usage.completion_tokens is None:
        return
    details = usage.prompt_tokens_details
    tally.cache_read = (details.cached_tokens if details else None) or 0
    tally.uncached_input = max(0, (usage.prompt_tokens or 0) - tally.cache_read)
    tally.output = usage.completion_tokens if last else max(tally.output, usage.completion_tokens)
    tally.exact = tally.exact or last


def _only_tells_usage(frame: bytes) -> bool:
    try:
        chunk = _decode(read_fields(frame)[1].strip())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return chunk.choices == [] and chunk.usage is not None


class ChatScanner(FrameScanner):
    """Watches chunks up to `[DONE]`; hides the one that only tells of usage from a caller who did not ask for it."""

    def __init__(self) -> None:
        super().__init__()
        self._held = b""

    def shown(self, chunk: bytes, *, last: bool = False) -> bytes:
        """Return the whole frames that the caller asked for, and hold back what is no whole frame yet."""
        data = self._held + chunk
        ends = [found.end() for found in _FRAME_END.finditer(data)]
        end = len(data) if last else (ends[-1] if ends else 0)
        self._held = data[end:]
        if b'"usage"' not in data[:end]:
            return data[:end]
        starts = [0, *ends]
        frames = [data[start:stop] for start, stop in zip(starts, [*ends, end], strict=True)]
        return b"".join(frame for frame in frames if not _only_tells_usage(frame))

    def frame(self, frame: bytes) -> None:
        """See one event, which has only a data field."""
        data = read_fields(frame)[1].strip()
        if data == _DONE:
            self.finished = True
            return
        try:
            chunk = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if chunk.choices is None:
            self.problem = read_problem(data)
            return
        self.begun = True
        self._take(chunk)

    def whole(self, body: bytes) -> None:
        """See a complete answer."""
        try:
            chunk = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        self._take(chunk, whole=True)
        self.begun = self.finished = True

    def _take(self, chunk: _Chunk, *, whole: bool = False) -> None:
        for choice in chunk.choices or ():
            if choice.finish_reason:
                self.tally.stop_reason = choice.finish_reason
            if choice.delta is not None:
                self._count(choice.delta)
            elif choice.message is not None:
                said = (choice.message.content, choice.message.reasoning_content)
                self.count_text("".join(text for text in said if isinstance(text, str)))
        self.tally.service_tier = chunk.service_tier or self.tally.service_tier
        last = whole or not chunk.choices or self.tally.stop_reason is not None
        _take_usage(self.tally, chunk.usage, last=last)

    def _count(self, delta: _Delta) -> None:
        self.count_text(delta.content)
        self.count_text(delta.reasoning_content)
        for call in delta.tool_calls or ():
            self.count_text(call.function.arguments if call.function else None)
