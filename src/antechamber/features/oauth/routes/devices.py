"""The endpoint at which a program without a browser begins (RFC 8628 §3.1)."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from antechamber.features.oauth.routes.callers import basic_of
from antechamber.features.oauth.routes.refusals import NO_STORE
from antechamber.features.oauth.routes.tokens import BOTH, Anyone
from antechamber.features.oauth.service import Clients, Devices, Fields, identify
from antechamber.features.oauth.wire import show_device
from antechamber.http.forms import read_form_or_json
from antechamber.http.needs import Acting


def add_device_routes(routes: APIRouter, clients: Clients, devices: Devices, issuer: str) -> None:
    """Add the endpoint under both its names; who names no client is Claude Code (wire-auth.md 6.3)."""

    @routes.post("/v1/oauth/device_authorization", summary="Begin a device log-in", openapi_extra=BOTH)
    @routes.post("/oauth/device_authorization", summary="Begin a device log-in (alias)", openapi_extra=BOTH)
    async def begin(request: Request, _anyone: Anyone, by: Acting) -> Response:
        fields = Fields(await read_form_or_json(request))
        client = (await identify(clients, fields, basic_of(request))).client
        begun, code = await devices.begin(client, fields.text("scope"), by)
        return JSONResponse(show_device(begun, code, issuer), headers=NO_STORE)
