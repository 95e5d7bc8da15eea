"""Who calls an OAuth endpoint: a client that names itself, with its secret if it is confidential (RFC 6749 §2.3)."""

from typing import NamedTuple

from antechamber.base.secret import Secret
from antechamber.features.oauth.model import CLAUDE_CODE, Client, GrantRefused, OAuthError
from antechamber.features.oauth.service.clients import Clients
from antechamber.features.oauth.service.fields import Fields


class ClientCredentials(NamedTuple):
    """What came in HTTP Basic (RFC 6749 §2.3.1)."""

    client_id: str
    secret: Secret


class CallingClient(NamedTuple):
    """A client, and whether it named itself: Claude Code's gateway log-in does not (wire-auth.md 6.3)."""

    client: Client
    is_named: bool


async def identify(clients: Clients, fields: Fields, credentials: ClientCredentials | None) -> CallingClient:
    """Return who calls; GrantRefused `invalid_client` for one unknown, or whose secret is not right."""
    named, secret = fields.text("client_id"), fields.text("client_secret")
    if credentials is not None and (secret is not None or named not in {None, credentials.client_id}):
        raise GrantRefused(OAuthError.INVALID_REQUEST, "client_id, client_secret: more than one way to authenticate")
    if credentials is not None:
        named, secret = credentials.client_id, credentials.secret.reveal() or None
    is_basic = credentials is not None
    client = await clients.find(CLAUDE_CODE if named is None else named)
    if client is None or (named is None and secret is not None):
        raise _unknown(is_basic=is_basic)
    if client.confidential is (secret is None):
        raise _unknown(is_basic=is_basic)
    if secret is not None and not clients.knows_secret(client, Secret(secret)):
        raise _unknown(is_basic=is_basic)
    return CallingClient(client, named is not None)


def _unknown(*, is_basic: bool) -> GrantRefused:
    return GrantRefused(OAuthError.INVALID_CLIENT, "no such client, or not its way to authenticate", basic=is_basic)
