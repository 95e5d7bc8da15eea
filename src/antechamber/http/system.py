"""The server's own endpoints: health, metrics and the API's description.

| method | path | permission |
|---|---|---|
| GET | /health/live | public |
| GET | /health/ready | public |
| GET | /metrics | public |
| GET | /openapi.json | public |
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from antechamber.base.errors import PermissionDenied
from antechamber.base.permissions import Permission
from antechamber.http.metrics import Metrics
from antechamber.http.needs import Needs
from antechamber.http.routing import Router

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_NOT_READY: Final = 503

Check = Callable[[], Awaitable[str | None]]
Detail = Callable[[], str]


def system_router(*, checks: dict[str, Check], details: dict[str, Detail], metrics: Metrics) -> APIRouter:
    """Return the routes; each check answers with what is wrong, or None; a detail tells, and makes nothing unready."""
    routes = Router(dependencies=[Needs(Permission.PUBLIC, versioned=False)])

    @routes.get("/health/live", summary="Whether the process runs")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/health/ready", summary="Whether the server can do its work", response_model=None)
    async def ready() -> JSONResponse:
        problems = {name: problem for name, check in checks.items() if (problem := await check())}
        body: dict[str, Any] = {"status": "unavailable" if problems else "ok", "problems": problems}
        body["details"] = {name: detail() for name, detail in details.items()}
        return JSONResponse(body, _NOT_READY if problems else 200)

    @routes.get("/metrics", summary="Metrics for Prometheus, for callers on this machine", response_class=Response)
    async def read_metrics(request: Request) -> Response:
        client = request.client
        if client is None or client.host not in _LOOPBACK or "x-forwarded-for" in request.headers:
            message = "Metrics are for callers on this machine; set metrics_port for a listener of their own."
            raise PermissionDenied(message)
        body, content_type = metrics.expose()
        return Response(body, media_type=content_type)

    @routes.get("/openapi.json", summary="This description")
    async def describe(request: Request) -> dict[str, Any]:
        document: dict[str, Any] = request.app.openapi()
        return document

    return routes
