"""The endpoints of sessions themselves."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from antechamber.base.clock import Clock
from antechamber.base.ids import SessionId
from antechamber.base.page import PageQuery
from antechamber.base.permissions import Permission
from antechamber.base.principal import Tenant
from antechamber.features.sessions.model.sessions import Filter, Status, Window
from antechamber.features.sessions.routes.reach import reach_of
from antechamber.features.sessions.service import SessionEgress, SessionQuery, Sessions
from antechamber.features.sessions.wire import sessions as wire
from antechamber.http.betas import ManagedAgents
from antechamber.http.fields import choose_all, read_instant
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting
from antechamber.http.routing import Router

Reader = Annotated[Tenant, ManagedAgents(Permission.SESSIONS_READ)]
Writer = Annotated[Tenant, ManagedAgents(Permission.SESSIONS_WRITE)]
Limit = Annotated[int, Query(ge=1, le=1000)]
_ROOT = "/v1/sessions"
_ONE = "/v1/sessions/{session_id}"


async def read_window(
    created_at_gt: Annotated[str | None, Query(alias="created_at[gt]")] = None,
    created_at_gte: Annotated[str | None, Query(alias="created_at[gte]")] = None,
    created_at_lt: Annotated[str | None, Query(alias="created_at[lt]")] = None,
    created_at_lte: Annotated[str | None, Query(alias="created_at[lte]")] = None,
) -> Window:
    """Return the stretch of time that a list is asked for."""
    return Window(
        read_instant("created_at[gt]", created_at_gt),
        read_instant("created_at[gte]", created_at_gte),
        read_instant("created_at[lt]", created_at_lt),
        read_instant("created_at[lte]", created_at_lte),
    )


Created = Annotated[Window, Depends(read_window)]


async def _read_filter(
    created: Created,
    agent_id: str | None = None,
    agent_version: Annotated[int | None, Query(ge=1)] = None,
    deployment_id: str | None = None,
    memory_store_id: str | None = None,
    statuses: Annotated[list[str] | None, Query()] = None,
    *,
    include_archived: bool = False,
) -> Filter | None:
    """Return which sessions are asked for, None for those of what no session has yet."""
    if deployment_id is not None or memory_store_id is not None:
        return None
    chosen = choose_all("statuses", statuses or (), Status)
    return Filter(agent_id, agent_version, chosen, include_archived, created)


Only = Annotated[Filter | None, Depends(_read_filter)]


def session_routes(sessions: Sessions, egress: SessionEgress, clock: Clock) -> APIRouter:
    """Return the routes over the services."""
    routes = Router()

    @routes.post(_ROOT, summary="Start a session; its container comes up beside it")
    async def create(body: wire.CreateBody, caller: Writer, by: Acting) -> wire.SessionBody:
        draft = wire.read_draft(body)
        return wire.show(await sessions.create(caller.organization_id, caller.workspace_id, draft, by), clock.now())

    @routes.get(_ROOT, summary="Sessions, newest first unless asked otherwise")
    async def listing(
        caller: Reader,
        only: Only,
        limit: Limit = 20,
        page: str | None = None,
        order: Literal["asc", "desc"] = "desc",
    ) -> wire.SessionList:
        if only is None:
            return wire.SessionList(data=[], next_page=None, prev_page=None)
        leaf = await sessions.listing(reach_of(caller), SessionQuery(PageQuery(limit, page), order == "asc", only))
        shown = [wire.show(each, clock.now()) for each in leaf.items]
        return wire.SessionList(data=shown, next_page=leaf.next_page, prev_page=leaf.prev_page)

    @routes.get(_ONE, summary="One session")
    async def get(session_id: str, caller: Reader) -> wire.SessionBody:
        return wire.show(await sessions.get(reach_of(caller), SessionId(session_id)), clock.now())

    @routes.post(_ONE, summary="Change a session's title, metadata, or its agent's tools")
    async def update(session_id: str, body: wire.UpdateBody, caller: Writer, by: Acting) -> wire.SessionBody:
        changes = wire.read_update(body)
        shown = await sessions.update(reach_of(caller), SessionId(session_id), changes, by)
        return wire.show(shown, clock.now())

    @routes.post(_ONE + "/archive", summary="End a session for good, and its container with what is in it")
    async def archive(
        session_id: str, caller: Writer, by: Acting, body: wire.NothingBody | None = None
    ) -> wire.SessionBody:
        del body
        return wire.show(await sessions.archive(reach_of(caller), SessionId(session_id), by), clock.now())

    @routes.delete(_ONE, summary="Remove a session, its log and its container")
    async def delete(session_id: str, caller: Writer, by: Acting) -> wire.DeletedBody:
        await sessions.delete(reach_of(caller), SessionId(session_id), by)
        return wire.DeletedBody(id=session_id)

    @routes.get(_ONE + "/egress", summary="What the egress proxy decided for a session, oldest first")
    async def decisions(
        session_id: str, caller: Reader, limit: Limit = 100, page: str | None = None
    ) -> PageList[dict[str, Any]]:
        query = PageQuery(limit, page)
        found, next_page = await egress.listing(reach_of(caller), SessionId(session_id), query)
        return PageList(data=[dict(line) for line in found], next_page=next_page)

    return routes
