"""The endpoints of keys."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Response

from antechamber.base.ids import ApiKeyId
from antechamber.features.apikeys.model import KeyFilter, Status
from antechamber.features.apikeys.routes.callers import Reader, Writer, within
from antechamber.features.apikeys.service import ApiKeys
from antechamber.features.apikeys.wire import api_keys as wire
from antechamber.http.lists import Cursor, IdList, answer, list_fields
from antechamber.http.needs import Acting, Spoken
from antechamber.http.routing import Router

_KEYS: Final = "/v1/organizations/api_keys"
_KEY: Final = f"{_KEYS}/{{api_key_id}}"


async def _read_filter(
    status: Literal["active", "archived", "expired", "inactive"] | None = None,
    workspace_id: str | None = None,
    created_by_user_id: str | None = None,
) -> KeyFilter:
    return KeyFilter(None if status is None else Status(status), workspace_id, created_by_user_id)


def api_key_router(keys: ApiKeys) -> APIRouter:
    """Return the routes of the wire itself."""
    # what is not set is left out: a field of one version, an extension that a key does not use
    routes = Router()

    @routes.get(_KEYS, summary="List API keys", response_model=IdList[wire.ApiKeyBody])
    async def listing(
        caller: Reader, cursor: Cursor, chosen: Annotated[KeyFilter, Depends(_read_filter)], spoken: Spoken
    ) -> Response:
        page = await keys.listing(caller.organization_id, cursor, chosen)
        return answer(list_fields([wire.fields_of(key, spoken) for key in page.items], page.has_more))

    @routes.get(_KEY, summary="Get an API key", response_model_exclude_unset=True)
    async def get(api_key_id: str, caller: Reader, spoken: Spoken) -> wire.ApiKeyBody:
        return wire.show(await keys.get(caller.organization_id, ApiKeyId(api_key_id)), spoken)

    @routes.post(_KEY, summary="Change an API key", response_model_exclude_unset=True)
    async def update(
        api_key_id: str, body: wire.UpdateBody, caller: Writer, by: Acting, spoken: Spoken
    ) -> wire.ApiKeyBody:
        changed = await keys.update(caller.organization_id, ApiKeyId(api_key_id), body.change(), by, within(caller))
        return wire.show(changed, spoken)

    return routes
