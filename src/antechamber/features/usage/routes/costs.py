"""The endpoints of costs: the cost report, and the analytics pair."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.usage.model.analytics import AnalyticsQuery
from antechamber.features.usage.model.costs import CostQuery
from antechamber.features.usage.service import Analytics, UsageReports
from antechamber.features.usage.wire import analytics as wire
from antechamber.features.usage.wire.cost_report import CostReportBody, read_cost_query, show_costs
from antechamber.http.needs import Needs

Texts = Annotated[list[str], Query(default_factory=list)]
Betas = Annotated[list[str], Header(alias="anthropic-beta", default_factory=list)]
# such reports read every row: a caller may want to know why it took so long
_SCAN: Final = {"x-antechamber-scan": "true"}


class _Filters(BaseModel):
    """The filters of the pair, by their names on the wire."""

    account_ids: list[str] = []
    actor_ids: list[str] = []
    actor_types: list[str] = []
    agent_ids: list[str] = []
    api_key_ids: list[str] = []
    claude_tag_categories: list[str] = []
    claude_tag_user_ids: list[str] = []
    context_windows: list[str] = []
    deployment_ids: list[str] = []
    end_users: list[str] = []
    environment_ids: list[str] = []
    inference_geos: list[str] = []
    models: list[str] = []
    organization_ids: list[str] = []
    products: list[str] = []
    rbac_group_ids: list[str] = []
    service_tiers: list[str] = []
    session_ids: list[str] = []
    slack_channel_ids: list[str] = []
    speeds: list[str] = []
    tags: list[str] = []
    user_profile_ids: list[str] = []
    workspace_ids: list[str] = []


class _Asked(_Filters):
    """What the pair is asked, as it is sent."""

    starting_at: str
    ending_at: str | None = None
    time_bucket_width: str | None = None
    group_by: list[str] = []
    order: str = "desc"
    order_by: str | None = None
    limit: int = 20
    page: str | None = None
    exclude_deleted_users: bool = False

    def read(self, report: str, betas: list[str]) -> AnalyticsQuery:
        """Return the query; NotFound without the pair's beta header."""
        wire.require_beta(betas)
        asked = wire.Asked(
            starting_at=self.starting_at,
            ending_at=self.ending_at,
            time_bucket_width=self.time_bucket_width,
            group_by=self.group_by,
            order=self.order,
            order_by=self.order_by,
            limit=self.limit,
            page=self.page,
            exclude_deleted_users=self.exclude_deleted_users,
        )
        filters = {name: getattr(self, name) for name in _Filters.model_fields}
        return wire.read_analytics(report, asked, filters)


def _read_costs(
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
    routes = APIRouter()

    @routes.get("/v1/organizations/cost_report", summary="Costs by day, in cents", response_model=CostReportBody)
    async def cost_report(
        caller: Annotated[Administrator, Needs(Permission.COST_READ)],
        query: Annotated[CostQuery, Depends(_read_costs)],
    ) -> Response:
        return _json(show_costs(await reports.costs(caller.organization_id, query)))

    @routes.get("/v1/organizations/analytics/usage", summary="Usage by any dimension", response_model=wire.UsagePage)
    async def analytics_usage(
        caller: Annotated[Administrator, Needs(Permission.USAGE_READ)],
        asked: Annotated[_Asked, Query()],
        betas: Betas,
    ) -> Response:
        return await answer(caller, asked.read("usage", betas))

    @routes.get(
        "/v1/organizations/analytics/cost", summary="Costs by any dimension, in cents", response_model=wire.CostPage
    )
    async def analytics_cost(
        caller: Annotated[Administrator, Needs(Permission.COST_READ)],
        asked: Annotated[_Asked, Query()],
        betas: Betas,
    ) -> Response:
        return await answer(caller, asked.read("cost", betas))

    async def answer(caller: Administrator, query: AnalyticsQuery) -> Response:
        page = await analytics.page(caller.organization_id, query)
        return _json(wire.show_analytics(page, query), _SCAN if page.is_scan else None)

    return routes


def _json(body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, media_type="application/json", headers=headers)
