"""The endpoints of usage."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.usage import wire
from antechamber.features.usage.model import ReportQuery
from antechamber.features.usage.routes.queries import Texts, filters_of
from antechamber.features.usage.service import UsageReports
from antechamber.http.needs import Needs
from antechamber.http.routing import Router

_read_filters = filters_of(wire.FILTERS)


async def _read_query(
    filters: Annotated[dict[str, list[str]], Depends(_read_filters)],
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
    return wire.read_query(asked, group_by, filters, anthropic_beta)


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
