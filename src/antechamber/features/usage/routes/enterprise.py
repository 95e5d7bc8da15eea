"""The endpoints of the four reports of Claude Enterprise: by bucket and by person, of usage and of costs."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.usage.model.analytics import AnalyticsQuery
from antechamber.features.usage.routes.queries import Texts, filters_of
from antechamber.features.usage.service import Analytics
from antechamber.features.usage.wire import enterprise as wire
from antechamber.http.needs import Needs
from antechamber.http.routing import Router

_read_filters = filters_of(wire.FILTERS)
_ROOT = "/v1/organizations/analytics"


async def _read_asked(
    *,
    starting_at: str,
    ending_at: str | None = None,
    bucket_width: str | None = None,
    group_by: Texts,
    limit: int | None = None,
    page: str | None = None,
) -> wire.Asked:
    return wire.Asked(starting_at, ending_at, bucket_width, group_by, limit, page)


async def _read_ranked(
    *, order: str = "desc", order_by: str | None = None, exclude_deleted_users: bool = False
) -> wire.Ranked:
    return wire.Ranked(order, order_by, exclude_deleted_users)


Asked = Annotated[wire.Asked, Depends(_read_asked)]
Ranked = Annotated[wire.Ranked, Depends(_read_ranked)]
Filters = Annotated[dict[str, list[str]], Depends(_read_filters)]


def _by_bucket(report: str) -> Callable[..., Awaitable[AnalyticsQuery]]:
    async def read(asked: Asked, filters: Filters) -> AnalyticsQuery:
        return wire.read_buckets(report, asked, filters)

    return read


def _by_user(report: str) -> Callable[..., Awaitable[AnalyticsQuery]]:
    async def read(asked: Asked, ranked: Ranked, filters: Filters) -> AnalyticsQuery:
        return wire.read_users(report, asked, ranked, filters)

    return read


def enterprise_router(analytics: Analytics) -> APIRouter:
    """Return the routes over their service."""
    routes = Router()

    @routes.get(f"{_ROOT}/usage_report", summary="Usage by bucket", response_model=wire.UsageReportPage)
    async def usage_report(
        caller: Annotated[Administrator, Needs(Permission.USAGE_READ)],
        query: Annotated[AnalyticsQuery, Depends(_by_bucket("usage"))],
    ) -> Response:
        return _json(wire.show_by_bucket(await analytics.buckets(caller.organization_id, query), query))

    @routes.get(f"{_ROOT}/cost_report", summary="Costs by bucket, in cents", response_model=wire.CostReportPage)
    async def cost_report(
        caller: Annotated[Administrator, Needs(Permission.COST_READ)],
        query: Annotated[AnalyticsQuery, Depends(_by_bucket("cost"))],
    ) -> Response:
        return _json(wire.show_by_bucket(await analytics.buckets(caller.organization_id, query), query))

    @routes.get(f"{_ROOT}/user_usage_report", summary="Usage by person", response_model=wire.UserUsagePage)
    async def user_usage_report(
        caller: Annotated[Administrator, Needs(Permission.USAGE_READ)],
        query: Annotated[AnalyticsQuery, Depends(_by_user("usage"))],
    ) -> Response:
        return _json(wire.show_by_user(await analytics.page(caller.organization_id, query), query))

    @routes.get(f"{_ROOT}/user_cost_report", summary="Costs by person, in cents", response_model=wire.UserCostPage)
    async def user_cost_report(
        caller: Annotated[Administrator, Needs(Permission.COST_READ)],
        query: Annotated[AnalyticsQuery, Depends(_by_user("cost"))],
    ) -> Response:
        return _json(wire.show_by_user(await analytics.page(caller.organization_id, query), query))

    return routes


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
