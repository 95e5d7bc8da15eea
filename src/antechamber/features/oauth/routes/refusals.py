"""Refusals of the OAuth endpoints: RFC 6749's shape for whatever a person's grant meets, the API's for workloads'."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request, Response

from antechamber.base.errors import InternalError, WireError
from antechamber.features.oauth.model import GrantRefused, OAuthError
from antechamber.http.context import context_of
from antechamber.http.errors import error_headers, oauth_body, oauth_status, status_of
from antechamber.http.routing import LateRoute

NO_STORE: Final = {"cache-control": "no-store", "pragma": "no-cache"}  # RFC 6749 §5.1
# in an ASGI scope: the request is a workload's, whose client reads the API's errors (wire-auth.md 2.3)
API_ERRORS_KEY: Final = "antechamber.oauth_api_errors"
_SERVER_ERROR: Final = 500
_COUNTED: Final = frozenset({OAuthError.INVALID_CLIENT, OAuthError.INVALID_GRANT, OAuthError.ACCESS_DENIED})


class OAuthRoute(LateRoute):
    """A route that answers refusals as RFC 6749 §5.2 says."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override] # as Coroutine
        """Return the handler with its refusals caught."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except GrantRefused as refused:
                return _refuse(request, refused)
            except WireError as error:
                if API_ERRORS_KEY in request.scope or isinstance(error, InternalError):
                    raise
                return _translate(request, error)

        return answer


def _refuse(request: Request, refused: GrantRefused) -> Response:
    context = context_of(request.scope)
    context.error = refused.error
    context.refused = refused.error in _COUNTED or refused.retry_after is not None
    status = oauth_status(refused.error, is_login_over=refused.relogin, is_limited=refused.retry_after is not None)
    headers = {**NO_STORE, "content-type": "application/json"}
    if refused.retry_after is not None:
        headers["retry-after"] = str(refused.retry_after)
    if refused.basic:
        headers["www-authenticate"] = 'Basic realm="antechamber"'  # RFC 6749 §5.2
    return Response(oauth_body(refused.error, refused.description), status, headers)


def _translate(request: Request, error: WireError) -> Response:
    """Answer for an error that is not of OAuth: a body that cannot be read, a database that is away."""
    context, status = context_of(request.scope), status_of(error)
    context.error, context.note = error.type, error.note or None
    code = OAuthError.INVALID_REQUEST if status < _SERVER_ERROR else OAuthError.TEMPORARILY_UNAVAILABLE
    headers = {name.decode(): value.decode() for name, value in error_headers(error)}
    return Response(oauth_body(code, error.message), status, {**NO_STORE, **headers})
