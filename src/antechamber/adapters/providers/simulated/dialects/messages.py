"""Anthropic Messages: `POST /v1/messages` and `/v1/messages/count_tokens`, both header versions."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from antechamber.adapters.providers.simulated.answer import Answer, Ask, Block, Frame, Refused, ToolOffer, Usage
from antechamber.adapters.providers.simulated.dialects.port import LATE_SECONDS, PING, interludes
from antechamber.adapters.providers.simulated.playback import Cue, Item
from antechamber.adapters.providers.simulated.scenario import Scenario
from antechamber.adapters.providers.simulated.signing import ThinkingSeal

NEWEST: Final = "2026-10-21"
VERSIONS: Final = ("2023-01-01", "2023-06-01", NEWEST)
# Tools that run on the provider's side are never called by the client.
_SERVER_TOOLS: Final = ("web_search_", "web_fetch_", "code_execution_", "tool_search_", "advisor_")
_encode: Final = msgspec.json.encode


class _Piece(msgspec.Struct):
    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    content: "str | list[_Piece] | None" = None


class _Turn(msgspec.Struct):
    role: str
    content: str | list[_Piece]


class _Tool(msgspec.Struct):
    name: str = ""
    type: str | None = None
    input_schema: dict[str, Any] | None = None


class _Choice(msgspec.Struct):
    type: str = "auto"
    name: str = ""
    disable_parallel_tool_use: bool = False


class _Typed(msgspec.Struct):
    type: str
    schema: dict[str, Any] | None = None


class _OutputConfig(msgspec.Struct):
    format: _Typed | None = None


class _Body(msgspec.Struct):
    model: str
    messages: list[_Turn]
    max_tokens: int | None = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    tools: list[_Tool] | None = None
    tool_choice: _Choice | None = None
    thinking: _Typed | None = None
    output_config: _OutputConfig | None = None
    output_format: _Typed | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


_decode: Final = msgspec.json.Decoder(_Body).decode


def check_version(headers: dict[str, str]) -> str:
    """Return the request's `anthropic-version`; Refused when it is missing or unknown."""
    version = headers.get("anthropic-version")
    if version is None:
        raise Refused(400, "anthropic-version: header is required")
    if version not in VERSIONS:
        raise Refused(400, f'anthropic-version: "{version}" is not a valid version')
    return version


class Messages:
    """The Messages API; `counting` reads the bodies of count_tokens, which need no `max_tokens`."""

    def __init__(self, *, counting: bool = False) -> None:
        self._counting = counting

    def read(self, body: bytes, headers: dict[str, str], seal: ThinkingSeal) -> Ask:
        """Read a request; Refused says what is wrong with it."""
        version = check_version(headers)
        try:
            asked = _decode(body)
        except msgspec.ValidationError as error:
            raise Refused(400, str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(400, f"The request body is not valid JSON: {error}") from None
        self._check(asked, version)
        if b'"signature"' in body or b'"redacted_thinking"' in body:
            _check_thinking(asked, seal)
        prompt, turn, results = _spoken(asked.messages)
        choice = asked.tool_choice or _Choice()
        shape = asked.output_format or (asked.output_config.format if asked.output_config else None)
        return Ask(
            model=asked.model,
            prompt=prompt,
            stream=bool(asked.stream),
            max_tokens=asked.max_tokens,
            stop_sequences=asked.stop_sequences or (),
            tools=[
                ToolOffer(tool.name, tool.input_schema)
                for tool in asked.tools or ()
                if tool.name and not (tool.type or "").startswith(_SERVER_TOOLS)
            ],
            choice=f"tool:{choice.name}" if choice.type == "tool" else choice.type,
            parallel=not choice.disable_parallel_tool_use,
            thinking=asked.thinking is not None and asked.thinking.type in ("enabled", "adaptive"),
            schema=shape.schema if shape else None,
            turn=turn,
            results=results,
            cacheable=b'"cache_control"' in body,
        )

    def _check(self, asked: _Body, version: str) -> None:
        if not asked.messages:
            raise Refused(400, "messages: at least one message is required")
        if not self._counting:
            if asked.max_tokens is None:
                raise Refused(400, "max_tokens: Field required")
            if asked.max_tokens < 1:
                raise Refused(400, "max_tokens: Input should be greater than or equal to 1")
        for turn in asked.messages:
            if turn.role not in ("user", "assistant", "system"):
                raise Refused(400, f'messages: Unexpected role "{turn.role}"')
        if version == NEWEST:
            for name in ("temperature", "top_p", "top_k"):
                if getattr(asked, name) is not None:
                    raise Refused(400, f"{name}: Extra inputs are not permitted")

    def whole(self, answer: Answer, scenario: Scenario) -> bytes:
        """Write an answer that is not streamed."""
        message = _message(answer)
        message["content"] = [_content(block) for block in answer.blocks]
        message["stop_reason"] = answer.stop_reason
        message["stop_sequence"] = answer.stop_sequence
        message["stop_details"] = _stop_details(answer, scenario)
        message["usage"] = _usage(answer.usage, answer.usage.output or 0)
        if scenario.usage == "omitted":
            del message["usage"]
        return _encode(message)

    def frames(self, answer: Answer, scenario: Scenario) -> Iterator[Item]:
        """Write an answer as events."""
        start = _message(answer)
        if scenario.usage == "present":
            # As upstream: the first event carries the input side and a token or so of output, not the total.
            start["usage"] = _usage(answer.usage, 1)
        elif scenario.usage == "late":
            start["usage"] = _usage(Usage(), 0)
        first = b'event: message_start\ndata: {"type":"message_start","message":' + _encode(start) + b"}\n\n"
        yield first, 0
        if scenario.duplicate_start:
            yield first, 0
        extras = interludes(PING, 1 if scenario.pings is None else scenario.pings, scenario.comments)
        for index, block in enumerate(answer.blocks):
            yield from _block(index, block, extras)
        if scenario.usage == "late":
            yield Cue("wait", LATE_SECONDS)
        ended: dict[str, Any] = {
            "delta": {
                "stop_reason": answer.stop_reason,
                "stop_sequence": answer.stop_sequence,
                "stop_details": _stop_details(answer, scenario),
                "container": None,
            }
        }
        if scenario.usage != "omitted":
            ended["usage"] = _final_usage(answer.usage)
        yield _event("message_delta", ended), 0
        if scenario.done:
            yield b'event: message_stop\ndata: {"type":"message_stop"}\n\n', 0
        for _ in range(scenario.heartbeats):
            yield PING, 0

    def error(self, status: int, kind: str, message: str, request_id: str) -> bytes:
        """Write the body of an error."""
        del status
        return _encode({"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id})

    def error_frame(self, kind: str, message: str, request_id: str) -> bytes:
        """Write an error as an event."""
        return b"event: error\ndata: " + self.error(0, kind, message, request_id) + b"\n\n"


def _block(index: int, block: Block, extras: Iterator[tuple[Frame, ...]]) -> Iterator[Frame]:
    """Yield one content block's events, with what is interspersed."""
    yield _event("content_block_start", {"index": index, "content_block": _opened(block)}), 0
    if block.kind != "redacted_thinking":
        before, after = _delta(index, block)
        for piece in block.pieces:
            yield from next(extras, ())
            yield before + _encode(piece) + after, len(piece.encode())
    if block.kind == "thinking":
        delta = {"type": "signature_delta", "signature": block.signature}
        yield _event("content_block_delta", {"index": index, "delta": delta}), 0
    yield b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n' % index, 0


def _spoken(turns: list[_Turn]) -> tuple[str, int, list[str]]:
    """Return what the person last said, the tool turns since, and the newest tool results."""
    calls = 0
    results: list[str] = []
    for turn in reversed(turns):
        if turn.role == "system":
            continue
        if isinstance(turn.content, str):
            if turn.role == "user":
                return turn.content, calls, results
            continue
        if turn.role == "assistant":
            calls += any(piece.type == "tool_use" for piece in turn.content)
            continue
        if calls == 0:
            results += [_plain(piece) for piece in turn.content if piece.type == "tool_result"]
        said = [piece.text for piece in turn.content if piece.type == "text" and piece.text]
        # Text beside tool results (a reminder that a client adds) does not end the tool loop.
        if said and not any(piece.type == "tool_result" for piece in turn.content):
            return "\n".join(said), calls, results
    return "", calls, results


def _plain(piece: _Piece) -> str:
    if isinstance(piece.content, list):
        return "\n".join(part.text or f"[{part.type}]" for part in piece.content)
    return piece.content or ""


def _check_thinking(asked: _Body, seal: ThinkingSeal) -> None:
    for number, turn in enumerate(asked.messages):
        if turn.role != "assistant" or isinstance(turn.content, str):
            continue
        for index, piece in enumerate(turn.content):
            if piece.type == "thinking" and not seal.holds(piece.thinking or "", piece.signature or ""):
                raise Refused(400, f"messages.{number}.content.{index}: Invalid `signature` in `thinking` block")
            if piece.type == "redacted_thinking" and not seal.opens(piece.data or ""):
                raise Refused(400, f"messages.{number}.content.{index}: Invalid `data` in `redacted_thinking` block")


def _message(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.answer_id,
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
    }


def _usage(usage: Usage, output: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_5m + usage.cache_1h,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_5m,
            "ephemeral_1h_input_tokens": usage.cache_1h,
        },
        "output_tokens": output,
        "server_tool_use": None,
        "service_tier": "standard",
        "inference_geo": "not_available",
    }
    if usage.thinking and output > 1:
        shown["output_tokens_details"] = {"thinking_tokens": usage.thinking}
    return shown


def _final_usage(usage: Usage) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_5m + usage.cache_1h,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output or 0,
        "server_tool_use": None,
    }
    if usage.thinking:
        shown["output_tokens_details"] = {"thinking_tokens": usage.thinking}
    return shown


def _stop_details(answer: Answer, scenario: Scenario) -> dict[str, Any] | None:
    if answer.stop_reason != "refusal":
        return None
    return {
        "type": "refusal",
        "category": scenario.refusal or None,
        "explanation": "The simulated model declines.",
    }


def _content(block: Block) -> dict[str, Any]:
    if block.kind == "text":
        return {"type": "text", "text": block.pieces.text(), "citations": None}
    if block.kind == "thinking":
        return {"type": "thinking", "thinking": block.pieces.text(), "signature": block.signature}
    if block.kind == "redacted_thinking":
        return {"type": "redacted_thinking", "data": block.signature}
    return {
        "type": "tool_use",
        "id": block.call_id,
        "name": block.name,
        "input": msgspec.Raw(block.pieces.text().encode()),
        "caller": {"type": "direct"},
    }


def _opened(block: Block) -> dict[str, Any]:
    if block.kind == "text":
        return {"type": "text", "text": "", "citations": None}
    if block.kind == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    if block.kind == "redacted_thinking":
        return {"type": "redacted_thinking", "data": block.signature}
    return {"type": "tool_use", "id": block.call_id, "name": block.name, "input": {}, "caller": {"type": "direct"}}


def _delta(index: int, block: Block) -> tuple[bytes, bytes]:
    kind, field = {
        "text": (b"text_delta", b"text"),
        "thinking": (b"thinking_delta", b"thinking"),
    }.get(block.kind, (b"input_json_delta", b"partial_json"))
    before = (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
        % (
            index,
            kind,
            field,
        )
    )
    return before, b"}}\n\n"


def _event(name: str, fields: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode({"type": name, **fields}))
