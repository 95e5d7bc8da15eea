"""The endpoints of external keys."""

from typing import Annotated

from fastapi import APIRouter, Query

from antechamber.base.ids import ExternalKeyId
from antechamber.base.page import PageQuery
from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.externalkeys import wire
from antechamber.features.externalkeys.service import ExternalKeys
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router

Reader = Annotated[Administrator, Needs(Permission.EXTERNAL_KEYS_READ)]
Writer = Annotated[Administrator, Needs(Permission.EXTERNAL_KEYS_WRITE)]
Limit = Annotated[int, Query(ge=1, le=1000)]
_ROOT = "/v1/organizations/external_keys"
_ONE = "/v1/organizations/external_keys/{external_key_id}"


def external_key_routes(keys: ExternalKeys) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.post(_ROOT, summary="Make an external key")
    async def create(body: wire.CreateBody, caller: Writer, by: Acting) -> wire.KeyBody:
        return wire.show(await keys.create(caller.organization_id, body.display_name, body.read(), by))

    @routes.get(_ROOT, summary="External keys, newest first")
    async def listing(caller: Reader, limit: Limit = 20, page: str | None = None) -> PageList[wire.KeyBody]:
        part = await keys.listing(caller.organization_id, PageQuery(limit, page))
        return PageList(data=[wire.show(shown) for shown in part.items], next_page=part.next_page)

    @routes.get(_ONE, summary="One external key")
    async def get(external_key_id: str, caller: Reader) -> wire.KeyBody:
        return wire.show(await keys.get(caller.organization_id, ExternalKeyId(external_key_id)))

    @routes.post(_ONE, summary="Rename an external key, or reconfigure one that nothing uses")
    async def update(external_key_id: str, body: wire.UpdateBody, caller: Writer, by: Acting) -> wire.KeyBody:
        named = ExternalKeyId(external_key_id)
        return wire.show(await keys.update(caller.organization_id, named, body.change(), by))

    @routes.delete(_ONE, summary="Delete an external key that no workspace is tied to")
    async def delete(external_key_id: str, caller: Writer, by: Acting) -> wire.KeyDeletedBody:
        await keys.delete(caller.organization_id, ExternalKeyId(external_key_id), by)
        return wire.KeyDeletedBody(id=external_key_id)

    @routes.post(_ONE + "/validate", summary="Try an external key")
    async def validate(
        external_key_id: str, caller: Writer, by: Acting, body: wire.NothingBody | None = None
    ) -> wire.ValidationBody:
        del body
        return wire.show_proof(await keys.validate(caller.organization_id, ExternalKeyId(external_key_id), by))

    return routes
