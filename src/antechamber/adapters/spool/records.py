"""Records: `length, crc32 | sequence, kind, payload` in little-endian, payloads in MessagePack."""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple
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
_HEAD: Final = struct.Struct("<IIQB")
_CHECKED_FROM: Final = 8
_BODY: Final = struct.Struct("<QB")
OVERHEAD: Final = _HEAD.size + 1
LONGEST_RECORD: Final = OVERHEAD + LONGEST_INTENT + LONGEST_OUTCOME

# an array of two is its mark and its items one after the other: an end carries its intent's bytes as they are
_PAIR: Final = b"\x92"
_SHORT: Final = 64
_SHORTEST: Final = 16

_INTENT: Final = tuple(field.name for field in fields(Intent))
_OUTCOME: Final = (*(field.name for field in fields(TokenUsage)), *[field.name for field in fields(Outcome)][1:])
_INTENT_DEFAULTS: Final = [field.default for field in fields(Intent)]
_OUTCOME_DEFAULTS: Final = [field.default for field in (*fields(TokenUsage), *fields(Outcome)[1:])]
_COUNTS: Final = len(fields(TokenUsage))
_ENDED: Final = _OUTCOME.index("ended")
_ENDINGS: Final = {ending.value: ending for ending in Ending}
_intent_values: Final = attrgetter(*_INTENT)
_outcome_values: Final = attrgetter(*(f"usage.{name}" for name in _OUTCOME[:_COUNTS]), *_OUTCOME[_COUNTS:])
# the texts that a caller or an upstream chose; all others are ours
_intent_texts: Final = itemgetter(
    *(_INTENT.index(name) for name in ("model_asked", "model_served", "session_id", "agent_id", "parent_agent_id",
                                       "end_user", "user_profile_id", "tag"))
)  # fmt: skip
_outcome_texts: Final = itemgetter(
    *(_OUTCOME.index(name) for name in ("service_tier", "inference_geo", "speed", "context_window", "stop_reason"))
)
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder().decode


class Record(NamedTuple):
    """One record of a segment, and the offset of the next."""

    kind: int
    sequence: int
    payload: memoryview
    next_offset: int


def seal(kind: int, sequence: int, payload: bytes) -> bytes:
    """Return a whole record."""
    body = _BODY.pack(sequence, kind) + payload
    return _HEAD.pack(len(payload), crc32(body), sequence, kind) + payload


def encode_intent(intent: Intent) -> bytes:
    """Return an intent's payload, at most LONGEST_INTENT bytes; tags that don't fit are cut."""
    return _pack(_intent_values(intent), LONGEST_INTENT, _SHORT)


def encode_end(intent: bytes, outcome: Outcome) -> bytes:
    """Return an end's payload, which carries its intent's, so that an end alone is a whole row."""
    return _PAIR + intent + _pack(_outcome_values(outcome), LONGEST_OUTCOME, _SHORTEST)


def decode_intent(payload: bytes | memoryview) -> Intent:
    """Read an intent's payload, of this version or an older one."""
    return _intent(_decode(payload))


def decode_end(payload: bytes | memoryview) -> UsageRow:
    """Read an end's payload, of this version or an older one."""
    intent, values = _decode(payload)
    values += _OUTCOME_DEFAULTS[len(values) :]
    _clean(values, _outcome_texts)
    counts = values[:_COUNTS]
    if min(counts) < 0 or max(counts) > LARGEST:
        counts = [clean_number(number) for number in counts]
    values[_ENDED] = _ENDINGS[values[_ENDED]]
    return UsageRow(_intent(intent), Outcome(TokenUsage(*counts), *values[_COUNTS:]))


def walk(buffer: memoryview, offset: int = 0) -> Iterator[Record]:
    """Read the whole records of a buffer from `offset`; what was torn off at the end is ignored.

    A damaged record is passed over when the one behind it is whole.
    """
    size = len(buffer)
    damaged = False
    while offset + _HEAD.size <= size:
        length, checksum, sequence, kind = _HEAD.unpack_from(buffer, offset)
        end = offset + _HEAD.size + length
        if end > size or length > LONGEST_RECORD or not kind:
            return
        if crc32(buffer[offset + _CHECKED_FROM : end]) == checksum:
            damaged = False
            yield Record(kind, sequence, buffer[offset + _HEAD.size : end], end)
        elif damaged:
            return
        else:
            damaged = True
        offset = end


def _intent(values: list[Any]) -> Intent:
    values += _INTENT_DEFAULTS[len(values) :]
    _clean(values, _intent_texts)
    return Intent(*values)


def _pack(values: Sequence[object], most_bytes: int, shortened: int) -> bytes:
    try:
        payload = _encode(values)
    except (OverflowError, UnicodeEncodeError):
        payload = _encode([_repair(value, LONGEST) for value in values])
    if len(payload) > most_bytes:
        payload = _encode([_repair(value, shortened) for value in values])
    return payload


def _repair(value: object, longest: int) -> object:
    if isinstance(value, str):
        return clean_text(value)[:longest]
    return clean_number(value) if type(value) is int else value


def _clean(values: list[Any], texts: Callable[[list[Any]], tuple[Any, ...]]) -> None:
    said = [text for text in texts(values) if text]
    if not "".join(said).isprintable() or max(map(len, said), default=0) > LONGEST:
        values[:] = [clean_text(value) if isinstance(value, str) else value for value in values]
