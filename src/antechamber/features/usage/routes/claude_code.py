"""The endpoint of Claude Code's report."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.usage.service.claude_code import ClaudeCodeReports
from antechamber.features.usage.wire import claude_code as wire
from antechamber.http.lists import answer
from antechamber.http.needs import Needs
from antechamber.http.routing import Router


def claude_code_router(reports: ClaudeCodeReports) -> APIRouter:
    """Return the report's route over a service."""
    routes = Router()

    @routes.get(
        "/v1/organizations/usage_report/claude_code",
        summary="What Claude Code did on a day, by actor",
        response_model=wire.ClaudeCodeBody,
    )
    async def claude_code(
        caller: Annotated[Administrator, Needs(Permission.USAGE_READ)],
        starting_at: str,
        limit: Annotated[int, Query(ge=1, le=1000)] = 20,
        page: str | None = None,
    ) -> Response:
        organization = caller.organization_id
        found = await reports.day(organization, wire.read_day(starting_at), limit, page)
        return answer(wire.fields_of(found, organization))

    return routes
