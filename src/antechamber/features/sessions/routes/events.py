"""The endpoints of a session's events."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from antechamber.base.ids import SessionId
from antechamber.base.page import PageQuery
from antechamber.base.permissions import Permission
from antechamber.base.principal import Tenant
from antechamber.features.sessions.routes.reach import reach_of
from antechamber.features.sessions.routes.sessions import Created, Reader
from antechamber.features.sessions.service import SessionEvents
from antechamber.features.sessions.service.events import EventQuery
from antechamber.features.sessions.wire import events as wire
from antechamber.http.betas import ManagedAgents
from antechamber.http.lists import PageList
from antechamber.http.routing import Router

Sender = Annotated[Tenant, ManagedAgents(Permission.EVENTS_WRITE)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Types = Annotated[list[str] | None, Query()]
_ROOT = "/v1/sessions/{session_id}/events"


def event_routes(events: SessionEvents) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.get(_ROOT, summary="A session's events, oldest first unless asked otherwise")
    async def listing(
        session_id: str,
        caller: Reader,
        created: Created,
        limit: Limit = 1000,
        page: str | None = None,
        order: Literal["asc", "desc"] = "asc",
        types: Types = None,
    ) -> PageList[dict[str, Any]]:
        query = EventQuery(PageQuery(limit, page), order == "asc", tuple(types or ()), created)
        part = await events.listing(reach_of(caller), SessionId(session_id), query)
        return PageList(data=[wire.show(event) for event in part.items], next_page=part.next_page)

    @routes.post(_ROOT, summary="Add the results of tools to a session's events")
    async def send(session_id: str, body: wire.SendBody, caller: Sender) -> wire.SentBody:
        added = await events.send(reach_of(caller), SessionId(session_id), wire.read_drafts(body))
        return wire.SentBody(data=[wire.show(event) for event in added])

    @routes.get(_ROOT + "/stream", summary="A session's events from now on, as they come")
    async def stream(session_id: str, caller: Reader, event_deltas: Types = None) -> StreamingResponse:
        del event_deltas
        followed = await events.follow(reach_of(caller), SessionId(session_id))
        frames = (wire.frame(event) async for event in followed)
        return StreamingResponse(frames, media_type="text/event-stream", headers={"cache-control": "no-cache"})

    return routes
