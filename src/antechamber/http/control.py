"""The control plane: FastAPI, made to speak the wire's errors, statuses and OpenAPI."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from antechamber.base.errors import InvalidRequest, NotFound, WireError
from antechamber.base.permissions import Permission
from antechamber.http.app import RawRoute
from antechamber.http.browser import Browser, SeeOtherError
from antechamber.http.context import context_of
from antechamber.http.errors import api_body, error_headers, internal, is_refusal, status_of
from antechamber.http.needs import need_of, permission_of
from antechamber.http.pages.failures import error_page, wants_page

_MOST_PROBLEMS: Final = 5
_NOT_FOUND: Final = 404
_METHOD_NOT_ALLOWED: Final = 405
_ERROR_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "error", "request_id"],
    "properties": {
        "type": {"const": "error"},
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "properties": {
                "type": {"type": "string"},
                "message": {"type": "string"},
                "details": {"type": "object", "properties": {"error_code": {"type": "string"}}},
            },
        },
        "request_id": {"type": "string"},
    },
}
# RFC 6749 §5.2
_OAUTH_ERROR_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}
_OAUTH: Final = re.compile(r"/oauth/|/\.well-known/oauth-")
_OPENAI_ERROR_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_REFUSALS: Final = {
    "400": "Invalid request",
    "401": "No or bad credential",
    "403": "Not allowed",
    "404": "Not found",
    "409": "The state of things forbids it, or somebody else changes it now",
    "413": "Body too large",
    "429": "Over a limit",
    "503": "Storage not reachable",
    "529": "Overloaded",
}


def build_control(routers: Sequence[APIRouter], raw: Sequence[RawRoute], browser: Browser | None = None) -> FastAPI:
    """Return the application of some of the control plane's routes; pages need a `browser`."""
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # its addresses would derive from the Host header
    )
    app.state.raw = raw
    app.state.browser = browser
    for router in routers:
        # Flat, as an included router would cost a second match a request and hide its routes' permissions.
        app.router.routes.extend(router.routes)
    app.add_exception_handler(WireError, _on_wire_error)
    app.add_exception_handler(SeeOtherError, _on_see_other)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_failure)
    return app


async def _reply(request: Request, error: WireError, status: int, headers: dict[str, str] | None = None) -> Response:
    context = context_of(request.scope)
    context.error = error.type
    context.note = error.note or None
    context.refused = is_refusal(error)
    pairs = {name.decode(): value.decode() for name, value in error_headers(error)}
    if wants_page(request):
        return await error_page(request, error, status, {**pairs, **(headers or {})})
    return Response(api_body(error, context.request_id), status, {**pairs, **(headers or {})})


async def _on_see_other(request: Request, error: Exception) -> Response:
    del request
    if not isinstance(error, SeeOtherError):
        raise error
    return RedirectResponse(error.location, 303, {"cache-control": "no-store"})


async def _on_wire_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, WireError):
        raise error
    return await _reply(request, error, status_of(error))


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    if (earlier := await _before_body(request)) is not None:
        return await _reply(request, earlier, status_of(earlier))
    problems = [f"{_place(problem)}: {_say(problem)}" for problem in error.errors()[:_MOST_PROBLEMS]]
    return await _reply(request, InvalidRequest("; ".join(problems)), 400)


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error.__cause__, WireError):
        # FastAPI wraps whatever ends the reading of a body.
        return await _reply(request, error.__cause__, status_of(error.__cause__))
    if error.status_code == _NOT_FOUND and (allowed := _methods_of(request)):
        message = f"{request.method} is not allowed on {request.url.path}."
        return await _reply(request, InvalidRequest(message), _METHOD_NOT_ALLOWED, {"allow": allowed})
    if error.status_code == _NOT_FOUND:
        return await _reply(request, NotFound(f"{request.method} {request.url.path}: there is no such path."), 404)
    if error.status_code == _METHOD_NOT_ALLOWED:
        message = f"{request.method} is not allowed on {request.url.path}."
        return await _reply(request, InvalidRequest(message), 405, dict(error.headers or {}))
    if (earlier := await _before_body(request)) is not None:
        return await _reply(request, earlier, status_of(earlier))
    return await _reply(request, InvalidRequest(str(error.detail)), error.status_code)


async def _before_body(request: Request) -> WireError | None:
    """Return what is wrong with credential, permission or version: FastAPI parses a body before it asks for them."""
    route = request.scope.get("route")
    need = need_of(route) if isinstance(route, APIRoute) else None
    if need is None or context_of(request.scope).principal is not None:
        return None
    try:
        await need(request)
    except WireError as error:
        return error
    return None


def _methods_of(request: Request) -> str:
    """Return the methods of the data-plane endpoint at this path, which FastAPI does not know; empty for none."""
    raw: Sequence[RawRoute] = request.app.state.raw
    return ", ".join(sorted(route.method for route in raw if route.serves(request.url.path)))


async def _on_failure(request: Request, error: Exception) -> Response:
    """Answer for our own failure; Starlette raises it again after this, and the shell logs it."""
    failure = internal(repr(error))
    return await _reply(request, failure, status_of(failure))


def _place(problem: dict[str, Any]) -> str:
    if problem["type"] == "json_invalid":
        return "body"
    parts = [str(part) for part in problem["loc"]]
    if parts and parts[0] in {"body", "query", "path", "header"}:
        parts = parts[1:] or parts
    return ".".join(parts)


def _say(problem: dict[str, Any]) -> str:
    if problem["type"] == "json_invalid":
        return f"not valid JSON at character {problem['loc'][-1]}"
    return str(problem["msg"])


def api_routes(routers: Iterable[APIRouter]) -> list[APIRoute]:
    """Return the routes that FastAPI serves."""
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


def describe(routes: Sequence[APIRoute], raw: Sequence[RawRoute], version: str) -> dict[str, Any]:
    """Return the OpenAPI document: 422 never leaves, refusals are described, data-plane endpoints are there too."""
    document = get_openapi(title="Antechamber", version=version, routes=routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.update({"Error": _ERROR_SCHEMA, "OAuthError": _OAUTH_ERROR_SCHEMA, "OpenAIError": _OPENAI_ERROR_SCHEMA})
    for name, path in document.get("paths", {}).items():
        shapes = ("Error", "OAuthError") if _OAUTH.search(name) else ("Error",)
        for operation in path.values():
            operation["responses"].pop("422", None)
            # a route that describes a refusal itself, as a page does, is right
            operation["responses"] = {**_refusals(*shapes), **operation["responses"]}
    for route in routes:
        if not route.include_in_schema:
            continue
        for method in route.methods or ():
            operation = document["paths"][route.path_format][method.lower()]
            operation["x-permission"] = str(permission_of(route))
    for raw_route in raw:
        document["paths"].setdefault(raw_route.path, {})[raw_route.method.lower()] = _raw_operation(raw_route)
    return document


def _refusals(*shapes: str) -> dict[str, Any]:
    choices = [{"$ref": f"#/components/schemas/{shape}"} for shape in shapes or ("Error",)]
    content = {"application/json": {"schema": choices[0] if len(choices) == 1 else {"anyOf": choices}}}
    return {status: {"description": text, "content": content} for status, text in _REFUSALS.items()}


def _shapes(route: RawRoute) -> tuple[str, ...]:
    """Return whose error bodies an endpoint answers with; that of models has two shapes, by the caller's headers."""
    if route.openai:
        return ("OpenAIError",)
    return ("Error", "OpenAIError") if route.permission is Permission.MODELS_READ else ("Error",)


def _raw_operation(route: RawRoute) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "x-permission": str(route.permission),
        "responses": {"200": {"description": "Successful Response"}, **_refusals(*_shapes(route))},
    }
    if "{" in route.path:
        name = route.path.partition("{")[2].rstrip("}")
        operation["parameters"] = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}]
    if route.method == "POST":
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    return operation
