"""What the operator does to OAuth clients, which belong to the whole server unless one organisation is named."""

from collections.abc import Mapping
from typing import Any

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import to_rfc3339
from antechamber.base.errors import NotFound
from antechamber.features.oauth.model import Client, ClientDraft, GrantType
from antechamber.features.oauth.model.clients import CLIENT_GRANTS
from antechamber.features.oauth.model.scopes import DEFAULT_SCOPES
from antechamber.wiring.storage import Storage

Asked = Mapping[str, Any]


async def list_clients(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    """Return every client of the server."""
    del asked
    return {"data": [_shown(client) for client in await storage.oauth.clients.everyone()]}


async def get_client(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    """Return one client."""
    client = await storage.oauth.clients.find(str(asked["id"]))
    if client is None:
        message = f"There is no client {str(asked['id'])[:128]!r}"
        raise NotFound(message)
    return _shown(client)


async def create_client(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    """Register a client; a confidential one's secret is in this answer and in no other."""
    only = asked.get("organization_id")
    organization_id = await storage.sole_organization(only) if only else None
    is_device = not asked["redirect_uris"]
    draft = ClientDraft(
        name=str(asked["name"]),
        id=asked.get("id"),
        confidential=bool(asked.get("confidential")),
        redirect_uris=tuple(asked["redirect_uris"]),
        grants=tuple(asked["grants"]) or tuple(_grants(is_device=is_device)),
        scopes=tuple(asked["scopes"]) or DEFAULT_SCOPES,
        organization_id=organization_id,
    )
    client, secret = await storage.oauth.clients.register(draft, OPERATOR)
    return {**_shown(client), "secret": secret.reveal() if secret else None}


async def rotate_client_secret(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    """Give a confidential client a new secret."""
    client_id = str(asked["id"])
    secret = await storage.oauth.clients.rotate_secret(client_id, OPERATOR)
    return {"id": client_id, "type": "oauth_client_secret", "secret": secret.reveal()}


async def delete_client(storage: Storage, asked: Asked) -> Mapping[str, Any]:
    """Forget a client, and end what people granted to it."""
    client_id = str(asked["id"])
    await storage.oauth.clients.remove(client_id, OPERATOR)
    return {"id": client_id, "type": "oauth_client_deleted"}


def _grants(*, is_device: bool) -> list[GrantType]:
    return [grant for grant in CLIENT_GRANTS if not (is_device and grant is GrantType.AUTHORIZATION_CODE)]


def _shown(client: Client) -> Mapping[str, Any]:
    return {
        "id": client.id,
        "type": "oauth_client",
        "name": client.name,
        "confidential": client.confidential,
        "redirect_uris": list(client.redirect_uris),
        "grants": list(client.grants),
        "scopes": list(client.scopes),
        "organization_id": client.organization_id,
        "built_in": client.built_in,
        "created_at": to_rfc3339(client.created_at) if client.created_at else None,
    }
