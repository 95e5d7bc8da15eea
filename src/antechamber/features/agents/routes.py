"""The endpoints of agents."""

from typing import Annotated

from fastapi import APIRouter, Query

from antechamber.base.ids import AgentId
from antechamber.base.page import PageQuery
from antechamber.base.permissions import Permission
from antechamber.base.principal import Tenant
from antechamber.features.agents import wire
from antechamber.features.agents.service import AgentQuery, Agents
from antechamber.http.betas import ManagedAgents
from antechamber.http.fields import read_instant
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting
from antechamber.http.routing import Router

Reader = Annotated[Tenant, ManagedAgents(Permission.AGENTS_READ)]
Writer = Annotated[Tenant, ManagedAgents(Permission.AGENTS_WRITE)]
Limit = Annotated[int, Query(ge=1, le=100)]
_ROOT = "/v1/agents"
_ONE = "/v1/agents/{agent_id}"


def agent_routes(agents: Agents) -> APIRouter:
    """Return the routes over a service."""
    routes = Router()

    @routes.post(_ROOT, summary="Make an agent")
    async def create(body: wire.CreateBody, caller: Writer, by: Acting) -> wire.AgentBody:
        definition = wire.read_new(body)
        return wire.show(await agents.create(caller.organization_id, caller.workspace_id, definition, by))

    @routes.get(_ROOT, summary="Agents, newest first")
    async def listing(
        caller: Reader,
        limit: Limit = 20,
        page: str | None = None,
        created_at_gte: Annotated[str | None, Query(alias="created_at[gte]")] = None,
        created_at_lte: Annotated[str | None, Query(alias="created_at[lte]")] = None,
        *,
        include_archived: bool = False,
    ) -> PageList[wire.AgentBody]:
        since, until = read_instant("created_at[gte]", created_at_gte), read_instant("created_at[lte]", created_at_lte)
        query = AgentQuery(PageQuery(limit, page), include_archived, since, until)
        part = await agents.listing(caller.organization_id, caller.workspace_id, query)
        return PageList(data=[wire.show(agent) for agent in part.items], next_page=part.next_page)

    @routes.get(_ONE, summary="One agent, as it is or in one version")
    async def get(agent_id: str, caller: Reader, version: Annotated[int | None, Query(ge=1)] = None) -> wire.AgentBody:
        agent = await agents.get(caller.organization_id, caller.workspace_id, AgentId(agent_id), version)
        return wire.show(agent)

    @routes.post(_ONE, summary="Make the next version of an agent")
    async def update(agent_id: str, body: wire.UpdateBody, caller: Writer, by: Acting) -> wire.AgentBody:
        changes = wire.read_changes(body)
        agent = await agents.update(
            caller.organization_id, caller.workspace_id, AgentId(agent_id), changes, by, version=body.version
        )
        return wire.show(agent)

    @routes.post(_ONE + "/archive", summary="Archive an agent for good")
    async def archive(
        agent_id: str, caller: Writer, by: Acting, body: wire.NothingBody | None = None
    ) -> wire.AgentBody:
        del body
        return wire.show(await agents.archive(caller.organization_id, caller.workspace_id, AgentId(agent_id), by))

    @routes.get(_ONE + "/versions", summary="An agent's versions, newest first")
    async def versions(
        agent_id: str, caller: Reader, limit: Limit = 20, page: str | None = None
    ) -> PageList[wire.AgentBody]:
        query = PageQuery(limit, page)
        part = await agents.versions(caller.organization_id, caller.workspace_id, AgentId(agent_id), query)
        return PageList(data=[wire.show(agent) for agent in part.items], next_page=part.next_page)

    return routes
