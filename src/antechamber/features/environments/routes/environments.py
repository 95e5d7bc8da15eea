"""The endpoints of environments themselves."""

from typing import Annotated

from fastapi import APIRouter, Query

from antechamber.base.ids import EnvironmentId
from antechamber.base.page import PageQuery
from antechamber.base.permissions import Permission
from antechamber.base.principal import Tenant
from antechamber.features.environments.service import Environments, History
from antechamber.features.environments.wire import environments as wire
from antechamber.http.betas import ManagedAgents
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting

Reader = Annotated[Tenant, ManagedAgents(Permission.ENVIRONMENTS_READ)]
Writer = Annotated[Tenant, ManagedAgents(Permission.ENVIRONMENTS_WRITE)]
Limit = Annotated[int, Query(ge=1, le=1000)]
_ROOT = "/v1/environments"
_ONE = "/v1/environments/{environment_id}"


def environment_routes(environments: Environments, history: History) -> APIRouter:
    """Return the routes over both services."""
    routes = APIRouter()

    @routes.post(_ROOT, summary="Make an environment")
    async def create(body: wire.CreateBody, caller: Writer, by: Acting) -> wire.EnvironmentBody:
        return wire.show(await environments.create(caller.organization_id, caller.workspace_id, body.draft(), by))

    @routes.get(_ROOT, summary="Environments of the workspace, newest first")
    async def listing(
        caller: Reader, limit: Limit = 20, page: str | None = None, *, include_archived: bool = False
    ) -> PageList[wire.EnvironmentBody]:
        query = PageQuery(limit, page)
        part = await environments.listing(caller.organization_id, caller.workspace_id, query, archived=include_archived)
        return PageList(data=[wire.show(each) for each in part.items], next_page=part.next_page)

    @routes.get(_ONE, summary="One environment")
    async def get(environment_id: str, caller: Reader) -> wire.EnvironmentBody:
        return wire.show(
            await environments.get(caller.organization_id, caller.workspace_id, EnvironmentId(environment_id))
        )

    @routes.post(_ONE, summary="Change an environment, for containers that start from now on")
    async def update(environment_id: str, body: wire.UpdateBody, caller: Writer, by: Acting) -> wire.EnvironmentBody:
        which, said = EnvironmentId(environment_id), body.draft()
        return wire.show(await environments.update(caller.organization_id, caller.workspace_id, which, said, by))

    @routes.post(_ONE + "/archive", summary="Archive an environment for good; its sessions go on")
    async def archive(
        environment_id: str, caller: Writer, by: Acting, body: wire.NothingBody | None = None
    ) -> wire.EnvironmentBody:
        del body
        which = EnvironmentId(environment_id)
        return wire.show(await environments.archive(caller.organization_id, caller.workspace_id, which, by))

    @routes.delete(_ONE, summary="Delete an environment that no session refers to")
    async def delete(environment_id: str, caller: Writer, by: Acting) -> wire.DeletedBody:
        await environments.delete(caller.organization_id, caller.workspace_id, EnvironmentId(environment_id), by)
        return wire.DeletedBody(id=environment_id)

    @routes.get(_ONE + "/history", summary="What an environment was configured as, newest first")
    async def revisions(
        environment_id: str, caller: Reader, limit: Limit = 20, page: str | None = None
    ) -> PageList[wire.RevisionBody]:
        which = EnvironmentId(environment_id)
        part = await history.listing(caller.organization_id, caller.workspace_id, which, PageQuery(limit, page))
        return PageList(data=[wire.show_revision(which, each) for each in part.items], next_page=part.next_page)

    return routes
