"""Views of request bodies: the few fields that routing and the ledger need (SDK types MessageCreateParams and kin)."""

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from antechamber.base.errors import InvalidRequest
from antechamber.features.gateway.model import Asked

Decoded = TypeVar("Decoded")

_WHERE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_SAMPLING_REFUSED_FROM: Final = "2026-10-21"
_LONGEST_MODEL: Final = 256
_MOST_CHOICES: Final = 128


class _Metadata(msgspec.Struct):
    user_id: str | None = None


class MessagesView(msgspec.Struct):
    """`POST /v1/messages`."""

    model: str
    messages: list[Raw]
    max_tokens: int
    stream: bool | None = None
    metadata: _Metadata | None = None
    temperature: Raw | UnsetType = UNSET
    top_p: Raw | UnsetType = UNSET
    top_k: Raw | UnsetType = UNSET


class CountTokensView(msgspec.Struct):
    """`POST /v1/messages/count_tokens`."""

    model: str
    messages: list[Raw]
    temperature: Raw | UnsetType = UNSET
    top_p: Raw | UnsetType = UNSET
    top_k: Raw | UnsetType = UNSET


class CompleteView(msgspec.Struct):
    """`POST /v1/complete`; `max_tokens_to_sample` is required there."""

    model: str
    prompt: str
    max_tokens_to_sample: int
    stream: bool | None = None
    metadata: _Metadata | None = None


class ChatView(msgspec.Struct):
    """OpenAI's `POST /v1/chat/completions`."""

    model: str
    messages: list[Raw]
    stream: bool | None = None
    stream_options: Raw | UnsetType = UNSET
    user: str | None = None
    # The provider says what is wrong with these.
    max_completion_tokens: Any = None
    max_tokens: Any = None
    n: Any = None


class _ModelOnly(msgspec.Struct):
    model: str


class _Turns(msgspec.Struct):
    messages: list[Raw]


class _Turn(msgspec.Struct):
    role: str
    content: list[Raw]


class _Block(msgspec.Struct):
    type: str
    citations: Raw | UnsetType = UNSET


_decode_model: Final = msgspec.json.Decoder(_ModelOnly).decode
_decode_string: Final = msgspec.json.Decoder(str).decode
_decode_turns: Final = msgspec.json.Decoder(_Turns).decode
_decode_turn: Final = msgspec.json.Decoder(_Turn).decode
_decode_block: Final = msgspec.json.Decoder(_Block).decode
_MODEL_VALUE: Final = re.compile(rb'"model"\s*:\s*("(?:[^"\\]|\\.)*")')
_NO_CITATIONS: Final = (b"[]", b"null")


class Reader:
    """Decodes one endpoint's view; its errors name the field as the wire does."""

    def __init__(self, view: type[msgspec.Struct]) -> None:
        self._decode = msgspec.json.Decoder(view).decode

    def __call__(self, body: bytes, version: str | None) -> Asked:
        """Return what was asked; InvalidRequest names the first field that is wrong."""
        try:
            view: Any = self._decode(body)
        except msgspec.ValidationError as error:
            raise InvalidRequest(_explain(str(error))) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            message = f"The request body is not valid JSON: {error}"
            raise InvalidRequest(message) from None
        model = view.model
        if not 1 <= len(model) <= _LONGEST_MODEL:
            message = f"model: String should have 1 to {_LONGEST_MODEL} characters"
            raise InvalidRequest(message)
        if version is not None and version >= _SAMPLING_REFUSED_FROM:
            _refuse_sampling(view)
            if b'"document"' in body or b'"citations"' in body:
                _refuse_moved_blocks(body)
        metadata = getattr(view, "metadata", None)
        end_user = getattr(view, "user", None) or (metadata.user_id if metadata else None)
        stream = bool(getattr(view, "stream", False))
        # OpenAI's streams tell what they used only when asked to.
        adds_usage = stream and getattr(view, "stream_options", None) is UNSET
        return Asked(model, stream, end_user, adds_usage, _max_output(view))


def _max_output(view: object) -> int | None:
    """Return how many tokens may be written, over all the choices asked for; None when no number is given."""
    for name in ("max_tokens", "max_completion_tokens", "max_tokens_to_sample"):
        value = getattr(view, name, None)
        if isinstance(value, int) and value > 0:
            choices = getattr(view, "n", None)
            return value * choices if isinstance(choices, int) and 1 <= choices <= _MOST_CHOICES else value
    return None


def _refuse_sampling(view: object) -> None:
    """Since 2026-10-21 the sampling parameters are no longer inputs (wire-admin.md 1.6)."""
    for name in ("temperature", "top_p", "top_k"):
        if getattr(view, name, UNSET) is not UNSET:
            message = f"{name}: Extra inputs are not permitted"
            raise InvalidRequest(message)


def _refuse_moved_blocks(body: bytes) -> None:
    """Since 2026-10-21 an assistant has no documents and a user's text no citations (wire-admin.md 1.6)."""
    for number, raw in enumerate(_decode_turns(body).messages):
        turn = _lenient(_decode_turn, raw)
        if turn is None:
            continue
        for place, block in enumerate(turn.content):
            why = _why_moved(turn.role, _lenient(_decode_block, block))
            if why:
                message = f"messages.{number}.content.{place}{why}"
                raise InvalidRequest(message)


def _why_moved(role: str, block: _Block | None) -> str | None:
    if block is None:
        return None
    if role == "assistant" and block.type == "document":
        return ": document blocks are not permitted in assistant messages"
    cites = block.citations is not UNSET and bytes(block.citations) not in _NO_CITATIONS
    return ".citations: Extra inputs are not permitted" if cites and role == "user" and block.type == "text" else None


def _lenient(decode: Callable[[Raw], Decoded], raw: Raw) -> Decoded | None:
    """Decode, or None: what else is wrong with a message is the model provider's to say."""
    try:
        return decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _explain(text: str) -> str:
    found = _WHERE.match(text)
    what, where = (found["what"], found["where"] or "") if found else (text, "")
    missing = _MISSING.match(what)
    if missing:
        return f"{'.'.join(filter(None, (where, missing['field'])))}: Field required"
    return f"{where or 'body'}: {what.replace('`', '')}"


def splice_model(body: bytes, model: str) -> bytes:
    """Return the body with the top-level model's name replaced in place, all else as it was; InvalidRequest."""
    asked = _decode_model(body).model
    written = msgspec.json.encode(model)
    places = [found.span(1) for found in _MODEL_VALUE.finditer(body) if _decode_string(found[1]) == asked]
    if not places or not _is_model(_replaced(body, places, written), model):
        message = "model: write the key of an alias without JSON escapes"
        raise InvalidRequest(message)
    # Which of them is the top-level one? Halving finds it in a few looks, however many a caller has nested.
    low, high = 0, len(places) - 1
    while low < high:
        middle = (low + high) // 2
        if _is_model(_replaced(body, places[: middle + 1], written), model):
            high = middle
        else:
            low = middle + 1
    return _replaced(body, places[low : low + 1], written)


def _is_model(body: bytes, model: str) -> bool:
    return _decode_model(body).model == model


def _replaced(body: bytes, places: list[tuple[int, int]], written: bytes) -> bytes:
    parts: list[bytes] = []
    end = 0
    for start, after in places:
        parts += (body[end:start], written)
        end = after
    return b"".join([*parts, body[end:]])


def add_usage_option(body: bytes) -> bytes:
    """Return a Chat Completions body with `"stream_options": {"include_usage": true}` as its last member."""
    end = body.rindex(b"}")
    return body[:end] + b',"stream_options":{"include_usage":true}' + body[end:]
