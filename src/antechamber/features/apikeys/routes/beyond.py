"""The endpoints for API keys that go beyond the wire (docs/reference/extensions.md)."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from antechamber.base.ids import ApiKeyId
from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.apikeys.model import Change
from antechamber.features.apikeys.routes.callers import Reader, Writer, within
from antechamber.features.apikeys.service import ApiKeys
from antechamber.features.apikeys.wire import api_keys as shapes
from antechamber.features.apikeys.wire import beyond as wire
from antechamber.http.lists import Cursor, IdList
from antechamber.http.needs import Acting, Needs, Spoken
from antechamber.http.routing import Router

_KEYS: Final = "/v1/organizations/api_keys"
_KEY: Final = f"{_KEYS}/{{api_key_id}}"
_LONG_AGO: Final = 0

Days = Annotated[int, Query(ge=1, le=3650)]


def beyond_router(keys: ApiKeys) -> APIRouter:
    """Return the routes; what is not set is left out of a key, as in the wire's own."""
    routes = Router()

    @routes.post(_KEYS, summary="Make an API key", response_model_exclude_unset=True)
    async def create(body: wire.CreateBody, caller: Writer, by: Acting, spoken: Spoken) -> wire.CreatedBody:
        draft = body.draft(keys.now())
        key, secret = await keys.create(caller.organization_id, draft, by, within(caller))
        return wire.show_created(key, secret, spoken)

    @routes.get(f"{_KEYS}/unused", summary="List API keys that lie unused", response_model_exclude_unset=True)
    async def unused(caller: Reader, cursor: Cursor, spoken: Spoken, days: Days = 30) -> IdList[wire.UnusedKeyBody]:
        page = await keys.unused(caller.organization_id, cursor, days)
        return wire.show_unused(page, spoken)

    @routes.get("/v1/organizations/unused_workspaces", summary="List workspaces whose keys lie unused")
    async def unused_workspaces(
        caller: Annotated[Administrator, Needs(Permission.WORKSPACES_READ)], days: Days = 30
    ) -> wire.UnusedWorkspacesBody:
        return wire.show_unused_workspaces(await keys.unused_workspaces(caller.organization_id, days))

    @routes.post(f"{_KEY}/rotate", summary="Give an API key another secret", response_model_exclude_unset=True)
    async def rotate(
        api_key_id: str, caller: Writer, by: Acting, spoken: Spoken, body: wire.RotateBody | None = None
    ) -> wire.RotatedBody:
        until = None if body is None else body.until(keys.now())
        rotated = await keys.rotate(caller.organization_id, ApiKeyId(api_key_id), until, by, within(caller))
        return wire.show_rotated(rotated, spoken)

    @routes.post(f"{_KEY}/expire", summary="End an API key now", response_model_exclude_unset=True)
    async def expire(api_key_id: str, caller: Writer, by: Acting, spoken: Spoken) -> shapes.ApiKeyBody:
        change = Change(expires_at=_LONG_AGO)
        return shapes.show(
            await keys.update(caller.organization_id, ApiKeyId(api_key_id), change, by, within(caller)), spoken
        )

    @routes.get(f"{_KEY}/secrets", summary="List an API key's secrets by their hints")
    async def secrets(api_key_id: str, caller: Reader) -> wire.SecretsBody:
        return wire.show_secrets(await keys.secrets(caller.organization_id, ApiKeyId(api_key_id)))

    return routes
