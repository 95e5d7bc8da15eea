"""The server's own endpoints: health, metrics and the API's description.

| method | path | permission |
|---|---|---|
| GET | /health/live | public |
| GET | /health/ready | public |
| GET | /metrics | public |
| GET | /openapi.json | public |
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from antechamber.base.errors import PermissionDenied
from antechamber.base.permissions import Permission
from antechamber.http.app import RawRoute
from antechamber.http.context import context_of
from antechamber.http.metrics import Metrics
from antechamber.http.reply import Receive, Scope, Send, send_whole

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_NOT_READY: Final = 503

Check = Callable[[], Awaitable[str | None]]
Detail = Callable[[], str]


class System:
    """The handlers: bare ASGI callables, as who probes a server is not to make it load anything."""

    def __init__(
        self,
        *,
        checks: Mapping[str, Check],
        details: Mapping[str, Detail],
        metrics: Metrics,
        describe: Callable[[], Awaitable[Mapping[str, Any]]],
    ) -> None:
        """Each check answers with what is wrong, or None; a detail tells, and makes nothing unready."""
        self._checks = checks
        self._details = details
        self._metrics = metrics
        self._describe = describe

    def routes(self) -> list[RawRoute]:
        """Return the endpoints."""
        public = Permission.PUBLIC
        return [
            RawRoute("GET", "/health/live", public, self.live, "Whether the process runs"),
            RawRoute("GET", "/health/ready", public, self.ready, "Whether the server can do its work"),
            RawRoute(
                "GET", "/metrics", public, self.read_metrics, "Metrics for Prometheus, for callers on this machine"
            ),
            RawRoute("GET", "/openapi.json", public, self.describe, "This description"),
        ]

    async def live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`GET /health/live`."""
        del receive
        await _send_json(scope, send, 200, {"status": "ok"})

    async def ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`GET /health/ready`."""
        del receive
        problems = {name: problem for name, check in self._checks.items() if (problem := await check())}
        body: dict[str, Any] = {"status": "unavailable" if problems else "ok", "problems": problems}
        body["details"] = {name: detail() for name, detail in self._details.items()}
        await _send_json(scope, send, _NOT_READY if problems else 200, body)

    async def read_metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`GET /metrics`."""
        del receive
        client = scope.get("client")
        is_forwarded = any(name == b"x-forwarded-for" for name, _ in scope["headers"])
        if client is None or client[0] not in _LOOPBACK or is_forwarded:
            message = "Metrics are for callers on this machine; set metrics_port for a listener of their own."
            raise PermissionDenied(message)
        body, content_type = self._metrics.expose()
        await _send(scope, send, 200, content_type, body)

    async def describe(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`GET /openapi.json`."""
        del receive
        await _send_json(scope, send, 200, await self._describe())


async def _send_json(scope: Scope, send: Send, status: int, body: Mapping[str, Any]) -> None:
    await _send(scope, send, status, "application/json", json.dumps(body).encode())


async def _send(scope: Scope, send: Send, status: int, content_type: str, body: bytes) -> None:
    context = context_of(scope)
    context.status = status
    await send_whole(send, status, [(b"content-type", content_type.encode()), *context.identity_headers()], body)
