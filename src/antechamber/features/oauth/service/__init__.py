"""The use-cases of OAuth: clients, requests to authorise, devices, the token endpoint, revocation, tokens."""

from antechamber.features.oauth.service.authorizations import Authorizations
from antechamber.features.oauth.service.callers import ClientCredentials, identify
from antechamber.features.oauth.service.clients import Clients
from antechamber.features.oauth.service.devices import Devices
from antechamber.features.oauth.service.endpoint import TokenEndpoint
from antechamber.features.oauth.service.fields import Fields
from antechamber.features.oauth.service.grants import grants_of
from antechamber.features.oauth.service.issuing import Issuing
from antechamber.features.oauth.service.means import Means, Stores
from antechamber.features.oauth.service.places import Places
from antechamber.features.oauth.service.principals import TokenPrincipals
from antechamber.features.oauth.service.revocations import Introspection, Revocations
from antechamber.features.oauth.service.sweeping import Sweeper
from antechamber.features.oauth.service.throttle import Failures
from antechamber.features.oauth.service.tokens import Tokens

__all__ = [
    "Authorizations",
    "ClientCredentials",
    "Clients",
    "Devices",
    "Failures",
    "Fields",
    "Introspection",
    "Issuing",
    "Means",
    "Places",
    "Revocations",
    "Stores",
    "Sweeper",
    "TokenEndpoint",
    "TokenPrincipals",
    "Tokens",
    "grants_of",
    "identify",
]
