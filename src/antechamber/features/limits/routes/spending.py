"""The endpoints of spend limits."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.limits.model.definitions import Period
from antechamber.features.limits.service.administration_spending import EffectiveQuery, SpendLimits, SpendQuery
from antechamber.features.limits.wire import spending as wire
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router

_PATH = "/v1/organizations/spend_limits"

Reader = Annotated[Administrator, Needs(Permission.SPEND_LIMITS_READ)]
Writer = Annotated[Administrator, Needs(Permission.SPEND_LIMITS_WRITE)]


async def _list_query(
    scope_type: Annotated[list[wire.ScopeName] | None, Query()] = None,
    workspace_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
    page: str | None = None,
) -> SpendQuery:
    return SpendQuery(wire.scopes_of(scope_type), workspace_id, limit, page)


async def _effective_query(
    user_ids: Annotated[list[str] | None, Query()] = None,
    period: Annotated[list[wire.PeriodName] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
    page: str | None = None,
) -> EffectiveQuery:
    periods = tuple(Period(name) for name in period or ())
    return EffectiveQuery(tuple(user_ids or ()), periods, limit, page)


Asked = Annotated[SpendQuery, Depends(_list_query)]
EffectiveAsked = Annotated[EffectiveQuery, Depends(_effective_query)]


def spend_routes(limits: SpendLimits) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()
    _collection(routes, limits)
    _single(routes, limits)
    return routes


def _collection(routes: APIRouter, limits: SpendLimits) -> None:
    @routes.get(_PATH, summary="The organization's spend limits")
    async def listing(caller: Reader, asked: Asked) -> PageList[wire.SpendLimitBody]:
        found, next_page = await limits.listing(caller.organization_id, asked)
        return PageList(data=[wire.show(limit) for limit in found], next_page=next_page)

    @routes.post(_PATH, summary="Set what a scope may spend in a period")
    async def change(body: wire.SetBody, caller: Writer, by: Acting) -> wire.SpendLimitBody:
        scope, scope_id = wire.scope_id(body.scope, caller.organization_id)
        amount = body.amount_nano()
        limit = await limits.set(caller.organization_id, scope, scope_id, Period(body.period), amount, by)
        return wire.show(limit)

    @routes.get(
        _PATH + "/effective",
        summary="What each member resolves and has spent",
        response_model=PageList[wire.SpendSummaryBody],
    )
    async def effective(caller: Reader, asked: EffectiveAsked) -> Response:
        rows, next_page = await limits.effective(caller.organization_id, asked)
        return Response(wire.show_summaries(rows, next_page), media_type="application/json")


def _single(routes: APIRouter, limits: SpendLimits) -> None:
    @routes.get(_PATH + "/{spend_limit_id}", summary="One spend limit")
    async def get(spend_limit_id: str, caller: Reader) -> wire.SpendLimitBody:
        return wire.show(await limits.get(caller.organization_id, spend_limit_id))

    @routes.delete(_PATH + "/{spend_limit_id}", summary="Remove a spend limit")
    async def delete(spend_limit_id: str, caller: Writer, by: Acting) -> wire.SpendLimitDeletedBody:
        await limits.delete(caller.organization_id, spend_limit_id, by)
        return wire.SpendLimitDeletedBody(id=spend_limit_id)
