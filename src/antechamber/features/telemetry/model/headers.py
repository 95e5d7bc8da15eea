"""The headers that go with every delivery: their rules, and what a change makes of them."""

import re
from collections.abc import Mapping
from typing import Final

from antechamber.base.errors import InvalidRequest

_MOST: Final = 20
_LONGEST_NAME: Final = 128
LONGEST_VALUE: Final = 4096
MOST_BYTES: Final = 16_384
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_VALUE: Final = re.compile(r"(?! )[\x20-\x7e]*(?<! )")
# what the exporter says itself, what belongs to the connection, and what a proxy on the way would believe
_RESERVED: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
    }
)
_RESERVED_BEGINNINGS: Final = ("anthropic-", "content-", "proxy-", "x-forwarded-")


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a new destination; InvalidRequest past the rules."""
    for name, value in headers.items():
        check_header(name, value)
    _refuse_twice(headers)
    _check_sizes({name: len(value) for name, value in headers.items()})
    return dict(headers)


def merge_headers(known: Mapping[str, str], said: Mapping[str, str | None]) -> dict[str, str]:
    """Return what becomes of known headers; InvalidRequest past the rules.

    A value that the caller cannot read counts with its longest length, as they could not know better.
    """
    for name, value in said.items():
        check_header(name, value)
    _refuse_twice(said)
    changed = {name.lower(): (name, value) for name, value in said.items()}
    merged = {name: value for name, value in known.items() if name.lower() not in changed}
    lengths = dict.fromkeys(merged, LONGEST_VALUE)
    for name, value in changed.values():
        if value is not None:
            merged[name], lengths[name] = value, len(value)
    if any(value is not None for value in said.values()):
        _check_sizes(lengths)
    return merged


def check_header(name: str, value: str | None) -> None:
    """Refuse a name or a value that cannot be sent, or a name that is not the caller's to set; no value is told."""
    if not _TOKEN.fullmatch(name) or len(name) > _LONGEST_NAME:
        message = f"headers: a name must be an HTTP token of at most {_LONGEST_NAME} characters"
        raise InvalidRequest(message)
    plain = name.lower().replace("_", "-")
    if plain in _RESERVED or plain.startswith(_RESERVED_BEGINNINGS):
        message = f"headers.{name}: this name is reserved"
        raise InvalidRequest(message)
    if value is not None and (len(value) > LONGEST_VALUE or not _VALUE.fullmatch(value)):
        message = f"headers.{name}: must be printable ASCII, at most {LONGEST_VALUE} characters, no space at either end"
        raise InvalidRequest(message)


def _refuse_twice(headers: Mapping[str, str | None]) -> None:
    seen: set[str] = set()
    for name in headers:
        if name.lower() in seen:
            message = f"headers.{name}: two names differ only in case"
            raise InvalidRequest(message)
        seen.add(name.lower())


def _check_sizes(lengths: Mapping[str, int]) -> None:
    if len(lengths) > _MOST:
        message = f"headers: at most {_MOST}"
        raise InvalidRequest(message)
    if sum(len(name) + length for name, length in lengths.items()) > MOST_BYTES:
        message = (
            f"headers: names and values together are longer than {MOST_BYTES} bytes; a stored value that is not sent "
            f"again counts as {LONGEST_VALUE}"
        )
        raise InvalidRequest(message)
