"""The endpoints of the self-hosted work queue and of environment keys."""

from typing import Annotated

from fastapi import APIRouter, Header, Query

from antechamber.base.errors import NotFound
from antechamber.base.ids import EnvironmentId, EnvironmentKeyId, WorkId
from antechamber.base.page import PageQuery
from antechamber.base.permissions import Permission
from antechamber.base.principal import EnvironmentKey, Tenant, WorkToken
from antechamber.features.environments.model.work import LONGEST_BLOCK_MILLISECONDS, RECLAIM_MILLISECONDS
from antechamber.features.environments.service.keys import EnvironmentKeys
from antechamber.features.environments.service.work import Polling, Queue, WorkQueue
from antechamber.features.environments.wire import work as wire
from antechamber.http.betas import ManagedAgents
from antechamber.http.fields import read_instant
from antechamber.http.lists import PageList
from antechamber.http.needs import Acting
from antechamber.http.routing import Router

Taker = Annotated[EnvironmentKey, ManagedAgents(Permission.WORK_TAKE)]
Keeper = Annotated[Tenant, ManagedAgents(Permission.WORK_HEARTBEAT)]
Stopper = Annotated[Tenant, ManagedAgents(Permission.WORK_STOP)]
Reader = Annotated[Tenant, ManagedAgents(Permission.WORK_READ)]
Writer = Annotated[Tenant, ManagedAgents(Permission.WORK_WRITE)]
KeyReader = Annotated[Tenant, ManagedAgents(Permission.ENVIRONMENTS_READ)]
KeyWriter = Annotated[Tenant, ManagedAgents(Permission.ENVIRONMENTS_WRITE)]
Limit = Annotated[int, Query(ge=1, le=1000)]
_WORK = "/v1/environments/{environment_id}/work"
_ONE = _WORK + "/{work_id}"
_KEYS = "/v1/environments/{environment_id}/keys"


def work_routes(work: WorkQueue, keys: EnvironmentKeys) -> APIRouter:
    """Return the routes over the services."""
    routes = Router()
    _add_workers(routes, work)
    _add_items(routes, work)
    _add_keys(routes, keys)
    return routes


def _add_workers(routes: APIRouter, work: WorkQueue) -> None:
    @routes.get(_WORK + "/poll", summary="Take the oldest item that waits; null for none")
    async def poll(
        environment_id: str,
        caller: Taker,
        block_ms: Annotated[int | None, Query(ge=1, le=LONGEST_BLOCK_MILLISECONDS)] = None,
        reclaim_older_than_ms: Annotated[int | None, Query(ge=0, le=86_400_000)] = None,
        worker_id: Annotated[str | None, Header(alias="anthropic-worker-id", max_length=256)] = None,
    ) -> wire.WorkBody | None:
        lost = RECLAIM_MILLISECONDS if reclaim_older_than_ms is None else reclaim_older_than_ms
        taken = await work.poll(_queue(caller, environment_id), Polling(worker_id, block_ms or 0, lost))
        return None if taken is None else wire.show_work(*taken)

    @routes.get(_WORK, summary="Items of the queue, newest first")
    async def listing(
        environment_id: str, caller: Taker, limit: Limit = 20, page: str | None = None
    ) -> PageList[wire.WorkBody]:
        part = await work.listing(_queue(caller, environment_id), PageQuery(limit, page))
        return PageList(data=[wire.show_work(item) for item in part.items], next_page=part.next_page)

    @routes.post(_ONE + "/ack", summary="Say that an item's worker begins")
    async def acknowledge(
        environment_id: str, work_id: str, caller: Taker, body: wire.NothingBody | None = None
    ) -> wire.WorkBody:
        del body
        return wire.show_work(await work.acknowledge(_queue(caller, environment_id), WorkId(work_id)))

    @routes.post(_ONE + "/heartbeat", summary="Keep an item's lease")
    async def heartbeat(
        environment_id: str,
        work_id: str,
        caller: Keeper,
        expected_last_heartbeat: str | None = None,
        desired_ttl_seconds: Annotated[int | None, Query(ge=1)] = None,
        body: wire.NothingBody | None = None,
    ) -> wire.HeartbeatBody:
        del body
        queue = _queue(caller, environment_id, work_id)
        item, extended = await work.heartbeat(queue, WorkId(work_id), expected_last_heartbeat, desired_ttl_seconds)
        return wire.show_heartbeat(item, extended=extended)


def _add_items(routes: APIRouter, work: WorkQueue) -> None:
    @routes.get(_WORK + "/stats", summary="The queue as it stands")
    async def stats(environment_id: str, caller: Reader) -> wire.StatsBody:
        return wire.show_stats(await work.stats(_queue(caller, environment_id)))

    @routes.get(_ONE, summary="One item")
    async def get(environment_id: str, work_id: str, caller: Reader) -> wire.WorkBody:
        return wire.show_work(await work.get(_queue(caller, environment_id), WorkId(work_id)))

    @routes.post(_ONE, summary="Change an item's metadata")
    async def update(environment_id: str, work_id: str, body: wire.UpdateWorkBody, caller: Writer) -> wire.WorkBody:
        return wire.show_work(await work.update(_queue(caller, environment_id), WorkId(work_id), body.metadata))

    @routes.post(_ONE + "/stop", summary="Ask an item's worker to end, or end the item by force")
    async def stop(
        environment_id: str, work_id: str, caller: Stopper, body: wire.StopBody | None = None
    ) -> wire.WorkBody:
        force = body is not None and body.force
        queue = _queue(caller, environment_id, work_id)
        return wire.show_work(await work.stop(queue, WorkId(work_id), force=force))


def _add_keys(routes: APIRouter, keys: EnvironmentKeys) -> None:
    @routes.post(_KEYS, summary="Make a key for workers; its secret is shown this once")
    async def create(environment_id: str, body: wire.CreateKeyBody, caller: KeyWriter, by: Acting) -> wire.NewKeyBody:
        ends = read_instant("expires_at", body.expires_at)
        return wire.show_new_key(*await keys.create(_queue(caller, environment_id), body.name, ends, by))

    @routes.get(_KEYS, summary="An environment's keys, newest first")
    async def listing(
        environment_id: str, caller: KeyReader, limit: Limit = 20, page: str | None = None
    ) -> PageList[wire.KeyBody]:
        part = await keys.listing(_queue(caller, environment_id), PageQuery(limit, page))
        return PageList(data=[wire.show_key(key) for key in part.items], next_page=part.next_page)

    @routes.delete(_KEYS + "/{key_id}", summary="End a key for good")
    async def revoke(environment_id: str, key_id: str, caller: KeyWriter, by: Acting) -> wire.DeletedKeyBody:
        await keys.revoke(_queue(caller, environment_id), EnvironmentKeyId(key_id), by)
        return wire.DeletedKeyBody(id=key_id, type="environment_key_deleted")


def _queue(caller: Tenant, environment_id: str, work_id: str | None = None) -> Queue:
    """Return the queue that a caller means; NotFound for a worker that belongs to another, as for one that is not."""
    if isinstance(caller, EnvironmentKey | WorkToken) and caller.environment_id != environment_id:
        message = f"Environment not found: {environment_id}"
        raise NotFound(message)
    if isinstance(caller, WorkToken) and caller.work_id != work_id:
        message = f"Work not found: {work_id}"
        raise NotFound(message)
    return Queue(caller.organization_id, caller.workspace_id, EnvironmentId(environment_id))
