"""The endpoints of rate limits."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from antechamber.base.permissions import Permission
from antechamber.base.principal import Administrator
from antechamber.features.limits.model.definitions import Scope
from antechamber.features.limits.model.groups import GroupType
from antechamber.features.limits.service.administration_rates import RateLimits, RateQuery
from antechamber.features.limits.wire import rates as wire
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting, Needs, Spoken
from antechamber.http.routing import Router

Reader = Annotated[Administrator, Needs(Permission.RATE_LIMITS_READ)]
Writer = Annotated[Administrator, Needs(Permission.RATE_LIMITS_WRITE)]


async def _organization_query(
    group_type: wire.GroupTypeName | None = None,
    model: str | None = None,
    limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
    page: str | None = None,
) -> RateQuery:
    return RateQuery(group_type and GroupType(group_type), model, limit=limit, page=page)


async def _holder_query(
    group_type: wire.GroupTypeName | None = None,
    *,
    include_inherited: bool = False,
    limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
    page: str | None = None,
) -> RateQuery:
    return RateQuery(group_type and GroupType(group_type), include_inherited=include_inherited, limit=limit, page=page)


Asked = Annotated[RateQuery, Depends(_organization_query)]
HolderAsked = Annotated[RateQuery, Depends(_holder_query)]


def rate_routes(limits: RateLimits) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()
    _organization(routes, limits)
    _workspace(routes, limits)
    _api_key(routes, limits)
    _user(routes, limits)
    return routes


def _organization(routes: APIRouter, limits: RateLimits) -> None:
    @routes.get("/v1/organizations/rate_limits", summary="The organization's rate limits")
    async def listing(
        caller: Reader, asked: Asked, spoken: Spoken
    ) -> PageList[wire.OldRateLimitBody | wire.RateLimitBody]:
        entries, next_page = await limits.listing(caller.organization_id, asked)
        return PageList(data=[wire.show(entry, spoken) for entry in entries], next_page=next_page)

    @routes.post("/v1/organizations/rate_limits/{rate_limit_id}", summary="Set the organization's own rates")
    async def change(
        rate_limit_id: str, body: wire.ChangesBody, caller: Writer, by: Acting, spoken: Spoken
    ) -> wire.OldRateLimitBody | wire.RateLimitBody:
        entry = await limits.set_organization(caller.organization_id, rate_limit_id, body.changes(), by)
        return wire.show(entry, spoken)


def _workspace(routes: APIRouter, limits: RateLimits) -> None:
    path = "/v1/organizations/workspaces/{workspace_id}/rate_limits"

    @routes.get(path, summary="A workspace's rate limits")
    async def listing(
        workspace_id: str, caller: Reader, asked: HolderAsked, spoken: Spoken
    ) -> PageList[wire.OldWorkspaceRateLimitBody | wire.WorkspaceRateLimitBody]:
        entries, next_page = await limits.holder_listing(caller.organization_id, Scope.WORKSPACE, workspace_id, asked)
        return PageList(data=[wire.show_workspace(entry, spoken) for entry in entries], next_page=next_page)

    @routes.post(path + "/{rate_limit_id}", summary="Set or clear a workspace's rates in a group")
    async def change(
        workspace_id: str, rate_limit_id: str, body: wire.ChangesBody, caller: Writer, by: Acting, spoken: Spoken
    ) -> wire.OldWorkspaceRateLimitBody | wire.WorkspaceRateLimitBody:
        held = (caller.organization_id, Scope.WORKSPACE, workspace_id)
        return wire.show_workspace(await limits.set_holder(*held, rate_limit_id, body.changes(), by), spoken)


def _api_key(routes: APIRouter, limits: RateLimits) -> None:
    path = "/v1/organizations/api_keys/{api_key_id}/rate_limits"

    @routes.get(path, summary="An API key's rate limits")
    async def listing(api_key_id: str, caller: Reader, asked: HolderAsked) -> PageList[wire.ApiKeyRateLimitBody]:
        entries, next_page = await limits.holder_listing(caller.organization_id, Scope.API_KEY, api_key_id, asked)
        return PageList(data=[wire.show_api_key(entry) for entry in entries], next_page=next_page)

    @routes.post(path + "/{rate_limit_id}", summary="Set or clear an API key's rates in a group")
    async def change(
        api_key_id: str, rate_limit_id: str, body: wire.ChangesBody, caller: Writer, by: Acting
    ) -> wire.ApiKeyRateLimitBody:
        held = (caller.organization_id, Scope.API_KEY, api_key_id)
        return wire.show_api_key(await limits.set_holder(*held, rate_limit_id, body.changes(), by))


def _user(routes: APIRouter, limits: RateLimits) -> None:
    path = "/v1/organizations/users/{user_id}/rate_limits"

    @routes.get(path, summary="A person's rate limits")
    async def listing(user_id: str, caller: Reader, asked: HolderAsked) -> PageList[wire.UserRateLimitBody]:
        entries, next_page = await limits.holder_listing(caller.organization_id, Scope.USER, user_id, asked)
        return PageList(data=[wire.show_user(entry) for entry in entries], next_page=next_page)

    @routes.post(path + "/{rate_limit_id}", summary="Set or clear a person's rates in a group")
    async def change(
        user_id: str, rate_limit_id: str, body: wire.ChangesBody, caller: Writer, by: Acting
    ) -> wire.UserRateLimitBody:
        held = (caller.organization_id, Scope.USER, user_id)
        return wire.show_user(await limits.set_holder(*held, rate_limit_id, body.changes(), by))
