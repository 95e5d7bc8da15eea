"""The self-hosted work queue: what workers take, keep and stop (wire-agents.md 2b)."""

import asyncio
import base64
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.bells import Bells
from antechamber.base.chance import Chance
from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.errors import NotFound
from antechamber.base.ids import EnvironmentId, Kind, OrganizationId, SessionId, WorkId, WorkspaceId, is_id, mint
from antechamber.base.page import PageQuery, Paging, Part
from antechamber.base.secret import Secret, SecretKind, digest, mint_secret
from antechamber.base.unit import Unit, Units
from antechamber.features.environments.model.environments import merge_metadata
from antechamber.features.environments.model.work import (
    POLLING_WINDOW_SECONDS,
    QueueStats,
    Work,
    WorkState,
)
from antechamber.features.environments.ports.work import Known, WorkStore

# how much later than a worker's last poll it is written again: it counts for 30 seconds
_NOTED_SECONDS: Final = 10
_MOST_NOTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue that is meant, of an environment in a workspace."""

    organization_id: OrganizationId
    workspace_id: WorkspaceId
    environment_id: EnvironmentId


@dataclass(frozen=True, slots=True)
class Polling:
    """What a poll asks: who polls, how long it may wait, and after how long an item that was taken is lost."""

    worker_id: str | None = None
    block_milliseconds: int = 0
    reclaim_milliseconds: int = 5000


class WorkQueue:
    """Gives work to workers, and knows what became of it."""

    def __init__(
        self, store: WorkStore, environments: Known, units: Units, clock: Clock, chance: Chance, pepper: Secret
    ) -> None:
        self._store = store
        self._environments = environments
        self._units = units
        self._clock = clock
        self._chance = chance
        self._pepper = pepper.reveal().encode()
        self._bells = Bells()
        self._noted: dict[tuple[EnvironmentId, str], int] = {}

    async def enqueue(self, unit: Unit, queue: Queue, session_id: SessionId) -> Work:
        """Put a session into its environment's queue, in the caller's transaction; `ring` once that is committed."""
        work = Work(
            id=WorkId(mint(Kind.WORK, self._clock, self._chance)),
            organization_id=queue.organization_id,
            workspace_id=queue.workspace_id,
            environment_id=queue.environment_id,
            session_id=session_id,
            state=WorkState.QUEUED,
            created_at=self._clock.now(),
        )
        await self._store.add(unit, queue.organization_id, work)
        return work

    def ring(self, environment_id: EnvironmentId) -> None:
        """Wake whoever polls for an environment on this server."""
        self._bells.ring(environment_id)

    async def poll(self, queue: Queue, asked: Polling) -> tuple[Work, Secret] | None:
        """Take the oldest item that waits, for a while if there is none; with it comes the secret of its worker.

        The secret's payload holds a token that serves this item and its session until the item stops, or until
        somebody else takes the item.
        """
        await self._note(queue, asked.worker_id)
        with self._bells.listen(queue.environment_id) as bell:
            taken = await self._take(queue, asked)
            if taken is not None or not asked.block_milliseconds:
                return taken
            # one wait is enough: another server's item is found at its end, which is less than a second away
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(asked.block_milliseconds / 1000):
                    await bell.wait()
        return await self._take(queue, asked)

    async def _take(self, queue: Queue, asked: Polling) -> tuple[Work, Secret] | None:
        now = self._clock.now()
        before = now - asked.reclaim_milliseconds * 1000
        place = (queue.organization_id, queue.environment_id)
        async with self._units.read() as unit:
            if await self._store.waiting(unit, *place, now=now, polled_before=before) is None:
                return None
        async with self._units.begin() as unit:
            await self._store.lock(unit, *place)
            found = await self._store.waiting(unit, *place, now=now, polled_before=before)
            if found is None:
                return None
            work = found.at(now).taken(now)
            token = mint_secret(SecretKind.ACCESS_TOKEN, self._chance)
            await self._store.give(unit, queue.organization_id, work, digest(self._pepper, token.reveal()))
        return work, _payload(token)

    async def acknowledge(self, queue: Queue, work_id: WorkId) -> Work:
        """Say that an item's worker begins; NotFound, StateConflict once the item is to stop."""
        return await self._change(queue, work_id, lambda work, now: work.acknowledged(now))

    async def heartbeat(
        self, queue: Queue, work_id: WorkId, expected: str | None, ttl_seconds: int | None
    ) -> tuple[Work, bool]:
        """Keep an item's lease, and say whether it was extended; NotFound, PreconditionFailed."""
        work = await self._change(queue, work_id, lambda work, now: work.kept(now, expected, ttl_seconds))
        return work, work.state is WorkState.ACTIVE

    async def stop(self, queue: Queue, work_id: WorkId, *, force: bool) -> Work:
        """Ask an item's worker to end, or end the item by force; NotFound, StateConflict when it has stopped."""
        return await self._change(queue, work_id, lambda work, now: work.stopped(now, force=force))

    async def end_session(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> None:
        """Stop the work of a session that is no more, in the caller's transaction."""
        now = self._clock.now()
        for found in await self._store.of_session(unit, organization_id, session_id):
            work = found.at(now)
            if work.state is not WorkState.STOPPED:
                work = work.stopped(now, force=False)
            await self._store.save(unit, organization_id, work, ended=work.state is WorkState.STOPPED)

    async def end_environment(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, by: Actor
    ) -> None:
        """Remove the queue of an environment that is removed, in the same transaction."""
        del by
        await self._store.drop_environment(unit, organization_id, environment_id)

    async def get(self, queue: Queue, work_id: WorkId) -> Work:
        """Return an item; NotFound."""
        async with self._units.read() as unit:
            return (await self._require(unit, queue, work_id)).at(self._clock.now())

    async def update(self, queue: Queue, work_id: WorkId, metadata: Mapping[str, str | None]) -> Work:
        """Change an item's metadata: null removes a key; NotFound, InvalidRequest past the limits."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, queue.organization_id, queue.environment_id)
            work = await self._require(unit, queue, work_id)
            work = work.described(merge_metadata(work.metadata, metadata))
            await self._store.save(unit, queue.organization_id, work, ended=False)
        return work.at(self._clock.now())

    async def listing(self, queue: Queue, query: PageQuery) -> Part[Work]:
        """Return a page of items, newest first."""
        paging = Paging(Kind.WORK, query, environment=queue.environment_id)
        async with self._units.read() as unit:
            found = await self._store.listing(unit, queue.organization_id, queue.environment_id, paging.asked())
        now = self._clock.now()
        return paging.part([work.at(now) for work in found], lambda work: (work.created_at, work.id))

    async def stats(self, queue: Queue) -> QueueStats:
        """Return the queue as it stands; NotFound for an environment that is not there."""
        now = self._clock.now()
        since = now - POLLING_WINDOW_SECONDS * MICROSECONDS
        async with self._units.read() as unit:
            place = (queue.organization_id, queue.workspace_id, queue.environment_id)
            await self._environments.require(unit, *place)
            return await self._store.stats(unit, queue.organization_id, queue.environment_id, now=now, since=since)

    async def _change(self, queue: Queue, work_id: WorkId, change: Callable[[Work, int], Work]) -> Work:
        async with self._units.begin() as unit:
            await self._store.lock(unit, queue.organization_id, queue.environment_id)
            known = await self._require(unit, queue, work_id)
            now = self._clock.now()
            work = change(known.at(now), now)
            if work != known:
                ended = work.state is WorkState.STOPPED
                await self._store.save(unit, queue.organization_id, work, ended=ended)
            return work

    async def _require(self, unit: Unit, queue: Queue, work_id: WorkId) -> Work:
        found = None
        if is_id(Kind.WORK, work_id):
            place = (queue.organization_id, queue.workspace_id, queue.environment_id)
            found = await self._store.find(unit, *place, work_id)
        if found is None:
            message = f"Work not found: {work_id}"
            raise NotFound(message)
        return found

    async def _note(self, queue: Queue, worker_id: str | None) -> None:
        if not worker_id:
            return
        now, key = self._clock.now(), (queue.environment_id, worker_id)
        if now - self._noted.get(key, 0) < _NOTED_SECONDS * MICROSECONDS:
            return
        async with self._units.begin() as unit:
            await self._store.note_poller(unit, queue.organization_id, queue.environment_id, worker_id, now)
        if len(self._noted) >= _MOST_NOTED:
            self._noted.clear()
        self._noted[key] = now


def _payload(token: Secret) -> Secret:
    """Return what the poll's answer calls `secret`: unpadded URL-safe base64 of JSON that holds the token."""
    text = json.dumps({"sessions_token": token.reveal()}, separators=(",", ":"))
    return Secret(base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))
