"""HTTP/1.1 answers: heads read strictly, bodies cut out of the bytes that carry them (RFC 9112)."""

import re
from typing import Final

_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n\0]*)?")
# A name that ends in a space and a folded line hide headers from one reader and not from another: both are refused.
_HEADERS: Final = re.compile(rb"(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\r\n\0]*)*")
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_BODILESS: Final = frozenset({204, 304})
_LONGEST_SIZE_LINE: Final = 16 * 1024
_SUCCESS: Final = 200
_SOLE_SIZE_LINE: Final = 32


class MalformedAnswer(Exception):
    """What came is no HTTP/1.1; the text says how."""


class Head:
    """Status and headers; `is_interim` for 1xx."""

    __slots__ = ("headers", "is_interim", "keeps_open", "status", "values")

    def __init__(self, status: int, minor: int, headers: list[tuple[str, str]]) -> None:
        self.status = status
        self.headers = headers
        self.is_interim = status < _SUCCESS
        self.values = dict(headers)
        connection = self.values.get("connection", "").lower()
        self.keeps_open = "close" not in connection and (minor == 1 or "keep-alive" in connection)


def read_head(buffer: bytearray) -> Head | None:
    """Take a head off the buffer's front, None while it is not whole; MalformedAnswer."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        # Whoever speaks something else would never send the empty line.
        if buffer and not b"HTTP/1.".startswith(buffer[:7]):
            message = f"the answer begins with {bytes(buffer[:20])!r}"
            raise MalformedAnswer(message)
        return None
    text = bytes(buffer[:end])
    matched = _STATUS.match(text)
    if matched is None:
        message = f"the answer begins with {text[:20]!r}"
        raise MalformedAnswer(message)
    if _HEADERS.fullmatch(text, matched.end()) is None:
        message = f"malformed headers in {text[:200]!r}"
        raise MalformedAnswer(message)
    del buffer[: end + 4]
    return Head(int(matched[2]), int(matched[1]), _headers(text[matched.end() + 2 :]))


def _headers(text: bytes) -> list[tuple[str, str]]:
    if not text:
        return []
    try:
        lines = text.decode().split("\r\n")
    except UnicodeDecodeError:
        lines = text.decode("latin-1").split("\r\n")
    split = [line.partition(":") for line in lines]
    return [(name.lower(), value.strip(" \t")) for name, _, value in split]


class Framing:
    """Where a body ends: by its length, its chunks, or with the connection."""

    __slots__ = ("_chunked", "_left", "ends_with_connection", "is_ended")

    def __init__(self, head: Head, *, bodiless: bool) -> None:
        """Read the headers that say so; MalformedAnswer when they contradict each other."""
        self.is_ended = bodiless or head.status in _BODILESS
        self.ends_with_connection = False
        self._chunked = False
        self._left = 0
        if self.is_ended:
            return
        coding = head.values.get("transfer-encoding", "").lower()
        lengths = {value for name, value in head.headers if name == "content-length"}
        if coding:
            if coding != "chunked" or lengths:
                message = f"transfer-encoding {coding!r}" + (" beside a content-length" if lengths else "")
                raise MalformedAnswer(message)
            self._chunked = True
        elif lengths:
            length = lengths.pop()
            if lengths or not (length.isascii() and length.isdigit()):
                message = "more than one content-length, or one that is no number"
                raise MalformedAnswer(message)
            self._left = int(length)
            self.is_ended = self._left == 0
        else:
            self.ends_with_connection = True

    def sole(self, came: bytes) -> bytes:
        """Return the content of one chunk that came whole and alone, as events do; empty for anything else.

        Nothing may be waiting from before.
        """
        if not self._chunked or self._left:
            return b""
        end = came.find(b"\r\n", 0, _SOLE_SIZE_LINE)
        matched = _SIZE.fullmatch(came, 0, end) if end > 0 else None
        if matched is None or int(matched[1], 16) != len(came) - end - 4 or not came.endswith(b"\r\n"):
            return b""
        return came[end + 2 : -2]

    def take(self, buffer: bytearray) -> bytes:
        """Take what is there of the body off the buffer; empty when nothing is."""
        if self.is_ended or not buffer:
            return b""
        if self._chunked:
            return self._take_chunks(buffer)
        if self.ends_with_connection:
            found = bytes(buffer)
            buffer.clear()
            return found
        found = bytes(buffer[: self._left]) if len(buffer) > self._left else bytes(buffer)
        del buffer[: len(found)]
        self._left -= len(found)
        self.is_ended = self._left == 0
        return found

    def _take_chunks(self, buffer: bytearray) -> bytes:
        """Join the chunks that are there: what came together goes on together.

        `_left` counts a chunk's remaining bytes and the line end behind them.
        """
        pieces: list[bytes] = []
        at = 0
        size = len(buffer)
        while at < size:
            if self._left > 0:
                at = self._inside(buffer, at, pieces)
                continue
            end = buffer.find(b"\r\n", at)
            if end < 0:
                if size - at > _LONGEST_SIZE_LINE:
                    message = "a chunk's size does not end"
                    raise MalformedAnswer(message)
                break
            matched = _SIZE.fullmatch(buffer, at, end)
            if matched is None:
                message = f"not a chunk's size: {bytes(buffer[at : at + 20])!r}"
                raise MalformedAnswer(message)
            length = int(matched[1], 16)
            if length == 0:
                if not self._ends(buffer, end):
                    break
                at = buffer.find(b"\r\n\r\n", end) + 4
                break
            at = end + 2
            self._left = length + 2
        del buffer[:at]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _inside(self, buffer: bytearray, at: int, pieces: list[bytes]) -> int:
        content = min(self._left - 2, len(buffer) - at)
        if content > 0:
            pieces.append(bytes(buffer[at : at + content]))
            self._left -= content
            return at + content
        # One byte or both of the chunk's line end.
        expected = b"\r\n"[2 - self._left :][: len(buffer) - at]
        if buffer[at : at + len(expected)] != expected:
            message = "a chunk is longer than its size"
            raise MalformedAnswer(message)
        self._left -= len(expected)
        return at + len(expected)

    def _ends(self, buffer: bytearray, end: int) -> bool:
        # Trailers are skipped: nobody asks for them.
        self.is_ended = buffer.find(b"\r\n\r\n", end) >= 0
        return self.is_ended
