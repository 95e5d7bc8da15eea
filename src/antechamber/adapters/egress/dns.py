"""Reads the queries of resolvers and writes answers to them (RFC 1035); nothing is ever asked of anybody."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Final

A: Final = 1
AAAA: Final = 28
TTL_SECONDS: Final = 60
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NO_SUCH_NAME, NOT_IMPLEMENTED, REFUSED = 0, 1, 2, 3, 4, 5

_HEADER: Final = struct.Struct(">6H")
_IS_ANSWER: Final = 0x8000
_OPCODE: Final = 0x7800
_RECURSION_DESIRED: Final = 0x0100
_RECURSION_AVAILABLE: Final = 0x0080
_INTERNET: Final = 1
_POINTER: Final = 0xC0
_LONGEST_NAME: Final = 253


class QueryError(ValueError):
    """These bytes are no query; there is nothing to answer to."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query for one name, in lower case; `question` is its own bytes, to be said again in the answer."""

    number: int
    flags: int
    name: str
    kind: int
    question: bytes

    @property
    def is_plain(self) -> bool:
        """Whether it is a standard query of the Internet's class."""
        return not self.flags & _OPCODE and self.question[-2:] == _INTERNET.to_bytes(2)


def read_query(data: bytes) -> Query:
    """Read a query; QueryError."""
    if len(data) < _HEADER.size:
        message = "too short"
        raise QueryError(message)
    number, flags, questions, *_ = _HEADER.unpack_from(data)
    if flags & _IS_ANSWER or questions != 1:
        message = "not one question"
        raise QueryError(message)
    labels, at = _labels(data, _HEADER.size)
    if at + 4 > len(data):
        message = "a question without type"
        raise QueryError(message)
    kind = int.from_bytes(data[at : at + 2])
    return Query(number, flags, ".".join(labels), kind, data[_HEADER.size : at + 4])


def answer(query: Query, code: int, address: IPv4Address | None = None) -> bytes:
    """Return the answer with a code, and with the address if there is one to tell."""
    flags = _IS_ANSWER | (query.flags & (_OPCODE | _RECURSION_DESIRED)) | _RECURSION_AVAILABLE | code
    head = _HEADER.pack(query.number, flags, 1, 0 if address is None else 1, 0, 0)
    if address is None:
        return head + query.question
    record = struct.pack(">HHHIH", 0xC000 | _HEADER.size, A, _INTERNET, TTL_SECONDS, 4) + address.packed
    return head + query.question + record


def _labels(data: bytes, at: int) -> tuple[list[str], int]:
    labels: list[str] = []
    while True:
        length = data[at] if at < len(data) else _POINTER
        if length & _POINTER or at + 1 + length > len(data):
            message = "a name that does not end, or points elsewhere"
            raise QueryError(message)
        at += 1
        if not length:
            break
        try:
            labels.append(data[at : at + length].decode("ascii").lower())
        except UnicodeDecodeError:
            message = "a name beyond ASCII"
            raise QueryError(message) from None
        at += length
    if sum(map(len, labels)) + len(labels) - 1 > _LONGEST_NAME:
        message = "a name that is too long"
        raise QueryError(message)
    return labels, at
