"""The endpoints of tokens: given, revoked, described."""

from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from antechamber.base.permissions import Permission
from antechamber.features.oauth.model import GrantType
from antechamber.features.oauth.routes.callers import basic_of
from antechamber.features.oauth.routes.refusals import API_ERRORS_KEY, NO_STORE
from antechamber.features.oauth.service import Revocations, TokenEndpoint
from antechamber.features.oauth.wire import show_answer, show_introspection
from antechamber.http.forms import read_form_or_json
from antechamber.http.needs import Acting, Needs

Anyone: TypeAlias = Annotated[None, Needs(Permission.PUBLIC, versioned=False)]
_FIELDS: Final = {"type": "object", "additionalProperties": True}
BOTH: Final[dict[str, Any]] = {
    "requestBody": {
        "content": {"application/x-www-form-urlencoded": {"schema": _FIELDS}, "application/json": {"schema": _FIELDS}}
    }
}


def add_token_routes(routes: APIRouter, endpoint: TokenEndpoint, revocations: Revocations, issuer: str) -> None:
    """Add the token endpoint under both its names, revocation and introspection."""

    @routes.post("/v1/oauth/token", summary="Exchange a grant for tokens", openapi_extra=BOTH)
    @routes.post("/oauth/token", summary="Exchange a grant for tokens (alias)", openapi_extra=BOTH)
    async def token(request: Request, _anyone: Anyone, by: Acting) -> Response:
        fields = await read_form_or_json(request)
        if fields.get("grant_type") == GrantType.JWT_BEARER:
            request.scope[API_ERRORS_KEY] = True
        answer = await endpoint.exchange(fields, basic_of(request), by)
        return JSONResponse(show_answer(answer), headers=NO_STORE)

    @routes.post("/v1/oauth/revoke", summary="Revoke a token (RFC 7009)", openapi_extra=BOTH)
    async def revoke(request: Request, _anyone: Anyone, by: Acting) -> Response:
        await revocations.revoke(await read_form_or_json(request), basic_of(request), by)
        return Response(headers=NO_STORE)

    @routes.post("/v1/oauth/introspect", summary="Describe a token (RFC 7662)", openapi_extra=BOTH)
    async def introspect(request: Request, _anyone: Anyone) -> Response:
        found = await revocations.introspect(await read_form_or_json(request), basic_of(request))
        return JSONResponse(show_introspection(found, issuer), headers=NO_STORE)
