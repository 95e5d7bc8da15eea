"""The work queue over both databases: leases, tokens, keys, races."""

import asyncio
import base64
import json
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import NotFound, PreconditionFailed, StateConflict
from antechamber.base.ids import EnvironmentId, WorkspaceId
from antechamber.base.page import PageQuery
from antechamber.base.principal import EnvironmentKey, WorkToken
from antechamber.base.secret import Secret, digest
from antechamber.features.environments.model.work import QueueStats, Work, WorkState
from antechamber.features.environments.service.work import Polling, Queue
from antechamber.features.sessions.model.sessions import Reach
from antechamber.features.sessions.service.sessions import Shown
from tests.contracts.seating import ROOM, SELF_HOSTED, Seating, queue_of
from tests.contracts.tenants import MINE, PEPPER, THEIRS, Services

NOW = Polling()
REACH = Reach(MINE, ROOM)


class Desk:
    """A self-hosted environment and its queue."""

    def __init__(self, seating: Seating, queue: Queue, environment: Any) -> None:  # noqa: ANN401 - an environment
        self.seating = seating
        self.queue = queue
        self.environment = environment
        self.work = seating.services.work
        self.clock = seating.made.clock

    async def session(self) -> Shown:
        self.clock.advance(1)
        return await self.seating.session(self.environment)

    async def take(self, asked: Polling = NOW) -> tuple[Work, Secret]:
        found = await self.work.poll(self.queue, asked)
        assert found is not None
        return found

    async def start(self, ttl_seconds: int | None = None) -> Work:
        """Take an item up to its first heartbeat."""
        work, _ = await self.take()
        await self.work.acknowledge(self.queue, work.id)
        kept, extended = await self.work.heartbeat(self.queue, work.id, "NO_HEARTBEAT", ttl_seconds)
        assert extended
        return kept

    async def whom(self, payload: Secret) -> object:
        text = payload.reveal()
        token = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["sessions_token"]
        return await self.stands_for(token)

    async def stands_for(self, secret: str) -> object:
        async with self.seating.made.database.read() as unit:
            key = digest(PEPPER.reveal().encode(), secret)
            resolved = await self.seating.services.source.resolve_principal(unit, key)
            swept = (await self.seating.services.source.sweep_principals(unit)).get(key)
        assert resolved == swept
        return resolved


@pytest.fixture
async def desk(made: Services) -> Desk:
    seating = Seating(made)
    environment = await seating.environment("ours", SELF_HOSTED)
    return Desk(seating, queue_of(environment), environment)


async def test_a_token_stands_for_its_item_until_that_stops(desk: Desk) -> None:
    shown = await desk.session()
    work, payload = await desk.take()
    expected = WorkToken(work.id, MINE, ROOM, desk.queue.environment_id, shown.session.id)
    assert await desk.whom(payload) == expected
    await desk.work.stop(desk.queue, work.id, force=True)
    assert await desk.whom(payload) is None


async def test_who_takes_an_item_again_takes_the_token_of_the_one_before(desk: Desk) -> None:
    await desk.session()
    _, first = await desk.take()
    assert await desk.work.poll(desk.queue, NOW) is None
    desk.clock.advance(5)
    _, second = await desk.take()
    assert await desk.whom(first) is None
    assert await desk.whom(second) is not None


async def test_a_lease_that_runs_out_gives_the_item_back(desk: Desk) -> None:
    await desk.session()
    work = await desk.start(ttl_seconds=60)
    desk.clock.advance(59)
    assert await desk.work.poll(desk.queue, NOW) is None
    desk.clock.advance(1)
    assert (await desk.work.get(desk.queue, work.id)).state is WorkState.QUEUED
    with pytest.raises(PreconditionFailed):
        await desk.work.heartbeat(desk.queue, work.id, None, None)
    again, _ = await desk.take()
    assert (again.id, again.state, again.latest_heartbeat_at) == (work.id, WorkState.QUEUED, None)


async def test_what_was_acknowledged_and_never_kept_is_given_back_too(desk: Desk) -> None:
    await desk.session()
    work, _ = await desk.take()
    await desk.work.acknowledge(desk.queue, work.id)
    desk.clock.advance(299)
    assert await desk.work.poll(desk.queue, NOW) is None
    desk.clock.advance(1)
    assert (await desk.take())[0].id == work.id


async def test_a_worker_that_does_not_end_is_cut_off_with_its_lease(desk: Desk) -> None:
    shown = await desk.session()
    work = await desk.start(ttl_seconds=60)
    await desk.seating.services.sessions.archive(REACH, shown.session.id, OPERATOR)
    desk.clock.advance(30)
    kept, extended = await desk.work.heartbeat(desk.queue, work.id, "anything", None)
    assert (kept.state, extended) == (WorkState.STOPPING, False)
    desk.clock.advance(30)
    ended = await desk.work.get(desk.queue, work.id)
    assert (ended.state, ended.stopped_at) == (WorkState.STOPPED, desk.clock.now())
    assert await desk.work.poll(desk.queue, NOW) is None
    with pytest.raises(StateConflict):
        await desk.work.stop(desk.queue, work.id, force=True)


async def test_of_many_who_poll_at_once_each_gets_an_item_of_its_own(desk: Desk) -> None:
    for _ in range(3):
        await desk.session()
    found = await asyncio.gather(*(desk.work.poll(desk.queue, NOW) for _ in range(6)))
    taken = [each[0].id for each in found if each is not None]
    assert (len(taken), len(set(taken))) == (3, 3)


async def test_of_two_first_heartbeats_at_once_one_holds(desk: Desk) -> None:
    await desk.session()
    work, _ = await desk.take()
    await desk.work.acknowledge(desk.queue, work.id)
    desk.clock.advance(1)
    beats = (desk.work.heartbeat(desk.queue, work.id, "NO_HEARTBEAT", None) for _ in range(4))
    found = await asyncio.gather(*beats, return_exceptions=True)
    assert sum(isinstance(each, PreconditionFailed) for each in found) == 3


async def test_the_queue_is_counted_as_it_stands(desk: Desk) -> None:
    first = (await desk.session()).session
    for _ in range(2):
        await desk.session()
    await desk.take(Polling("one"))
    await desk.take(Polling("two"))
    assert await desk.work.stats(desk.queue) == QueueStats(1, 2, first.created_at, 2)
    desk.clock.advance(29)
    await desk.take(Polling("two"))
    assert await desk.work.stats(desk.queue) == QueueStats(1, 2, first.created_at, 2)
    desk.clock.advance(2)
    assert (await desk.work.stats(desk.queue)).workers_polling == 1


async def test_items_are_listed_newest_first(desk: Desk) -> None:
    made = [(await desk.session()).session.id for _ in range(3)]
    first = await desk.work.listing(desk.queue, PageQuery(2))
    rest = await desk.work.listing(desk.queue, PageQuery(2, first.next_page))
    assert [work.session_id for work in (*first.items, *rest.items)] == made[::-1]
    assert rest.next_page is None


async def test_nobody_else_finds_an_item(desk: Desk) -> None:
    await desk.session()
    work, _ = await desk.take()
    elsewhere = (
        Queue(THEIRS, ROOM, desk.queue.environment_id),
        Queue(MINE, WorkspaceId("wrkspc_2"), desk.queue.environment_id),
        Queue(MINE, ROOM, EnvironmentId("env_2")),
    )
    for queue in elsewhere:
        with pytest.raises(NotFound):
            await desk.work.get(queue, work.id)
        with pytest.raises(NotFound):
            await desk.work.stop(queue, work.id, force=True)
    assert (await desk.work.listing(elsewhere[0], PageQuery())).items == ()


async def test_a_key_stands_for_its_environment_until_it_is_revoked(desk: Desk) -> None:
    keys = desk.seating.services.keys
    key, secret = await keys.create(desk.queue, "worker", None, OPERATOR)
    expected = EnvironmentKey(key.id, MINE, ROOM, desk.queue.environment_id, None)
    assert await desk.stands_for(secret.reveal()) == expected
    assert (await keys.listing(desk.queue, PageQuery())).items == (key,)
    await keys.revoke(desk.queue, key.id, OPERATOR)
    assert await desk.stands_for(secret.reveal()) is None
    with pytest.raises(NotFound):
        await keys.revoke(desk.queue, key.id, OPERATOR)


async def test_keys_end_with_their_environment_and_with_their_workspace(desk: Desk) -> None:
    keys, environments = desk.seating.services.keys, desk.seating.environments.environments
    _, secret = await keys.create(desk.queue, "worker", None, OPERATOR)
    other = await desk.seating.environment("other", SELF_HOSTED)
    _, second = await keys.create(queue_of(other), "worker", None, OPERATOR)
    await environments.delete(MINE, ROOM, desk.queue.environment_id, OPERATOR)
    assert await desk.stands_for(secret.reveal()) is None
    assert await desk.stands_for(second.reveal()) is not None
    async with desk.seating.made.database.begin() as unit:
        await keys.end_workspace(unit, MINE, ROOM, OPERATOR)
    assert await desk.stands_for(second.reveal()) is None
