"""The endpoints of environments themselves."""

from typing import Annotated

from fastapi import APIRouter, Query

from antechamber.base.ids import EnvironmentId
from antechamber.base.page import PageQuery
from antechamber.base.permissions import Permission
from antechamber.base.principal import Principal, place_of
from antechamber.features.environments.service import Environments, History
from antechamber.features.environments.wire import environments as wire
from antechamber.http.betas import ManagedAgents
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting

Reader = Annotated[Principal, ManagedAgents(Permission.ENVIRONMENTS_READ)]
Writer = Annotated[Principal, ManagedAgents(Permission.ENVIRONMENTS_WRITE)]
Limit = Annotated[int, Query(ge=1, le=1000)]
_ROOT = "/v1/environments"
_ONE = "/v1/environments/{environment_id}"


def environment_routes(environments: Environments, history: History) -> APIRouter:
    """Return the routes over both services."""
    routes = APIRouter()

    @routes.post(_ROOT, summary="Make an environment")
    async def create(body: wire.CreateBody, caller: Writer, by: Acting) -> wire.EnvironmentBody:
        return wire.show(await environments.create(*place_of(caller), body.draft(), by))

    @routes.get(_ROOT, summary="Environments of the workspace, newest first")
    async def listing(
        caller: Reader, limit: Limit = 20, page: str | None = None, *, include_archived: bool = False
    ) -> PageList[wire.EnvironmentBody]:
        query = PageQuery(limit, page)
        part = await environments.listing(*place_of(caller), query, archived=include_archived)
        return PageList(data=[wire.show(each) for each in part.items], next_page=part.next_page)

    @routes.get(_ONE, summary="One environment")
    async def get(environment_id: str, caller: Reader) -> wire.EnvironmentBody:
        return wire.show(await environments.get(*place_of(caller), EnvironmentId(environment_id)))

    @routes.post(_ONE, summary="Change an environment, for containers that start from now on")
    async def update(environment_id: str, body: wire.UpdateBody, caller: Writer, by: Acting) -> wire.EnvironmentBody:
        place, which = place_of(caller), EnvironmentId(environment_id)
        return wire.show(await environments.update(*place, which, body.draft(), by))

    @routes.post(_ONE + "/archive", summary="Archive an environment for good; its sessions go on")
    async def archive(
        environment_id: str, caller: Writer, by: Acting, body: wire.NothingBody | None = None
    ) -> wire.EnvironmentBody:
        del body
        return wire.show(await environments.archive(*place_of(caller), EnvironmentId(environment_id), by))

    @routes.delete(_ONE, summary="Delete an environment that no session refers to")
    async def delete(environment_id: str, caller: Writer, by: Acting) -> wire.DeletedBody:
        await environments.delete(*place_of(caller), EnvironmentId(environment_id), by)
        return wire.DeletedBody(id=environment_id)

    @routes.get(_ONE + "/history", summary="What an environment was configured as, newest first")
    async def revisions(
        environment_id: str, caller: Reader, limit: Limit = 20, page: str | None = None
    ) -> PageList[wire.RevisionBody]:
        which = EnvironmentId(environment_id)
        part = await history.listing(*place_of(caller), which, PageQuery(limit, page))
        return PageList(data=[wire.show_revision(which, each) for each in part.items], next_page=part.next_page)

    return routes
