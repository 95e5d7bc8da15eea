"""The use-cases of OAuth: clients, requests to authorise, devices, the token endpoint, revocation, tokens."""

from antechamber.features.oauth.service.authorizations import Authorizations
from antechamber.features.oauth.service.clients import Clients
from antechamber.features.oauth.service.devices import Devices
from antechamber.features.oauth.service.endpoint import ClientCredentials, TokenEndpoint
from antechamber.features.oauth.service.places import Places
from antechamber.features.oauth.service.principals import TokenPrincipals
from antechamber.features.oauth.service.revocations import Revocations
from antechamber.features.oauth.service.tokens import Tokens

__all__ = [
    "Authorizations",
    "ClientCredentials",
    "Clients",
    "Devices",
    "Places",
    "Revocations",
    "TokenEndpoint",
    "TokenPrincipals",
    "Tokens",
]
