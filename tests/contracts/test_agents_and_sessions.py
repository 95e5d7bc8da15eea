"""Agents and sessions over both databases: what is kept, listed, counted and removed."""

import asyncio
from dataclasses import replace

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.errors import InvalidRequest, NotFound, StateConflict
from antechamber.base.ids import AgentId, WorkspaceId
from antechamber.base.page import PageQuery
from antechamber.features.agents.model import Agent, Definition, ModelChoice
from antechamber.features.agents.service import AgentQuery
from antechamber.features.sessions.model.sessions import AgentChoice, Filter, Reach, SessionDraft, Status, Window
from antechamber.features.sessions.service.events import EventQuery
from antechamber.features.sessions.service.sessions import SessionQuery, Shown
from tests.contracts.seating import ROOM, SELF_HOSTED, Seating
from tests.contracts.tenants import MINE, THEIRS, Services

REACH = Reach(MINE, ROOM)


@pytest.fixture
def seating(made: Services) -> Seating:
    return Seating(made)


async def agent(seating: Seating, name: str = "coder") -> Agent:
    seating.made.clock.advance(1)
    return await seating.services.agents.create(MINE, ROOM, Definition(name, ModelChoice("claude")), OPERATOR)


async def sessions(seating: Seating, count: int) -> list[Shown]:
    environment = await seating.environment("ours", SELF_HOSTED)
    made = []
    for _ in range(count):
        seating.made.clock.advance(1)
        made.append(await seating.session(environment))
    return made


async def test_an_agent_is_what_it_was_in_every_version(seating: Seating) -> None:
    agents, made = seating.services.agents, await agent(seating)
    seating.made.clock.advance(1)
    changed = await agents.update(MINE, ROOM, made.id, {"system": "be kind"}, OPERATOR, version=1)
    assert (changed.version, changed.created_at, changed.updated_at) == (2, made.created_at, made.created_at + 10**6)
    assert await agents.get(MINE, ROOM, made.id) == await agents.get(MINE, ROOM, made.id, 2) == changed
    assert await agents.get(MINE, ROOM, made.id, 1) == made
    part = await agents.versions(MINE, ROOM, made.id, PageQuery(1))
    rest = await agents.versions(MINE, ROOM, made.id, PageQuery(1, part.next_page))
    assert (part.items, rest.items, rest.next_page) == ((changed,), (made,), None)


async def test_of_two_changes_of_one_version_one_is_refused(seating: Seating) -> None:
    agents, made = seating.services.agents, await agent(seating)
    changes = (agents.update(MINE, ROOM, made.id, {"system": text}, OPERATOR, version=1) for text in "ab")
    found = await asyncio.gather(*changes, return_exceptions=True)
    assert sum(isinstance(each, StateConflict) for each in found) == 1
    assert (await agents.get(MINE, ROOM, made.id)).version == 2


async def test_agents_are_listed_newest_first(seating: Seating) -> None:
    agents = seating.services.agents
    one, two, three = [await agent(seating, name) for name in "abc"]
    await agents.archive(MINE, ROOM, two.id, OPERATOR)
    first = await agents.listing(MINE, ROOM, AgentQuery(PageQuery(1)))
    rest = await agents.listing(MINE, ROOM, AgentQuery(PageQuery(1, first.next_page)))
    assert [each.id for each in (*first.items, *rest.items)] == [three.id, one.id]
    every = await agents.listing(MINE, ROOM, AgentQuery(PageQuery(), archived=True, since=two.created_at))
    assert [each.id for each in every.items] == [three.id, two.id]


async def test_nobody_else_finds_an_agent(seating: Seating) -> None:
    made = await agent(seating)
    for place in ((THEIRS, ROOM), (MINE, WorkspaceId("wrkspc_2"))):
        with pytest.raises(NotFound):
            await seating.services.agents.get(*place, made.id)
        assert (await seating.services.agents.listing(*place, AgentQuery(PageQuery()))).items == ()
    with pytest.raises(NotFound):
        await seating.services.agents.get(MINE, ROOM, AgentId("agent_\x00"))


async def test_sessions_are_paged_both_ways(seating: Seating) -> None:
    newest = [shown.session.id for shown in await sessions(seating, 5)][::-1]
    service = seating.services.sessions

    async def page(cursor: str | None) -> tuple[list[str], str | None, str | None]:
        leaf = await service.listing(REACH, SessionQuery(PageQuery(2, cursor)))
        return [shown.session.id for shown in leaf.items], leaf.prev_page, leaf.next_page

    first, none, on = await page(None)
    second, _, on = await page(on)
    third, back, end = await page(on)
    assert (first, second, third, none, end) == (newest[:2], newest[2:4], newest[4:], None, None)
    again, back, _ = await page(back)
    start, none, _ = await page(back)
    assert (again, start, none) == (newest[2:4], newest[:2], None)


async def test_sessions_are_found_by_what_they_are(seating: Seating) -> None:
    one, two, three = await sessions(seating, 3)
    service = seating.services.sessions
    await service.archive(REACH, two.session.id, OPERATOR)

    async def found(only: Filter, reach: Reach = REACH) -> list[str]:
        leaf = await service.listing(reach, SessionQuery(PageQuery(), ascending=True, only=only))
        return [shown.session.id for shown in leaf.items]

    ids = [shown.session.id for shown in (one, two, three)]
    assert await found(Filter()) == [ids[0], ids[2]]
    assert await found(Filter(archived=True)) == ids
    assert await found(Filter(archived=True, statuses=(Status.TERMINATED,))) == [ids[1]]
    assert await found(Filter(agent_id=one.session.agent_id, agent_version=1)) == [ids[0]]
    at = two.session.created_at
    assert await found(Filter(archived=True, created=Window(after=at))) == [ids[2]]
    assert await found(Filter(archived=True, created=Window(since=at, until=at))) == [ids[1]]
    assert await found(Filter(archived=True, created=Window(before=at))) == [ids[0]]
    assert await found(Filter(), Reach(MINE, ROOM, session_id=three.session.id)) == [ids[2]]
    assert await found(Filter(), Reach(THEIRS, ROOM)) == []


async def test_a_deleted_session_is_counted_no_more(seating: Seating) -> None:
    one, two = await sessions(seating, 2)
    service, place = seating.services.sessions, (MINE, one.session.environment_id)
    await service.archive(REACH, one.session.id, OPERATOR)
    async with seating.made.database.read() as unit:
        assert await service.count(unit, *place) == 2
        assert await service.count(unit, THEIRS, one.session.environment_id) == 0
    for shown in (one, two):
        await service.delete(REACH, shown.session.id, OPERATOR)
    async with seating.made.database.read() as unit:
        assert await service.count(unit, *place) == 0
    with pytest.raises(NotFound):
        await seating.services.events.listing(REACH, one.session.id, EventQuery(PageQuery()))


async def test_a_session_that_runs_is_neither_archived_nor_deleted(seating: Seating) -> None:
    (shown,) = await sessions(seating, 1)
    async with seating.made.database.begin() as unit:
        await seating.services.stores.sessions.save(unit, MINE, replace(shown.session, status=Status.RUNNING))
    for act in (seating.services.sessions.archive, seating.services.sessions.delete):
        with pytest.raises(InvalidRequest, match="is running and cannot be"):
            await act(REACH, shown.session.id, OPERATOR)


async def test_no_session_starts_in_an_environment_while_that_is_removed(seating: Seating) -> None:
    environment = await seating.environment("ours", SELF_HOSTED)
    coder = await agent(seating)
    draft = SessionDraft(AgentChoice(coder.id), environment.id)
    starting = seating.services.sessions.create(MINE, ROOM, draft, OPERATOR)
    removing = seating.environments.environments.delete(MINE, ROOM, environment.id, OPERATOR)
    found = await asyncio.gather(starting, removing, return_exceptions=True)
    assert sum(isinstance(each, NotFound | StateConflict) for each in found) == 1


async def test_events_are_numbered_without_a_gap_whoever_adds_them(seating: Seating) -> None:
    (shown,) = await sessions(seating, 1)
    events = seating.services.events

    async def add(number: int) -> None:
        async with seating.made.database.begin() as unit:
            await seating.services.stores.sessions.lock(unit, MINE)
            await events.add(unit, MINE, shown.session.id, "agent.message", {"content": [number]})

    await asyncio.gather(*(add(number) for number in range(8)))
    part = await events.listing(REACH, shown.session.id, EventQuery(PageQuery(5)))
    rest = await events.listing(REACH, shown.session.id, EventQuery(PageQuery(5, part.next_page)))
    assert [event.sequence for event in (*part.items, *rest.items)] == list(range(1, 9))
    back = await events.listing(REACH, shown.session.id, EventQuery(PageQuery(3), ascending=False))
    assert [event.sequence for event in back.items] == [8, 7, 6]
    none = await events.listing(REACH, shown.session.id, EventQuery(PageQuery(), types=("user.message",)))
    assert none.items == ()
