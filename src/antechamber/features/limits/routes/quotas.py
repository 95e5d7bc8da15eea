"""The endpoints of quotas (an extension)."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.limits.service.administration_quotas import Quotas
from antechamber.features.limits.wire import quotas as wire
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router

_PATH: Final = "/v1/organizations/quotas"
# in the place of a person's id: everyone's who has no quota of their own
_DEFAULT: Final = "default"

Reader = Annotated[Administrator, Needs(Permission.RATE_LIMITS_READ)]
Writer = Annotated[Administrator, Needs(Permission.RATE_LIMITS_WRITE)]


def quota_routes(quotas: Quotas) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.get(_PATH, summary="The quotas of persons, the default first")
    async def listing(
        caller: Reader, limit: Annotated[int | None, Query(ge=1, le=1000)] = None, page: str | None = None
    ) -> PageList[wire.QuotaBody]:
        found, next_page = await quotas.listing(caller.organization_id, limit, page)
        return PageList(data=[wire.show(kept) for kept in found], next_page=next_page)

    @routes.post(_PATH, summary="Set a person's quota, or the default")
    async def change(body: wire.QuotaSetBody, caller: Writer, by: Acting) -> wire.QuotaBody:
        return wire.show(await quotas.set(caller.organization_id, body.user_id, body.quota(), by))

    @routes.delete(_PATH + "/{user_id}", summary="Remove a person's quota; `default` removes the default")
    async def delete(user_id: str, caller: Writer, by: Acting) -> wire.QuotaDeletedBody:
        person = None if user_id == _DEFAULT else user_id
        await quotas.delete(caller.organization_id, person, by)
        return wire.QuotaDeletedBody(user_id=person)

    return routes
