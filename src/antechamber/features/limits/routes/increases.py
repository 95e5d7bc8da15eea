"""The endpoints of requests for more: deciding on them, and filing one's own (an extension)."""

from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Depends, Query

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import UserId
from antechamber.base.permissions import Permission
from antechamber.base.principal import AccessToken, Administrator, ApiKey, Principal
from antechamber.features.limits.model.increases import RequestStatus
from antechamber.features.limits.service.increases import IncreaseQuery, IncreaseRequests
from antechamber.features.limits.wire import increases as wire
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting, Needs
from antechamber.http.routing import Router

_ALL: Final = "/v1/organizations/spend_limit_increase_requests"
_ONE: Final = f"{_ALL}/{{increase_request_id}}"
_OWN: Final = "/v1/usage/me/spend_limit_increase_requests"

Reader: TypeAlias = Annotated[Administrator, Needs(Permission.SPEND_LIMITS_READ)]
Writer: TypeAlias = Annotated[Administrator, Needs(Permission.SPEND_LIMITS_WRITE)]
Own: TypeAlias = Annotated[Principal, Needs(Permission.SPEND_LIMITS_ASK)]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=100)]


async def _read_query(
    actor_ids: Annotated[list[str] | None, Query(max_length=100)] = None,
    status: Annotated[list[wire.StatusName] | None, Query()] = None,
    limit: Limit = 20,
    page: str | None = None,
) -> IncreaseQuery:
    return IncreaseQuery(tuple(actor_ids or ()), tuple(map(RequestStatus, status or ())), limit, page)


Asked: TypeAlias = Annotated[IncreaseQuery, Depends(_read_query)]


def increase_routes(requests: IncreaseRequests) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()
    _deciding(routes, requests)
    _own(routes, requests)
    return routes


def _deciding(routes: APIRouter, requests: IncreaseRequests) -> None:
    @routes.get(_ALL, summary="Requests for higher spend limits")
    async def listing(caller: Reader, asked: Asked) -> PageList[wire.IncreaseRequestBody]:
        found, next_page = await requests.listing(caller.organization_id, asked)
        return PageList(data=[wire.show(shown) for shown in found], next_page=next_page)

    @routes.get(_ONE, summary="One request for a higher spend limit")
    async def get(increase_request_id: str, caller: Reader) -> wire.IncreaseRequestBody:
        return wire.show(await requests.get(caller.organization_id, increase_request_id))

    @routes.post(_ONE + "/approve", summary="Give the requester a spend limit of their own")
    async def approve(
        increase_request_id: str, body: wire.ApproveBody, caller: Writer, by: Acting
    ) -> wire.ApprovedRequestBody:
        asked = (caller.organization_id, increase_request_id)
        return wire.show_approved(await requests.approve(*asked, body.approval(), by))

    @routes.post(_ONE + "/deny", summary="Leave the requester's spend limits as they are")
    async def deny(
        increase_request_id: str, caller: Writer, by: Acting, body: wire.DenyBody | None = None
    ) -> wire.IncreaseRequestBody:
        asked = (caller.organization_id, increase_request_id)
        is_quiet = body is not None and body.suppress_notification
        return wire.show(await requests.deny(*asked, by, is_quiet=is_quiet))


def _own(routes: APIRouter, requests: IncreaseRequests) -> None:
    @routes.get(_OWN, summary="What the caller asked for")
    async def listing(caller: Own, limit: Limit = 20, page: str | None = None) -> PageList[wire.IncreaseRequestBody]:
        query = IncreaseQuery((_person(caller),), limit=limit, page=page)
        found, next_page = await requests.listing(caller.organization_id, query)
        return PageList(data=[wire.show(shown) for shown in found], next_page=next_page)

    @routes.post(_OWN, summary="Ask for a higher spend limit")
    async def file(caller: Own, by: Acting, body: wire.FileBody) -> wire.IncreaseRequestBody:
        return wire.show(await requests.file(caller.organization_id, _person(caller), body.draft(), by))


def _person(caller: Principal) -> UserId:
    user_id = caller.user_id if isinstance(caller, ApiKey | AccessToken) else None
    if user_id is None:
        message = "No person stands behind this credential; only a personal key or a person's token asks for more."
        raise InvalidRequest(message)
    return user_id
