"""The endpoints of usage."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.usage import wire
from antechamber.features.usage.model import ReportQuery
from antechamber.features.usage.service import UsageReports
from antechamber.http.needs import Needs
from antechamber.http.routing import Router

Texts = Annotated[list[str], Query(default_factory=list)]


class _Filters:
    """The filters of a report, by their names on the wire."""

    def __init__(  # noqa: PLR0913 - FastAPI reads the query's names from here
        self,
        *,
        account_ids: Texts,
        api_key_ids: Texts,
        context_window: Texts,
        inference_geos: Texts,
        models: Texts,
        service_account_ids: Texts,
        service_tiers: Texts,
        speeds: Texts,
        workspace_ids: Texts,
    ) -> None:
        self.by_name = {
            "account_ids": account_ids,
            "api_key_ids": api_key_ids,
            "context_window": context_window,
            "inference_geos": inference_geos,
            "models": models,
            "service_account_ids": service_account_ids,
            "service_tiers": service_tiers,
            "speeds": speeds,
            "workspace_ids": workspace_ids,
        }


def _read_query(
    filters: Annotated[_Filters, Depends()],
    *,
    starting_at: str,
    ending_at: str | None = None,
    bucket_width: str = "1d",
    limit: int | None = None,
    page: str | None = None,
    group_by: Texts,
    anthropic_beta: Annotated[list[str], Header(default_factory=list)],
) -> ReportQuery:
    asked = wire.Range(starting_at, ending_at, bucket_width, limit, page)
    return wire.read_query(asked, group_by, filters.by_name, anthropic_beta)


def router(reports: UsageReports) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.get(
        "/v1/organizations/usage_report/messages",
        summary="Tokens used, in buckets of time",
        response_model=wire.ReportBody,
    )
    async def messages(
        caller: Annotated[Administrator, Needs(Permission.USAGE_READ)],
        query: Annotated[ReportQuery, Depends(_read_query)],
    ) -> Response:
        body = wire.show(await reports.messages(caller.organization_id, query, wire.line(query.group_by)))
        return Response(body, media_type="application/json")

    return routes
