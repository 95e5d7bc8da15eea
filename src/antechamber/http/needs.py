"""What a control-plane route asks of its caller: a permission, a version header, and no unknown query names."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final, cast

from fastapi import Depends as FromRequest
from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.params import Depends
from fastapi.routing import APIRoute
from pydantic import BaseModel

from antechamber.base.actor import Actor, actor_for
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.permissions import Permission
from antechamber.base.principal import Principal, demand, demand_address
from antechamber.http.context import context_of
from antechamber.http.sockets import SOCKET_KEY, Socket
from antechamber.http.versions import HEADER, Version, require_version

if TYPE_CHECKING:
    from antechamber.http.authenticate import Authenticator
    from antechamber.http.pace import Pace

_AUTHENTICATOR_KEY: Final = "antechamber.authenticator"
_PACE_KEY: Final = "antechamber.pace"
_ALWAYS_ALLOWED: Final = frozenset({"beta"})


class Need:
    """A dependency that answers with the principal, or refuses."""

    def __init__(self, permission: Permission, *, versioned: bool, any_query: bool) -> None:
        self.permission = permission
        self.versioned = versioned
        self.any_query = any_query

    async def __call__(self, request: Request) -> Principal | None:
        """Authenticate, authorise, and check version and query names, in this order."""
        headers = dict(request.scope["headers"])
        principal: Principal | None = None
        if self.permission is not Permission.PUBLIC:
            authenticator = cast("Authenticator", request.scope[_AUTHENTICATOR_KEY])
            principal = await authenticator.authenticate(headers)
            context_of(request.scope).principal = principal
            demand_address(principal, context_of(request.scope).address)
            demand(principal, self.permission)
            _keep_pace(request, principal)
        if self.versioned:
            require_version(headers.get(HEADER.encode()))
        _refuse_nul(request)
        if not self.any_query:
            _refuse_unknown_names(request)
        return principal


def Needs(  # noqa: N802 - reads as a declaration
    permission: Permission, *, versioned: bool = True, any_query: bool = False
) -> Depends:
    """Declare the permission that a route needs, beside the principal's type in its `Annotated`.

    `any_query` lets query names through that it does not have, where a standard wants them ignored.
    """
    return Depends(Need(permission, versioned=versioned, any_query=any_query))


def _keep_pace(request: Request, principal: Principal) -> None:
    pace: Pace | None = request.scope[_PACE_KEY]
    if pace is not None:
        pace.step(request.scope["path"], principal.organization_id)


async def _actor_of(request: Request) -> Actor:  # async, as FastAPI would take a plain one to a thread
    context = context_of(request.scope)
    return actor_for(context.principal, context.address, request.headers.get("user-agent"), context.request_id)


# who acts, for the audit log; to be declared after the principal, whose authentication it stands on
Acting = Annotated[Actor, FromRequest(_actor_of)]


async def _version_of(request: Request) -> Version:
    return require_version(dict(request.scope["headers"]).get(HEADER.encode()))


# the version that a request speaks, for shapes that differ between the two
Spoken = Annotated[Version, FromRequest(_version_of)]


async def _socket_of(request: Request) -> Socket:
    socket = request.scope.get(SOCKET_KEY)
    if not isinstance(socket, Socket):
        message = "This endpoint is a WebSocket: send `Connection: Upgrade` and `Upgrade: websocket` (RFC 6455)."
        raise InvalidRequest(message)
    return socket


# to be declared after the principal, so that nobody learns more before they are known
Opened = Annotated[Socket, FromRequest(_socket_of)]


def need_of(route: APIRoute) -> Need | None:
    """Return what a route asks of its callers."""
    for dependant in route.dependant.dependencies:
        if isinstance(dependant.call, Need):
            return dependant.call
    return None


def permission_of(route: APIRoute) -> Permission | None:
    """Return the permission that a route declares."""
    need = need_of(route)
    return None if need is None else need.permission


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            # a query that is described as one model: its fields are the names
            yield from (inner.alias or name for name, inner in model.model_fields.items())
        else:
            yield field.alias
    for inner in dependant.dependencies:
        yield from _query_names(inner)


def _refuse_nul(request: Request) -> None:
    """Refuse the one character that PostgreSQL's texts cannot hold, so that none is looked for."""
    if "\x00" in request.scope["path"]:
        message = "There is nothing by that name."
        raise NotFound(message)
    if b"%00" in request.scope["query_string"]:
        message = "A query value contains a NUL character."
        raise InvalidRequest(message)


def _refuse_unknown_names(request: Request) -> None:
    if not request.scope["query_string"]:
        return
    route: APIRoute = request.scope["route"]
    allowed = _ALWAYS_ALLOWED.union(_query_names(route.dependant))
    unknown = sorted(set(request.query_params) - allowed)
    if unknown:
        message = f"{unknown[0]}: Extra inputs are not permitted; this endpoint takes: {', '.join(sorted(allowed))}"
        raise InvalidRequest(message)
