"""The endpoints of OAuth for programs."""

from fastapi import APIRouter

from antechamber.features.oauth.routes.devices import add_device_routes
from antechamber.features.oauth.routes.metadata import add_metadata_routes
from antechamber.features.oauth.routes.refusals import OAuthRoute
from antechamber.features.oauth.routes.tokens import add_token_routes
from antechamber.features.oauth.service import Clients, Devices, Revocations, TokenEndpoint
from antechamber.http.routing import Router


def oauth_routes(
    clients: Clients, endpoint: TokenEndpoint, devices: Devices, revocations: Revocations, issuer: str
) -> APIRouter:
    """Return every route; `issuer` is the server's own address."""
    routes = Router(route_class=OAuthRoute)
    add_token_routes(routes, endpoint, revocations, issuer)
    add_device_routes(routes, clients, devices, issuer)
    add_metadata_routes(routes, endpoint, issuer)
    return routes
