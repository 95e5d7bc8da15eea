"""The endpoint of the authentication history."""

from typing import Annotated

from fastapi import APIRouter, Query

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.federation.model.history import HistoryQuery, Outcome
from antechamber.features.federation.service.history import History
from antechamber.features.federation.service.lists import ListQuery
from antechamber.features.federation.wire.history import ExchangeBody, show_exchange
from antechamber.http.lists import PageList
from antechamber.http.needs import Needs
from antechamber.http.routing import Router


def history_router(history: History) -> APIRouter:
    """Return the route over the service."""
    routes = Router()

    @routes.get("/v1/organizations/federation_history", summary="What became of exchanges, and why")
    async def listing(
        caller: Annotated[Administrator, Needs(Permission.FEDERATION_READ)],
        rule_id: str | None = None,
        issuer_id: str | None = None,
        outcome: Outcome | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        page: str | None = None,
    ) -> PageList[ExchangeBody]:
        query = HistoryQuery(rule_id, issuer_id, outcome)
        part = await history.listing(caller.organization_id, query, ListQuery(limit, page))
        return PageList(data=[show_exchange(each) for each in part.items], next_page=part.next_page)

    return routes
