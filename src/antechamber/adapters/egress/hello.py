"""Reads the name that a TLS client asks for out of its first bytes (RFC 8446 §4.1.2, RFC 6066 §3)."""

from typing import Final

HANDSHAKE: Final = 0x16
LARGEST: Final = 64 * 1024
_HEADER: Final = 5
_LONGEST_RECORD: Final = 1 << 14
_CLIENT_HELLO: Final = 1
_SERVER_NAME: Final = 0
_HOST_NAME: Final = 0
_RANDOM_AND_VERSION: Final = 34

# a fatal alert, so that the program inside says more than that the connection was closed (RFC 8446 §6.2)
ACCESS_DENIED: Final = bytes((0x15, 3, 3, 0, 2, 2, 49))


class HelloError(ValueError):
    """These are not the first bytes of a TLS client, or they name no host."""


class _Reader:
    """Takes numbers and vectors off the front of bytes; HelloError when there are too few."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            message = "ends too early"
            raise HelloError(message)
        self._at += size
        return self._data[self._at - size : self._at]

    def vector(self, length_bytes: int) -> bytes:
        return self.take(int.from_bytes(self.take(length_bytes)))

    def more(self) -> bool:
        return self._at < len(self._data)


def server_name(data: bytes) -> str | None:
    """Return the name in a ClientHello, in lower case; None while it is not whole yet. HelloError otherwise."""
    message = _message(data)
    return None if message is None else _name(message)


def _message(data: bytes) -> bytes | None:
    """Return the first handshake message, put together from its records; None if more is to come."""
    joined = bytearray()
    at = 0
    while True:
        head = data[at : at + _HEADER]
        if head[:1] not in (b"", b"\x16") or head[1:2] not in (b"", b"\x03"):
            note = "no TLS handshake"
            raise HelloError(note)
        if len(head) < _HEADER:
            return None
        length = int.from_bytes(head[3:5])
        if not 0 < length <= _LONGEST_RECORD:
            note = "a record of a length that TLS does not know"
            raise HelloError(note)
        joined += data[at + _HEADER : at + _HEADER + length]
        at += _HEADER + length
        if joined and joined[0] != _CLIENT_HELLO:
            note = "no ClientHello"
            raise HelloError(note)
        if len(joined) >= 4:  # noqa: PLR2004 - type and length of a handshake message
            size = int.from_bytes(joined[1:4])
            if size > LARGEST:
                note = "a ClientHello that is too large"
                raise HelloError(note)
            if len(joined) >= 4 + size:
                return bytes(joined[4 : 4 + size])
        if at > len(data):
            return None


def _name(message: bytes) -> str:
    reader = _Reader(message)
    reader.take(_RANDOM_AND_VERSION)
    reader.vector(1)  # session id
    reader.vector(2)  # cipher suites
    reader.vector(1)  # compression methods
    extensions = _Reader(reader.vector(2)) if reader.more() else _Reader(b"")
    names = []
    while extensions.more():
        kind, body = int.from_bytes(extensions.take(2)), extensions.vector(2)
        if kind == _SERVER_NAME:
            names.append(_of_list(body))
    if len(names) != 1:
        note = "names no host" if not names else "names hosts twice"
        raise HelloError(note)
    return names[0]


def _of_list(body: bytes) -> str:
    entries = _Reader(_Reader(body).vector(2))
    kind, name = int.from_bytes(entries.take(1)), entries.vector(2)
    if kind != _HOST_NAME or entries.more() or not name.isascii():
        note = "names its host in a way that RFC 6066 does not know"
        raise HelloError(note)
    return name.decode("ascii").lower()
