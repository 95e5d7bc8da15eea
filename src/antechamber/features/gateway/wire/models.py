"""Models on the wire, in Anthropic's shape (SDK type `ModelInfo`) and OpenAI's (SDK type `Model`)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard
from urllib.parse import parse_qsl

import msgspec

from antechamber.base.clock import MICROSECONDS, from_rfc3339, to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.page import IdCursor
from antechamber.features.gateway.model import ListedModel

_EPOCH: Final = "1970-01-01T00:00:00Z"
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999
_DEFAULT_LIMIT: Final = 20
_MAX_LIMIT: Final = 1000
_SMALL: Final = re.compile(r"[0-9]{1,9}")
_LIFECYCLES: Final = frozenset({"active", "deprecated", "retired"})
_NAMES: Final = frozenset({"after_id", "before_id", "beta", "lifecycle", "limit"})


class _Listing(msgspec.Struct):
    data: list[dict[str, Any]]


_decode: Final = msgspec.json.Decoder(_Listing).decode


class ModelReader:
    """Reads the lists that providers give."""

    def read_list(self, body: bytes) -> Sequence[Mapping[str, object]]:
        """Return the objects of a list answer, which both shapes keep under `data`; ValueError if it isn't one."""
        return _decode(body).data


def show_anthropic(model: ListedModel) -> dict[str, Any]:
    """Return `{id, type: "model", display_name, created_at, lifecycle, ...}`."""
    own = dict(model.described or {})
    if own.get("type") == "model":
        return own
    created = own.get("created")
    return {
        "id": model.id,
        "type": "model",
        "display_name": model.id,
        "created_at": to_rfc3339(created * MICROSECONDS) if _is_instant(created) else _EPOCH,
        "max_input_tokens": None,
        "max_tokens": None,
        "capabilities": None,
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": None,
    }


def show_openai(model: ListedModel) -> dict[str, Any]:
    """Return `{id, object: "model", created, owned_by}`."""
    own = dict(model.described or {})
    if own.get("object") == "model":
        return own
    return {"id": model.id, "object": "model", "created": _seconds(own.get("created_at")), "owned_by": model.provider}


def _is_instant(seconds: object) -> TypeGuard[int]:
    return isinstance(seconds, int) and 0 <= seconds <= _LAST_SECOND


def _seconds(instant: object) -> int:
    """Return a provider's instant in seconds; 0 if it gave none, for a list is no place to fail over a date."""
    try:
        return from_rfc3339(instant) // MICROSECONDS if isinstance(instant, str) else 0
    except ValueError:
        return 0


def page_of(query: bytes, models: Sequence[ListedModel]) -> bytes:
    """Return the page that an id-cursor query asks for (wire-admin.md 1.4)."""
    cursor, lifecycles = _read_query(query)
    shown = [show_anthropic(model) for model in models]
    if lifecycles:
        shown = [item for item in shown if item.get("lifecycle", "active") in lifecycles]
    ids = [item["id"] for item in shown]
    first, last = 0, len(shown)
    if cursor.after_id is not None:
        first = _position(ids, cursor.after_id, "after_id") + 1
    if cursor.before_id is not None:
        last = _position(ids, cursor.before_id, "before_id")
        first = max(0, last - cursor.limit)
        has_more = first > 0
    else:
        has_more = first + cursor.limit < last
    page = shown[first : min(last, first + cursor.limit)]
    return msgspec.json.encode(
        {
            "data": page,
            "has_more": has_more,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
        }
    )


def _position(ids: Sequence[str], wanted: str, name: str) -> int:
    try:
        return ids.index(wanted)
    except ValueError:
        message = f"{name}: no model has the id {wanted!r}"
        raise InvalidRequest(message) from None


def _read_query(query: bytes) -> tuple[IdCursor, frozenset[str]]:
    values: dict[str, str] = {}
    lifecycles: set[str] = set()
    for raw, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        name = raw.removesuffix("[]")
        if name not in _NAMES:
            message = f"{name}: Extra inputs are not permitted; this endpoint takes: {', '.join(sorted(_NAMES))}"
            raise InvalidRequest(message)
        if name == "lifecycle":
            lifecycles.add(value)
        values[name] = value
    if not lifecycles <= _LIFECYCLES:
        message = f"lifecycle: must be among: {', '.join(sorted(_LIFECYCLES))}"
        raise InvalidRequest(message)
    return IdCursor(_limit(values.get("limit")), values.get("after_id"), values.get("before_id")), frozenset(lifecycles)


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if not _SMALL.fullmatch(text) or not 1 <= int(text) <= _MAX_LIMIT:
        message = f"limit: must be a whole number from 1 to {_MAX_LIMIT}"
        raise InvalidRequest(message)
    return int(text)
