"""Records: `length, crc32 | sequence, kind, payload` in little-endian, payloads in MessagePack."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any, Final
from zlib import crc32

import msgspec

from antechamber.features.usage.model import (
    LARGEST,
    LONGEST,
    Ending,
    Intent,
    Outcome,
    TokenUsage,
    UsageRow,
    clean_number,
    clean_text,
)

INTENT: Final = 1
END: Final = 2
LONGEST_INTENT: Final = 4096
LONGEST_OUTCOME: Final = 1536
_HEAD: Final = struct.Struct("<II")
_BODY: Final = struct.Struct("<QB")
OVERHEAD: Final = _HEAD.size + _BODY.size + 1
LONGEST_RECORD: Final = OVERHEAD + LONGEST_INTENT + LONGEST_OUTCOME

# an array of two is its mark and its items one after the other: an end carries its intent's bytes as they are
_PAIR: Final = b"\x92"
_SHORT: Final = 16
_SHORT_TAG: Final = 64

_USAGE: Final = tuple(field.name for field in fields(TokenUsage))
_ENDED: Final = tuple(field.name for field in fields(Outcome))[1:]
_FREE: Final = ("model_asked", "model_served", "session_id", "agent_id", "parent_agent_id", "end_user",
                "user_profile_id")  # fmt: skip
_ENDED_FREE: Final = ("service_tier", "inference_geo", "speed", "context_window", "stop_reason")
_intent_values: Final = attrgetter(*(field.name for field in fields(Intent)))
_free_values: Final = attrgetter(*_FREE)
_usage_values: Final = attrgetter(*_USAGE)
_ended_values: Final = attrgetter(*_ENDED)
_ended_free_values: Final = attrgetter(*_ENDED_FREE)
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder().decode


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a segment, and the offset of the next."""

    kind: int
    sequence: int
    payload: memoryview
    next_offset: int


def seal(kind: int, sequence: int, payload: bytes) -> bytes:
    """Return a whole record."""
    body = _BODY.pack(sequence, kind) + payload
    return _HEAD.pack(len(body), crc32(body)) + body


def encode_intent(intent: Intent) -> bytes:
    """Return an intent's payload, at most LONGEST_INTENT bytes; tags that don't fit are cut."""
    free = [text for text in _free_values(intent) if text]
    if not "".join(free).isprintable() or max(map(len, free), default=0) > LONGEST:
        intent = replace(intent, **_cleaned(intent, _FREE, LONGEST))
    payload = _encode(_intent_values(intent))
    if len(payload) > LONGEST_INTENT:
        payload = _encode(_intent_values(replace(intent, **_cleaned(intent, _FREE, _SHORT_TAG))))
    return payload


def encode_end(intent: bytes, outcome: Outcome) -> bytes:
    """Return an end's payload, which carries its intent's, so that an end alone is a whole row."""
    counts = _usage_values(outcome.usage)
    if min(counts) < 0 or max(counts) > LARGEST:
        counts = tuple(clean_number(count) for count in counts)
    free = [text for text in _ended_free_values(outcome) if text]
    if not "".join(free).isprintable() or max(map(len, free), default=0) > LONGEST:
        outcome = replace(outcome, **_cleaned(outcome, _ENDED_FREE, LONGEST))
    payload = _encode(counts + _ended_values(outcome))
    if len(payload) > LONGEST_OUTCOME:
        payload = _encode(counts + _ended_values(replace(outcome, **_cleaned(outcome, _ENDED_FREE, _SHORT))))
    return _PAIR + intent + payload


def decode_intent(payload: bytes | memoryview) -> Intent:
    """Read an intent's payload, of this version or an older one."""
    return Intent(*_decode(payload))


def decode_end(payload: bytes | memoryview) -> UsageRow:
    """Read an end's payload, of this version or an older one."""
    intent, values = _decode(payload)
    usage = TokenUsage(*values[: len(_USAGE)])
    ended = dict(zip(_ENDED, values[len(_USAGE) :], strict=False))
    ended["ended"] = Ending(ended["ended"])
    return UsageRow(Intent(*intent), Outcome(usage, **ended))


def walk(buffer: memoryview, offset: int = 0) -> Iterator[Record]:
    """Read the whole records of a buffer from `offset`; what was torn off at the end is ignored.

    A damaged record is passed over when the one behind it is whole.
    """
    while True:
        record = _read(buffer, offset)
        if record is None:
            beyond = _beyond(buffer, offset)
            record = None if beyond is None else _read(buffer, beyond)
        if record is None:
            return
        yield record
        offset = record.next_offset


def _read(buffer: memoryview, offset: int) -> Record | None:
    end = _beyond(buffer, offset)
    if end is None:
        return None
    length, checksum = _HEAD.unpack_from(buffer, offset)
    body = buffer[offset + _HEAD.size : end]
    if crc32(body) != checksum:
        return None
    sequence, kind = _BODY.unpack_from(body)
    return Record(kind, sequence, body[_BODY.size : length], end)


def _beyond(buffer: memoryview, offset: int) -> int | None:
    if offset + _HEAD.size > len(buffer):
        return None
    length: int = _HEAD.unpack_from(buffer, offset)[0]
    end = offset + _HEAD.size + length
    return end if _BODY.size <= length <= LONGEST_RECORD and end <= len(buffer) else None


def _cleaned(source: Intent | Outcome, names: tuple[str, ...], longest: int) -> dict[str, Any]:
    texts = {name: getattr(source, name) for name in names}
    return {name: clean_text(text)[:longest] for name, text in texts.items() if text}
