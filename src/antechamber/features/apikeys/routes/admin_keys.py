"""The endpoints of admin keys (docs/reference/extensions.md)."""

from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter

from antechamber.base.ids import AdminKeyId
from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.apikeys.service import AdminKeys
from antechamber.features.apikeys.wire import admin_keys as wire
from antechamber.http.lists import Cursor, IdList, show_page
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router

_KEYS: Final = "/v1/organizations/admin_api_keys"
_KEY: Final = f"{_KEYS}/{{admin_api_key_id}}"

Reader: TypeAlias = Annotated[Administrator, Needs(Permission.ADMIN_KEYS_READ)]
Writer: TypeAlias = Annotated[Administrator, Needs(Permission.ADMIN_KEYS_WRITE)]


def admin_key_router(keys: AdminKeys) -> APIRouter:
    """Return the routes; an admin key itself may only read (base/permissions.py)."""
    routes = Router()

    @routes.get(_KEYS, summary="List admin keys")
    async def listing(caller: Reader, cursor: Cursor) -> IdList[wire.AdminKeyBody]:
        page = await keys.listing(caller.organization_id, cursor)
        return show_page(page, wire.show, lambda key: key.id)

    @routes.post(_KEYS, summary="Make an admin key")
    async def create(body: wire.CreateAdminKeyBody, caller: Writer, by: Acting) -> wire.CreatedAdminKeyBody:
        key, secret = await keys.create(caller.organization_id, body.draft(keys.now()), by, caller.permissions)
        return wire.show_created(key, secret)

    @routes.get(_KEY, summary="Get an admin key")
    async def get(admin_api_key_id: str, caller: Reader) -> wire.AdminKeyBody:
        return wire.show(await keys.get(caller.organization_id, AdminKeyId(admin_api_key_id)))

    @routes.post(_KEY, summary="Rename an admin key")
    async def rename(admin_api_key_id: str, body: wire.RenameBody, caller: Writer, by: Acting) -> wire.AdminKeyBody:
        return wire.show(await keys.rename(caller.organization_id, AdminKeyId(admin_api_key_id), body.name, by))

    @routes.delete(_KEY, summary="Revoke an admin key")
    async def revoke(admin_api_key_id: str, caller: Writer, by: Acting) -> wire.DeletedBody:
        await keys.revoke(caller.organization_id, AdminKeyId(admin_api_key_id), by)
        return wire.show_deleted(AdminKeyId(admin_api_key_id))

    return routes
