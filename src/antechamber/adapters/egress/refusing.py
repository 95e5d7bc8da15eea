"""Tells a program inside why it is refused: an answer for HTTP, an alert for TLS."""

import asyncio
import contextlib
from typing import Final

import msgspec

from antechamber.adapters.egress.hello import ACCESS_DENIED
from antechamber.adapters.egress.hosts import Host, show_host
from antechamber.adapters.egress.policy import Denied
from antechamber.adapters.egress.stream import Stream

ERROR_CODE: Final = "sandbox_egress_denied"
RULE_HEADER: Final = "X-Antechamber-Egress"
FORBIDDEN: Final = 403
BAD_REQUEST: Final = 400
BAD_GATEWAY: Final = 502
GATEWAY_TIMEOUT: Final = 504
_WORDS: Final = {
    FORBIDDEN: "Forbidden",
    BAD_REQUEST: "Bad Request",
    BAD_GATEWAY: "Bad Gateway",
    GATEWAY_TIMEOUT: "Gateway Timeout",
}
_LINGER_SECONDS: Final = 2
_LINGER_BYTES: Final = 1 << 20


def refusal(status: int, host: Host | None, port: int, denied: Denied) -> bytes:
    """Return the whole answer: the shape of the wire's errors, with the rule and how to change it."""
    details = {"error_code": ERROR_CODE, "rule": denied.rule, "remedy": denied.remedy}
    if host is not None:
        details |= {"host": show_host(host), "port": str(port)}
    error = {"type": "permission_error", "message": f"{denied.message} {denied.remedy}", "details": details}
    body = msgspec.json.encode({"type": "error", "error": error}) + b"\n"
    lines = (
        f"HTTP/1.1 {status} {_WORDS[status]}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"{RULE_HEADER}: denied; rule={denied.rule}",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode() + body


async def refuse(stream: Stream, status: int, host: Host | None, port: int, denied: Denied) -> None:
    """Answer, and give the other end the time to read it."""
    await _say_last(stream, refusal(status, host, port, denied))


async def alert(stream: Stream) -> None:
    """End a TLS handshake that has not begun, with an alert."""
    await _say_last(stream, ACCESS_DENIED)


async def _say_last(stream: Stream, data: bytes) -> None:
    """Send the last bytes, and wait a little for the end of the other: closing with bytes unread would cut it off."""
    with contextlib.suppress(OSError, TimeoutError):
        await stream.write(data)
        await stream.finish()
        async with asyncio.timeout(_LINGER_SECONDS):
            thrown_away = 0
            while thrown_away < _LINGER_BYTES and (more := await stream.read()):
                thrown_away += len(more)
