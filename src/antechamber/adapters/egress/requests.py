"""One HTTP request taken out on a connection of its own: in plain, or with a header that only the proxy knows."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Sequence
from typing import Final

from antechamber.adapters.egress.dialling import DialError, Target
from antechamber.adapters.egress.gate import HANDSHAKE_SECONDS, Gate
from antechamber.adapters.egress.heads import (
    LARGEST_HEAD,
    Body,
    Head,
    HeadError,
    body_of,
    end_of_head,
    host_header,
    read_head,
    write_head,
)
from antechamber.adapters.egress.hosts import show_host
from antechamber.adapters.egress.policy import HTTPS, Denied
from antechamber.adapters.egress.refusing import BAD_GATEWAY, BAD_REQUEST, GATEWAY_TIMEOUT, refuse
from antechamber.adapters.egress.relay import UNANSWERED, Carried, carry_one_way
from antechamber.adapters.egress.stream import Stream, TlsStream, TooLargeError
from antechamber.features.environments.model.sandbox import Injection

_LONGEST_LINE: Final = 4096
_IDLE_SECONDS: Final = 600
_READS: Final = frozenset({"GET", "HEAD"})
_SIZE: Final = re.compile(r"[0-9a-fA-F]{1,15}")


async def send_request(
    gate: Gate,
    stream: Stream,
    target: Target,
    head: Head,
    rule: str,
    *,
    secure: bool = False,
    added: Sequence[tuple[str, str]] = (),
) -> None:
    """Send a request whose head is in origin form, and its answer back; `secure`: over TLS of the proxy's own."""
    try:
        body = body_of(head)
        outside = await _open(gate, target, secure=secure)
    except HeadError as error:
        await refuse_request(gate, stream, target, BAD_REQUEST, Denied("malformed", f"{error}."))
        return
    except DialError as error:
        denied = Denied("unreachable", f"{show_host(target.host)}:{target.port}: {error}.")
        await refuse_request(gate, stream, target, BAD_GATEWAY, denied)
        return
    host = show_host(target.host)
    address = str(target.addresses[0]) if target.addresses else None
    kind = "https" if secure else "http"
    number = gate.journal.allow(kind, host, target.port, rule, address)
    carried, failure = Carried(), "cut"
    try:
        await outside.write(write_head(head, added))
        failure = await _exchange(stream, outside, body, carried, gate.policy.answer_seconds)
        if failure == UNANSWERED:
            denied = Denied(UNANSWERED, f"{host}:{target.port} took the request and answered nothing.")
            await refuse(stream, GATEWAY_TIMEOUT, target.host, target.port, denied)
    finally:
        gate.journal.end(number, kind, host, target.port, carried.sent, carried.received, failure or None)
        outside.close()


async def end_tls(gate: Gate, stream: Stream, target: Target, kind: str, rule: str, injection: Injection) -> None:
    """End the TLS of a host with an injected header, and send its one request on over TLS of the proxy's own."""
    assert gate.certificates is not None  # noqa: S101 - whoever calls knows
    inner = TlsStream(stream, gate.certificates.context(str(target.host)), server_name=None)
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            await inner.handshake()
            head = read_head(await inner.read_until(end_of_head, LARGEST_HEAD))
        _check_host(head, target)
    except HeadError as error:
        await refuse_request(gate, inner, target, BAD_REQUEST, Denied("host_mismatch", f"{error}."))
        return
    except TooLargeError:
        await refuse_request(gate, inner, target, BAD_REQUEST, Denied("too_large", "The head is too large."))
        return
    except (ssl.SSLError, OSError, EOFError, TimeoutError) as error:
        gate.deny(kind, target.host, target.port, Denied("not_tls", f"TLS was not agreed on: {type(error).__name__}."))
        stream.abort()
        return
    added = ((injection.header, injection.value),) if head.method in _READS or not injection.reads_only else ()
    await send_request(gate, inner, target, head, rule, secure=True, added=added)
    with contextlib.suppress(OSError):
        await inner.finish()


def _check_host(head: Head, target: Target) -> None:
    if host_header(head, HTTPS) != (target.host, target.port) or not head.target.startswith("/"):
        message = "the request is for another host than the connection"
        raise HeadError(message)


async def refuse_request(gate: Gate, stream: Stream, target: Target, status: int, denied: Denied) -> None:
    """Refuse, and write it into the log."""
    gate.deny("http", target.host, target.port, denied)
    await refuse(stream, status, target.host, target.port, denied)


async def _open(gate: Gate, target: Target, *, secure: bool) -> Stream:
    seconds = gate.policy.answer_seconds
    outside = await gate.dialler.dial(target, seconds)
    return await gate.dialler.secure(outside, str(target.host), seconds) if secure else outside


async def _exchange(stream: Stream, outside: Stream, body: Body, carried: Carried, answer_seconds: float) -> str:
    """Carry the body out, no byte more, and the answer in until its end; return a word on what went wrong."""
    sending = asyncio.create_task(_send_body(stream, outside, body, carried))
    try:
        await carry_one_way(outside, stream, carried, _IDLE_SECONDS, answer_seconds)
    except TimeoutError:
        return "idle" if carried.received or not answer_seconds else UNANSWERED
    except OSError:
        return "cut"
    finally:
        sending.cancel()
        with contextlib.suppress(BaseException):
            await sending
    return ""


async def _send_body(stream: Stream, outside: Stream, body: Body, carried: Carried) -> None:
    try:
        if not body.chunked:
            await _copy(stream, outside, body.length, carried)
            return
        while size := await _chunk_size(stream, outside):
            await _copy(stream, outside, size + 2, carried)
        while await _line(stream, outside) != b"\r\n":
            pass
    except (HeadError, EOFError, TooLargeError):
        # half a request must not look whole; its reader learns of it too
        outside.cut()


async def _chunk_size(stream: Stream, outside: Stream) -> int:
    line = await _line(stream, outside)
    try:
        digits = line.split(b";")[0].strip().decode("ascii")
    except UnicodeDecodeError:
        digits = ""
    if not _SIZE.fullmatch(digits):
        message = "a chunk without size"
        raise HeadError(message)
    return int(digits, 16)


async def _line(stream: Stream, outside: Stream) -> bytes:
    line = await stream.read_until(_end_of_line, _LONGEST_LINE)
    await outside.write(line)
    return line


def _end_of_line(data: bytes) -> int | None:
    at = data.find(b"\r\n")
    return None if at < 0 else at + 2


async def _copy(stream: Stream, outside: Stream, size: int, carried: Carried) -> None:
    buffer = memoryview(bytearray(min(size, 64 * 1024)))
    while size:
        got = await stream.read_into(buffer[: min(size, len(buffer))])
        if not got:
            raise EOFError
        await outside.write(buffer[:got])
        size -= got
        carried.sent += got
