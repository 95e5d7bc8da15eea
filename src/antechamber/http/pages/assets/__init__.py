"""What pages are styled and moved with: files of this folder, under addresses that change with their content.

| method | path | permission |
|---|---|---|
| GET | /assets/{name} | public |
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from antechamber.base.errors import NotFound
from antechamber.base.permissions import Permission
from antechamber.http.needs import Needs
from antechamber.http.routing import Router

_KINDS: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_HASH_LENGTH: Final = 16
_FOREVER: Final = "public, max-age=31536000, immutable"
_ANEW: Final = "no-cache"


@cache
def _read(name: str) -> tuple[bytes, str]:
    body = (Path(__file__).parent / name).read_bytes()
    return body, sha256(body).hexdigest()[:_HASH_LENGTH]


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in Path(__file__).parent.iterdir() if path.suffix in _KINDS)


def asset_path(name: str) -> str:
    """Return the address of an asset as it is now."""
    return f"/assets/{name}?v={_read(name)[1]}"


def asset_router() -> APIRouter:
    """Return the route."""
    routes = Router(include_in_schema=False)

    @routes.get("/assets/{name}", dependencies=[Needs(Permission.PUBLIC, versioned=False)])
    async def serve(name: str, request: Request, v: str = "") -> Response:
        if name not in _names():
            message = "There is no such asset."
            raise NotFound(message)
        body, version = _read(name)
        headers = {
            "cache-control": _FOREVER if v == version else _ANEW,
            "cross-origin-resource-policy": "same-origin",
            "etag": f'"{version}"',
            "x-content-type-options": "nosniff",
        }
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=_KINDS[Path(name).suffix])

    return routes
