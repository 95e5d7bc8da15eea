"""Views of request bodies: the few fields that routing and the ledger need (SDK types MessageCreateParams and kin)."""

import re
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from antechamber.base.errors import InvalidRequest
from antechamber.features.gateway.model import Asked

_WHERE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_SAMPLING_REFUSED_FROM: Final = "2026-10-21"
_LONGEST_MODEL: Final = 256


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
    user: str | None = None


class _ModelOnly(msgspec.Struct):
    model: str


_decode_model: Final = msgspec.json.Decoder(_ModelOnly).decode


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
        metadata = getattr(view, "metadata", None)
        end_user = getattr(view, "user", None) or (metadata.user_id if metadata else None)
        return Asked(model, bool(getattr(view, "stream", False)), end_user)


def _refuse_sampling(view: object) -> None:
    """Since 2026-10-21 the sampling parameters are no longer inputs (wire-admin.md 1.6)."""
    for name in ("temperature", "top_p", "top_k"):
        if getattr(view, name, UNSET) is not UNSET:
            message = f"{name}: Extra inputs are not permitted"
            raise InvalidRequest(message)


def _explain(text: str) -> str:
    found = _WHERE.match(text)
    what, where = (found["what"], found["where"] or "") if found else (text, "")
    missing = _MISSING.match(what)
    if missing:
        return f"{'.'.join(filter(None, (where, missing['field'])))}: Field required"
    return f"{where or 'body'}: {what.replace('`', '')}"


def splice_model(body: bytes, model: str) -> bytes:
    """Return the body with the top-level model's name replaced in place, every other byte as it was."""
    asked = _decode_model(body).model
    old = re.escape(msgspec.json.encode(asked))
    for found in re.finditer(rb'"model"\s*:\s*(' + old + rb")", body):
        spliced = body[: found.start(1)] + msgspec.json.encode(model) + body[found.end(1) :]
        if _decode_model(spliced).model == model:
            return spliced
    message = "model: write an alias without JSON escapes"
    raise InvalidRequest(message)
