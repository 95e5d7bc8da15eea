"""Sending spans by OTLP over HTTP in protobuf (opentelemetry.io/docs/specs/otlp), through the guard."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.outbound import Headers
from antechamber.client.guard import Guard, GuardReason, GuardRefusal
from antechamber.features.telemetry.model.spans import Span
from antechamber.features.telemetry.model.standing import Failure, Trouble
from antechamber.features.telemetry.ports import Target

_OK: Final = range(200, 300)
# what no repetition mends: OTLP wants these spans dropped (otlp#failures); 401 and 403 the administrators can mend
_NEVER: Final = frozenset({400, 413, 415, 422})
_CONTENT_TYPE: Final = ("content-type", "application/x-protobuf")
_MESSAGES: Final = {
    GuardReason.URL: (Trouble.ADDRESS, "invalid address"),
    GuardReason.NAME: (Trouble.ADDRESS, "invalid address"),
    GuardReason.PRIVATE: (Trouble.ADDRESS, "invalid address"),
    GuardReason.TIMEOUT: (Trouble.PASSING, "timeout"),
    GuardReason.TLS: (Trouble.PASSING, "TLS failure"),
    GuardReason.UNREACHABLE: (Trouble.PASSING, "connection failure"),
    GuardReason.PROTOCOL: (Trouble.PASSING, "connection failure"),
    GuardReason.TOO_LARGE: (Trouble.PASSING, "answer too large"),
}


class GuardedAddresses:
    """Says which addresses can never be sent to (`telemetry.ports.Addresses`)."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def check(self, field: str, url: str) -> None:
        """Raise InvalidRequest, beginning with the field's name, for an address that can never be sent to."""
        try:
            self._guard.check(url)
        except GuardRefusal as refusal:
            message = f"{field}: {refusal.note}"
            raise InvalidRequest(message, note=str(refusal)) from None


class OtlpExporter:
    """Sends spans, once, to the addresses that a name resolves to now and that are checked anew."""

    def __init__(self, guard: Guard, version: str) -> None:
        self._guard = guard
        self._version = version

    async def export(self, target: Target, spans: Sequence[Span]) -> Failure | None:
        """Return what went wrong, None if the destination has taken them; nothing of its answer is told."""
        # encoding thousands of attributes takes longer than requests may be held up
        body = await asyncio.to_thread(_encode, spans, self._version)
        headers = [_CONTENT_TYPE, *((name, value.reveal()) for name, value in target.headers.items())]
        try:
            answer = await self._guard.fetch("POST", target.url, headers, body)
        except GuardRefusal as refusal:
            return _failure(refusal)
        if answer.status in _OK:
            return None
        trouble = Trouble.REFUSED if answer.status in _NEVER else Trouble.PASSING
        return Failure(trouble, f"HTTP error (status {answer.status})", _retry_after(answer.headers))


def _encode(spans: Sequence[Span], version: str) -> bytes:
    from antechamber.adapters.telemetry.encoding import encode  # noqa: PLC0415 - a server without destinations has none

    return encode(spans, version)


def _failure(refusal: GuardRefusal) -> Failure:
    if refusal.reason is GuardReason.REDIRECT:
        return Failure(Trouble.REDIRECT, f"redirect (status {refusal.status})")
    if isinstance(refusal.__cause__, socket.gaierror):
        # RFC 8499: a name that is not there is an answer, a server that does not answer is none
        if refusal.__cause__.errno in {socket.EAI_AGAIN, socket.EAI_FAIL}:
            return Failure(Trouble.PASSING, "temporary DNS failure")
        return Failure(Trouble.ADDRESS, "invalid address")
    return Failure(*_MESSAGES[refusal.reason])


def _retry_after(headers: Headers) -> int:
    text = next((value for name, value in headers if name == "retry-after"), "").strip()
    # as a date it is rare, and our own wait will do
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0  # noqa: PLR2004 - no huge numbers
