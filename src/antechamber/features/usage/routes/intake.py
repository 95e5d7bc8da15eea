"""Where Claude Code's telemetry is posted."""

import asyncio
from typing import Final

from antechamber.base.errors import Overloaded, Unavailable
from antechamber.base.permissions import Permission
from antechamber.base.principal import Caller, caller_of, demand, demand_address
from antechamber.features.usage.service.claude_code import ClaudeCodeMetrics
from antechamber.http.app import RawRoute
from antechamber.http.authenticate import Authenticator
from antechamber.http.context import Context, context_of
from antechamber.http.reply import Receive, Scope, Send, read_body, send_whole

# what takes longer to read would hold up other requests
_AT_ONCE: Final = 32 << 10


class MetricsIntake:
    """What Claude Code exports: bytes in one of two encodings, so bare ASGI callables. Only metrics are kept."""

    def __init__(self, metrics: ClaudeCodeMetrics, authenticator: Authenticator) -> None:
        self._metrics = metrics
        self._authenticator = authenticator

    def routes(self) -> list[RawRoute]:
        """Return the endpoints."""
        need = Permission.METRICS_WRITE
        return [
            RawRoute("POST", "/v1/metrics", need, self.post, "Take the metrics that Claude Code exports (OTLP/HTTP)"),
            RawRoute("POST", "/v1/logs", need, self.discard, "Take logs, and drop them (OTLP/HTTP)"),
            RawRoute("POST", "/v1/traces", need, self.discard, "Take traces, and drop them (OTLP/HTTP)"),
        ]

    async def post(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what was exported; points that can't be counted are named in a partial success."""
        # its messages and their library are loaded by the first who sends any
        from antechamber.features.usage.wire import telemetry  # noqa: PLC0415 - see above

        headers, context = dict(scope["headers"]), context_of(scope)
        key = await self._admit(context, headers)
        encoding = telemetry.media_type(headers.get(b"content-type", b"").decode("latin-1"))
        packing = headers.get(b"content-encoding", b"").decode("latin-1")
        body = telemetry.unpack(await read_body(scope, receive, telemetry.LARGEST_BODY), packing)
        if len(body) <= _AT_ONCE:
            points = telemetry.read_points(body, encoding)
        else:
            points = await asyncio.to_thread(telemetry.read_points, body, encoding)
        refusal = await self._metrics.receive(key, points)
        told = telemetry.answer(encoding, refusal.points, refusal.message) if refusal else telemetry.answer(encoding)
        await _accept(send, context, encoding, told)

    async def discard(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say that all of it was taken: an exporter that is refused logs an error at every flush (wire-auth.md 6.3)."""
        from antechamber.features.usage.wire import telemetry  # noqa: PLC0415 - as above

        headers, context = dict(scope["headers"]), context_of(scope)
        await self._admit(context, headers)
        encoding = telemetry.media_type(headers.get(b"content-type", b"").decode("latin-1"))
        await read_body(scope, receive, telemetry.LARGEST_BODY)
        await _accept(send, context, encoding, telemetry.answer(encoding))

    async def _admit(self, context: Context, headers: dict[bytes, bytes]) -> Caller:
        try:
            principal = await self._authenticator.authenticate(headers)
        except Overloaded as error:
            # exporters try again after a 503, and throw the metrics away after a 529
            raise Unavailable(error.message, note=error.note, retry_after=1) from error
        context.principal = principal
        demand_address(principal, context.address)
        demand(principal, Permission.METRICS_WRITE)
        return caller_of(principal)


async def _accept(send: Send, context: Context, encoding: str, told: bytes) -> None:
    context.status = 200
    await send_whole(send, 200, [(b"content-type", encoding.encode()), *context.identity_headers()], told)
