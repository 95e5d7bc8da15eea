"""The heads of HTTP/1.1 requests: read strictly, and written anew for one request on one connection (RFC 9112)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from antechamber.adapters.egress.hosts import Host, read_authority, show_host

LARGEST_HEAD: Final = 64 * 1024
_END: Final = b"\r\n\r\n"
_REQUEST_LINE: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e]+) HTTP/1\.([01])")
_FIELD: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*?)[ \t]*")
_DIGITS: Final = re.compile(r"[0-9]{1,18}")
_HTTP: Final = 80
# RFC 9110 §7.6.1, and what is between the sandbox and its proxy only
_OF_ONE_HOP: Final = frozenset(
    {"connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade"}
)


class HeadError(ValueError):
    """The head is not one that can be understood in only one way."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head; `target` as it came, `fields` in order with names as they came."""

    method: str
    target: str
    fields: Sequence[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        """Return the values of a field, whose name is given in lower case."""
        return [value for key, value in self.fields if key.lower() == name]


@dataclass(frozen=True, slots=True)
class Body:
    """How long a request's body is: `length` bytes, or in chunks."""

    length: int = 0
    chunked: bool = False


def end_of_head(data: bytes) -> int | None:
    """Return where a head ends, or None."""
    at = data.find(_END)
    return None if at < 0 else at + len(_END)


def read_head(data: bytes) -> Head:
    """Read a request's head with its empty line; HeadError."""
    try:
        first, *rest = data.removesuffix(_END).decode("latin-1").split("\r\n")
    except ValueError as error:
        raise HeadError(str(error)) from error
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        message = "the request line is none of HTTP/1"
        raise HeadError(message)
    fields = []
    for text in rest:
        field = _FIELD.fullmatch(text)
        if field is None:
            message = "a header line is malformed"
            raise HeadError(message)
        fields.append((field[1], field[2]))
    return Head(line[1], line[2], tuple(fields))


def connect_target(head: Head) -> tuple[Host, int]:
    """Return host and port that a CONNECT asks for; HeadError."""
    try:
        return read_authority(head.target)
    except ValueError as error:
        raise HeadError(str(error)) from None


def plain_target(head: Head) -> tuple[Host, int, Head]:
    """Return host, port and head in origin form of a proxy's request for an `http://` address; HeadError.

    The one Host header must be that of the address.
    """
    try:
        parts = urlsplit(head.target)
    except ValueError as error:
        raise HeadError(str(error)) from None
    if parts.scheme.lower() != "http" or not parts.netloc or "@" in parts.netloc:
        message = "the request is for no http:// address"
        raise HeadError(message)
    target = _authority(parts.netloc)
    path = parts.path or "/"
    origin = replace(head, target=f"{path}?{parts.query}" if parts.query else path)
    if host_header(head) != target:
        message = "the Host header is not the host of the address"
        raise HeadError(message)
    return *target, origin


def host_header(head: Head, default_port: int = _HTTP) -> tuple[Host, int]:
    """Return host and port of the one Host header; HeadError."""
    values = head.values("host")
    if len(values) != 1:
        message = "there must be one Host header"
        raise HeadError(message)
    return _authority(values[0], default_port)


def body_of(head: Head) -> Body:
    """Return how a request's body is framed; HeadError where two readers could disagree (RFC 9112 §6.3)."""
    lengths, codings = head.values("content-length"), head.values("transfer-encoding")
    if codings:
        if lengths or len(codings) > 1 or codings[0].lower() != "chunked":
            message = "the length of the body can be understood in two ways"
            raise HeadError(message)
        return Body(chunked=True)
    if not lengths:
        return Body()
    if len(set(lengths)) > 1 or not _DIGITS.fullmatch(lengths[0]):
        message = "Content-Length is no number"
        raise HeadError(message)
    return Body(int(lengths[0]))


def write_head(head: Head, added: Sequence[tuple[str, str]] = (), *, target: str | None = None) -> bytes:
    """Return a head for a connection that ends after its answer; fields of one hop are left out.

    `added` replace fields of their names; `target` is written instead of the head's own.
    """
    replaced = {name.lower() for name, _ in added}
    dropped = _OF_ONE_HOP | replaced | _named_by_connection(head)
    lines = [f"{head.method} {target or head.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in head.fields if name.lower() not in dropped]
    lines += [f"{name}: {value}" for name, value in added]
    return ("\r\n".join([*lines, "Connection: close"])).encode("latin-1") + _END


def show_authority(host: Host, port: int) -> str:
    """Return `host:port`."""
    return f"{show_host(host)}:{port}"


def _named_by_connection(head: Head) -> set[str]:
    # what frames or addresses a request is never taken away by its own Connection field
    named = {part.strip().lower() for value in head.values("connection") for part in value.split(",")}
    return named - {"host", "content-length", "transfer-encoding"}


def _authority(text: str, default_port: int = _HTTP) -> tuple[Host, int]:
    try:
        return read_authority(text, default_port)
    except ValueError as error:
        raise HeadError(str(error)) from None
