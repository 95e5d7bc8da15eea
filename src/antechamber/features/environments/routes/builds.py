"""The endpoints of builds, bases and layers (extensions)."""

from typing import Annotated

from fastapi import APIRouter, Query

from antechamber.base.ids import BuildId, EnvironmentId
from antechamber.base.page import PageQuery
from antechamber.base.permissions import Permission
from antechamber.base.principal import Tenant
from antechamber.features.environments.service.builds import Builds
from antechamber.features.environments.service.layers import Layers
from antechamber.features.environments.wire import builds as wire
from antechamber.http.betas import ManagedAgents
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting
from antechamber.http.routing import Router

Reader = Annotated[Tenant, ManagedAgents(Permission.ENVIRONMENTS_READ)]
Writer = Annotated[Tenant, ManagedAgents(Permission.ENVIRONMENTS_WRITE)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, lt=1 << 62)]
_ONE = "/v1/environments/{environment_id}"


def build_routes(builds: Builds, layers: Layers) -> APIRouter:
    """Return the routes over both services."""
    routes = Router()

    @routes.post(_ONE + "/build", summary="Build an environment's layer now; it goes on after the answer")
    async def build(
        environment_id: str, caller: Writer, by: Acting, body: wire.BuildInput | None = None
    ) -> wire.BuildBody:
        said, which = body or wire.BuildInput(), EnvironmentId(environment_id)
        place = caller.organization_id, caller.workspace_id
        return wire.show(await builds.start(*place, which, by, pinned=said.pinned, fresh=said.fresh))

    @routes.get(_ONE + "/builds", summary="Builds of an environment, newest first")
    async def listing(
        environment_id: str, caller: Reader, limit: Limit = 20, page: str | None = None
    ) -> PageList[wire.BuildBody]:
        place = caller.organization_id, caller.workspace_id
        part = await builds.listing(*place, EnvironmentId(environment_id), PageQuery(limit, page))
        return PageList(data=[wire.show(each) for each in part.items], next_page=part.next_page)

    @routes.get(_ONE + "/builds/{build_id}", summary="One build: state, progress, exact versions")
    async def get(environment_id: str, build_id: str, caller: Reader) -> wire.BuildBody:
        place = caller.organization_id, caller.workspace_id
        return wire.show(await builds.get(*place, EnvironmentId(environment_id), BuildId(build_id)))

    @routes.get(_ONE + "/builds/{build_id}/log", summary="What a build wrote, from a byte on")
    async def log(environment_id: str, build_id: str, caller: Reader, offset: Offset = 0) -> wire.LogBody:
        place = caller.organization_id, caller.workspace_id
        found = await builds.get(*place, EnvironmentId(environment_id), BuildId(build_id))
        return wire.show_log(found, await builds.log(found, offset), offset)

    @routes.get("/v1/environment_bases", summary="The bases that environments are built on")
    async def bases(caller: Reader) -> wire.ListBody:
        del caller
        return wire.ListBody(data=[wire.show_base(base) for base in await builds.bases()])

    @routes.get("/v1/environment_layers", summary="The organization's sealed layers")
    async def all_layers(caller: Reader) -> wire.LayersBody:
        found = await layers.listing(caller.organization_id)
        return wire.LayersBody(data=[wire.show_layer(layer) for layer in found])

    @routes.post("/v1/environment_layers/prune", summary="Remove layers that no container uses")
    async def prune(caller: Writer, by: Acting, body: wire.PruneInput | None = None) -> wire.PrunedBody:
        days = (body or wire.PruneInput()).unused_days
        return wire.show_pruned(await layers.prune(caller.organization_id, by, unused_days=days))

    return routes
