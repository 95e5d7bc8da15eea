"""The metadata documents, also with a path behind them as both RFCs have it."""

import re
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from antechamber.base.errors import NotFound
from antechamber.features.oauth.routes.tokens import Anyone
from antechamber.features.oauth.service import TokenEndpoint
from antechamber.features.oauth.wire import protected_resource, server_metadata

_SERVER: Final = "/.well-known/oauth-authorization-server"
_RESOURCE: Final = "/.well-known/oauth-protected-resource"
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_CACHED: Final = {"cache-control": "public, max-age=300", "access-control-allow-origin": "*"}


def add_metadata_routes(routes: APIRouter, endpoint: TokenEndpoint, issuer: str) -> None:
    """Add both documents; an issuer's path stands behind the well-known one (RFC 8414 §3.1, RFC 9728 §3.1)."""
    base = urlsplit(issuer).path

    @routes.get(_SERVER, summary="What the authorization server is (RFC 8414)")
    async def server(_anyone: Anyone) -> Response:
        return JSONResponse(server_metadata(issuer, endpoint.grant_types()), headers=_CACHED)

    @routes.get(f"{_SERVER}/{{path:path}}", summary="The same for an issuer with a path")
    async def server_at(path: str, _anyone: Anyone) -> Response:
        if f"/{path}" != base:
            message = "There is no such issuer."
            raise NotFound(message)
        return JSONResponse(server_metadata(issuer, endpoint.grant_types()), headers=_CACHED)

    @routes.get(_RESOURCE, summary="What the API needs of its callers (RFC 9728)")
    async def resource(_anyone: Anyone) -> Response:
        return JSONResponse(protected_resource(issuer, ""), headers=_CACHED)

    @routes.get(f"{_RESOURCE}/{{path:path}}", summary="The same for a part of the API")
    async def resource_at(path: str, _anyone: Anyone) -> Response:
        inner = f"/{path}".removeprefix(base) if f"/{path}/".startswith(f"{base}/") else None
        if inner is None or not _PATH.fullmatch(inner):
            message = "There is no such resource."
            raise NotFound(message)
        return JSONResponse(protected_resource(issuer, inner), headers=_CACHED)
