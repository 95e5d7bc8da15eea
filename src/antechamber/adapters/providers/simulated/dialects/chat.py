"""OpenAI Chat Completions: `POST /v1/chat/completions`."""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import msgspec

from antechamber.adapters.providers.simulated.answer import (
    FIRST_SERVER_ERROR,
    Answer,
    Ask,
    Block,
    Frame,
    Refused,
    ToolOffer,
)
from antechamber.adapters.providers.simulated.dialects.port import LATE_SECONDS, interludes
from antechamber.adapters.providers.simulated.playback import Cue, Item
from antechamber.adapters.providers.simulated.scenario import Scenario
from antechamber.adapters.providers.simulated.signing import ThinkingSeal

_FINISH: Final = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_TYPES: Final = {429: "rate_limit_error", 401: "authentication_error", 403: "permission_error"}
_CODES: Final = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
_PLACEHOLDER: Final = "\x00"
PING: Final = b": ping\n\n"
_encode: Final = msgspec.json.encode


class _Part(msgspec.Struct):
    type: str
    text: str | None = None


class _Turn(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None
    tool_calls: list[Any] | None = None


class _Function(msgspec.Struct):
    name: str
    parameters: dict[str, Any] | None = None


class _Tool(msgspec.Struct):
    type: str
    function: _Function | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Body(msgspec.Struct):
    model: str
    messages: list[_Turn]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    tools: list[_Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    n: int | None = None


_decode: Final = msgspec.json.Decoder(_Body).decode


class Chat:
    """The Chat Completions API."""

    def read(self, body: bytes, headers: dict[str, str], seal: ThinkingSeal) -> Ask:
        """Read a request; Refused says what is wrong with it."""
        del headers, seal
        try:
            asked = _decode(body)
        except msgspec.ValidationError as error:
            raise Refused(400, str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(400, f"We could not parse the JSON body of your request: {error}") from None
        if not asked.messages:
            raise Refused(400, "Invalid 'messages': empty array. Expected an array with minimum length 1.")
        if asked.n not in (None, 1):
            raise Refused(400, "Invalid 'n': only 1 is supported.")
        prompt, turn, results = _spoken(asked.messages)
        limit = asked.max_completion_tokens if asked.max_completion_tokens is not None else asked.max_tokens
        if limit is not None and limit < 1:
            raise Refused(400, "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1.")
        stop = [asked.stop] if isinstance(asked.stop, str) else asked.stop
        return Ask(
            model=asked.model,
            prompt=prompt,
            stream=bool(asked.stream),
            max_tokens=limit,
            stop_sequences=stop or (),
            tools=[
                ToolOffer(tool.function.name, tool.function.parameters) for tool in asked.tools or () if tool.function
            ],
            choice=_choice(asked.tool_choice),
            parallel=asked.parallel_tool_calls is not False,
            schema=_schema(asked.response_format),
            turn=turn,
            results=results,
            include_usage=asked.stream_options is not None and bool(asked.stream_options.include_usage),
        )

    def whole(self, answer: Answer, scenario: Scenario) -> bytes:
        """Write an answer that is not streamed."""
        text = "".join(block.pieces.text() for block in answer.blocks if block.kind == "text")
        calls = [
            {
                "id": _call_id(block.call_id),
                "type": "function",
                "function": {"name": block.name, "arguments": block.pieces.text()},
            }
            for block in answer.blocks
            if block.kind == "tool_use"
        ]
        message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None, "annotations": []}
        if calls:
            message["tool_calls"] = calls
        elif answer.stop_reason == "refusal":
            message["refusal"] = "The simulated model declines."
        shown = _base(answer, "chat.completion")
        shown["choices"] = [{"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}]
        if scenario.usage != "omitted":
            shown["usage"] = _usage(answer)
        return _encode(shown)

    def frames(self, answer: Answer, scenario: Scenario) -> Iterator[Item]:
        """Write an answer as events. Thinking goes out as `reasoning_content`, as Qwen and others do."""
        with_usage = answer.include_usage and scenario.usage != "omitted"
        first = _chunk(answer, {"role": "assistant", "content": "", "refusal": None}, with_usage=with_usage)
        yield first, 0
        if scenario.duplicate_start:
            yield first, 0
        extras = interludes(PING, scenario.pings or 0, scenario.comments)
        calls = count()
        for block in answer.blocks:
            if block.kind != "redacted_thinking":
                yield from _block(answer, block, calls, extras, with_usage=with_usage)
        yield _chunk(answer, {}, finish=_finish(answer), with_usage=with_usage), 0
        if with_usage:
            if scenario.usage == "late":
                yield Cue("wait", LATE_SECONDS)
            shown = _base(answer, "chat.completion.chunk")
            shown["choices"] = []
            shown["usage"] = _usage(answer)
            yield b"data: " + _encode(shown) + b"\n\n", 0
        if scenario.done:
            yield b"data: [DONE]\n\n", 0
        for _ in range(scenario.heartbeats):
            yield b": heartbeat\n\n", 0

    def error(self, status: int, kind: str, message: str, request_id: str) -> bytes:
        """Write the body of an error."""
        del kind, request_id
        named = _TYPES.get(status, "server_error" if status >= FIRST_SERVER_ERROR else "invalid_request_error")
        return _encode({"error": {"message": message, "type": named, "param": None, "code": _CODES.get(status)}})

    def error_frame(self, kind: str, message: str, request_id: str) -> bytes:
        """Write an error as an event."""
        del request_id
        return b"data: " + _encode({"error": {"message": message, "type": kind, "param": None, "code": None}}) + b"\n\n"


def _block(
    answer: Answer, block: Block, calls: Iterator[int], extras: Iterator[tuple[Frame, ...]], *, with_usage: bool
) -> Iterator[Frame]:
    """Yield one block's chunks: cut from a mould, since only the text differs."""
    delta: dict[str, Any] = {"content" if block.kind == "text" else "reasoning_content": _PLACEHOLDER}
    if block.kind == "tool_use":
        index = next(calls)
        opened = {"name": block.name, "arguments": ""}
        entry = {"index": index, "id": _call_id(block.call_id), "type": "function", "function": opened}
        yield _chunk(answer, {"tool_calls": [entry]}, with_usage=with_usage), 0
        delta = {"tool_calls": [{"index": index, "function": {"arguments": _PLACEHOLDER}}]}
    before, _, after = _chunk(answer, delta, with_usage=with_usage).partition(_encode(_PLACEHOLDER))
    for piece in block.pieces:
        yield from next(extras, ())
        yield before + _encode(piece) + after, len(piece.encode())


def _spoken(turns: list[_Turn]) -> tuple[str, int, list[str]]:
    """Return what the person last said, the tool turns since, and the newest tool results."""
    calls = 0
    results: list[str] = []
    for turn in reversed(turns):
        if turn.role == "user":
            return _plain(turn), calls, results[::-1]
        if turn.role == "tool" and calls == 0:
            results.append(_plain(turn))
        elif turn.role == "assistant" and turn.tool_calls:
            calls += 1
    return "", calls, results[::-1]


def _plain(turn: _Turn) -> str:
    if isinstance(turn.content, list):
        return "\n".join(part.text for part in turn.content if part.text)
    return turn.content or ""


def _choice(asked: str | dict[str, Any] | None) -> str:
    if isinstance(asked, dict):
        function = asked.get("function")
        return f"tool:{function.get('name', '')}" if isinstance(function, dict) else "auto"
    return "any" if asked == "required" else asked or "auto"


def _schema(asked: dict[str, Any] | None) -> dict[str, Any] | None:
    if asked is None or asked.get("type") not in ("json_schema", "json_object"):
        return None
    inner = asked.get("json_schema")
    if isinstance(inner, dict) and isinstance(inner.get("schema"), dict):
        schema: dict[str, Any] = inner["schema"]
        return schema
    return {"type": "object", "properties": {"answer": {"type": "string"}}}


def _call_id(call_id: str) -> str:
    return "call_" + call_id.removeprefix("toolu_")


def _finish(answer: Answer) -> str:
    return _FINISH.get(answer.stop_reason, "stop")


def _base(answer: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": answer.answer_id.replace("msg_", "chatcmpl-", 1),
        "object": kind,
        "created": answer.created,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    }


def _chunk(answer: Answer, delta: dict[str, Any], *, finish: str | None = None, with_usage: bool) -> bytes:
    shown = _base(answer, "chat.completion.chunk")
    shown["choices"] = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    if with_usage:
        shown["usage"] = None
    return b"data: " + _encode(shown) + b"\n\n"


def _usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    cached = usage.cache_read
    # Here the prompt's tokens include what was cached (OpenAI's convention).
    prompt = usage.input + cached + usage.cache_5m + usage.cache_1h
    output = usage.output or 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.thinking,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
