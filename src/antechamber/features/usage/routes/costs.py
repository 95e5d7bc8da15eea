"""The endpoints of costs: the cost report, and the analytics pair."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Response

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.usage.model.analytics import AnalyticsQuery
from antechamber.features.usage.model.costs import CostQuery
from antechamber.features.usage.routes.queries import Texts, filters_of
from antechamber.features.usage.service import Analytics, UsageReports
from antechamber.features.usage.wire import analytics as wire
from antechamber.features.usage.wire.cost_report import CostReportBody, cost_lines, read_cost_query, show_costs
from antechamber.http.needs import Needs
from antechamber.http.routing import Router

Betas = Annotated[list[str], Header(alias="anthropic-beta", default_factory=list)]
# such reports read every row: a caller may want to know why it took so long
_SCAN: Final = {"x-antechamber-scan": "true"}


_read_filters = filters_of(wire.FILTERS)


async def _read_asked(  # noqa: PLR0913 - FastAPI reads the query's names from here
    *,
    starting_at: str,
    ending_at: str | None = None,
    time_bucket_width: str | None = None,
    group_by: Texts,
    order: str = "desc",
    order_by: str | None = None,
    limit: int = 20,
    page: str | None = None,
    exclude_deleted_users: bool = False,
) -> wire.Asked:
    return wire.Asked(
        starting_at, ending_at, time_bucket_width, group_by, order, order_by, limit, page, exclude_deleted_users
    )


def _reader(report: str) -> Callable[..., Awaitable[AnalyticsQuery]]:
    async def read(
        asked: Annotated[wire.Asked, Depends(_read_asked)],
        filters: Annotated[dict[str, list[str]], Depends(_read_filters)],
        betas: Betas,
    ) -> AnalyticsQuery:
        wire.require_beta(betas)
        return wire.read_analytics(report, asked, filters)

    return read


async def _read_costs(
    *,
    starting_at: str,
    ending_at: str | None = None,
    bucket_width: str = "1d",
    limit: int | None = None,
    group_by: Texts,
    page: str | None = None,
) -> CostQuery:
    return read_cost_query(starting_at, ending_at, bucket_width, limit, group_by, page)


def cost_router(reports: UsageReports, analytics: Analytics) -> APIRouter:
    """Return the routes over their services."""
    routes = Router()

    @routes.get("/v1/organizations/cost_report", summary="Costs by day, in cents", response_model=CostReportBody)
    async def cost_report(
        caller: Annotated[Administrator, Needs(Permission.COST_READ)],
        query: Annotated[CostQuery, Depends(_read_costs)],
    ) -> Response:
        return _json(show_costs(await reports.costs(caller.organization_id, query, cost_lines(query))))

    @routes.get("/v1/organizations/analytics/usage", summary="Usage by any dimension", response_model=wire.UsagePage)
    async def analytics_usage(
        caller: Annotated[Administrator, Needs(Permission.USAGE_READ)],
        query: Annotated[AnalyticsQuery, Depends(_reader("usage"))],
    ) -> Response:
        return await answer(caller, query)

    @routes.get(
        "/v1/organizations/analytics/cost", summary="Costs by any dimension, in cents", response_model=wire.CostPage
    )
    async def analytics_cost(
        caller: Annotated[Administrator, Needs(Permission.COST_READ)],
        query: Annotated[AnalyticsQuery, Depends(_reader("cost"))],
    ) -> Response:
        return await answer(caller, query)

    async def answer(caller: Administrator, query: AnalyticsQuery) -> Response:
        page = await analytics.page(caller.organization_id, query)
        return _json(wire.show_analytics(page, query), _SCAN if page.is_scan else None)

    return routes


def _json(body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, media_type="application/json", headers=headers)
