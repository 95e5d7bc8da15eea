"""Environments in the database: how they are kept, named, listed and removed, and what stands on them."""

import asyncio
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from antechamber.base.actor import SYSTEM, Actor, ActorKind
from antechamber.base.chance import SystemChance
from antechamber.base.errors import InvalidRequest, NotFound, StateConflict, WireError
from antechamber.base.ids import EnvironmentId, Kind, OrganizationId, WorkspaceId, mint
from antechamber.base.page import Asked, PageQuery
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.features.environments.model.configs import CloudConfig, CloudDraft, SelfHostedConfig, new_config
from antechamber.features.environments.model.environments import Change, Environment, EnvironmentDraft
from antechamber.features.environments.model.networking import LimitedDraft
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.sql import SqlEnvironments, environment_revisions, environments
from antechamber.wiring.environments import EnvironmentServices, build_environments
from tests.contracts.tenants import MINE, NOON, THEIRS, Services

BY = Actor(ActorKind.API, "apikey_01")
ROOM, HALL = WorkspaceId("wrkspc_room"), WorkspaceId("wrkspc_hall")
RICH = EnvironmentDraft(
    name="Рабочая 数据",
    description="two\nlines",
    config=CloudDraft(
        LimitedDraft(["https://a.example.com", "bücher.example"], allow_package_managers=True),
        {Manager.PIP: ("pandas==2.2.0", "numpy"), Manager.APT: ("jq",)},
    ),
    metadata={"team": "a", "ключ": "значение"},
)


@dataclass
class Referring:
    """Sessions of which so many refer to every environment."""

    number: int

    async def count(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> int:
        del unit, organization_id, environment_id
        return self.number


@pytest.fixture
def rooms(made: Services) -> EnvironmentServices:
    return build_environments(made.database, made.clock, SystemChance(), made.audit)


async def make(rooms: EnvironmentServices, name: str, workspace_id: WorkspaceId = ROOM) -> Environment:
    return await rooms.environments.create(MINE, workspace_id, EnvironmentDraft(name=name), BY)


async def rows(made: Services) -> tuple[int, int]:
    async with made.database.read() as unit:
        kept = await connection(unit).execute(select(func.count()).select_from(environments))
        revisions = await connection(unit).execute(select(func.count()).select_from(environment_revisions))
        return kept.scalar_one(), revisions.scalar_one()


@pytest.mark.parametrize("draft", [RICH, EnvironmentDraft(name="own", config=SelfHostedConfig())])
async def test_an_environment_comes_back_as_it_was_made(rooms: EnvironmentServices, draft: EnvironmentDraft) -> None:
    environment = await rooms.environments.create(MINE, ROOM, draft, BY)
    assert await rooms.environments.get(MINE, ROOM, environment.id) == environment
    assert environment.config == new_config(draft.config)
    assert (environment.created_at, environment.updated_at, environment.revision) == (NOON, NOON, 1)
    (revision,) = (await rooms.history.listing(MINE, ROOM, environment.id, PageQuery())).items
    assert (revision.change, revision.by, revision.config) == (Change.CREATED, BY, environment.config)
    assert (revision.name, revision.description) == (environment.name, environment.description)
    assert revision.metadata == environment.metadata


async def test_only_its_own_workspace_finds_it(rooms: EnvironmentServices) -> None:
    environment = await make(rooms, "a")
    for organization_id, workspace_id in ((THEIRS, ROOM), (MINE, HALL), (THEIRS, HALL)):
        here = (organization_id, workspace_id, environment.id)
        with pytest.raises(NotFound):
            await rooms.environments.get(*here)
        with pytest.raises(NotFound):
            await rooms.environments.resolve(*here)
        with pytest.raises(NotFound):
            await rooms.environments.update(*here, EnvironmentDraft(name="b"), BY)
        with pytest.raises(NotFound):
            await rooms.environments.archive(*here, BY)
        with pytest.raises(NotFound):
            await rooms.environments.delete(*here, BY)
        with pytest.raises(NotFound):
            await rooms.history.listing(*here, PageQuery())
        assert (await rooms.environments.listing(organization_id, workspace_id, PageQuery())).items == ()
    for text in ("", "env_x", "a\0b", "env_01" + "1" * 22):
        with pytest.raises(NotFound):
            await rooms.environments.get(MINE, ROOM, EnvironmentId(text))


async def test_a_second_live_row_of_a_name_is_refused_by_the_database(
    rooms: EnvironmentServices, made: Services
) -> None:
    first = await make(rooms, "a")
    twin = EnvironmentId(mint(Kind.ENVIRONMENT, made.clock, SystemChance()))
    copy = Environment(twin, MINE, ROOM, "a", NOON, NOON)
    with pytest.raises(IntegrityError):
        async with made.database.begin() as unit:
            await SqlEnvironments().add(unit, MINE, copy)
    await rooms.environments.archive(MINE, ROOM, first.id, BY)
    async with made.database.begin() as unit:
        await SqlEnvironments().add(unit, MINE, copy)
    assert await rooms.environments.get(MINE, ROOM, twin) == copy


async def test_of_many_who_take_a_name_at_once_one_gets_it(rooms: EnvironmentServices, made: Services) -> None:
    results = await asyncio.gather(*(make(rooms, "a") for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(result, Environment) for result in results) == 1
    assert sum(isinstance(result, StateConflict) for result in results) == 5
    assert await rows(made) == (1, 1)


async def test_a_change_is_kept_and_numbered(rooms: EnvironmentServices, made: Services) -> None:
    environment = await make(rooms, "a")
    made.clock.advance(1)
    changed = await rooms.environments.update(MINE, ROOM, environment.id, RICH, SYSTEM)
    assert (changed.revision, changed.updated_at, changed.created_at) == (2, NOON + 1_000_000, NOON)
    assert await rooms.environments.get(MINE, ROOM, environment.id) == changed
    assert await rooms.environments.update(MINE, ROOM, environment.id, RICH, SYSTEM) == changed
    part = await rooms.history.listing(MINE, ROOM, environment.id, PageQuery(limit=1))
    (latest,) = part.items
    assert (latest.number, latest.change, latest.by) == (2, Change.UPDATED, SYSTEM)
    (first,) = (await rooms.history.listing(MINE, ROOM, environment.id, PageQuery(1, part.next_page))).items
    assert (first.number, first.config) == (1, CloudConfig())
    assert await rows(made) == (1, 2)


async def test_nothing_new_starts_from_an_archived_environment(rooms: EnvironmentServices) -> None:
    told: list[tuple[str, OrganizationId, EnvironmentId]] = []

    async def note(unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, by: Actor) -> None:
        assert unit.open
        assert by == BY
        told.append(("archived", organization_id, environment_id))

    rooms.ends.on_archived(note)
    environment = await make(rooms, "a")
    assert await rooms.environments.resolve(MINE, ROOM, environment.id) == environment
    archived = await rooms.environments.archive(MINE, ROOM, environment.id, BY)
    assert await rooms.environments.archive(MINE, ROOM, environment.id, BY) == archived
    assert told == [("archived", MINE, environment.id)]
    with pytest.raises(InvalidRequest, match="is archived") as refused:
        await rooms.environments.resolve(MINE, ROOM, environment.id)
    assert refused.value.error_code == "environment_archived"
    assert await rooms.environments.get(MINE, ROOM, environment.id) == archived


@pytest.mark.parametrize(("number", "words"), [(1, "1 session refers"), (3, "3 sessions refer")])
async def test_one_that_sessions_refer_to_stays_and_says_how_many(
    rooms: EnvironmentServices, made: Services, number: int, words: str
) -> None:
    environment = await make(rooms, "a")
    sessions = Referring(number)
    rooms.sessions.bind(sessions)
    with pytest.raises(StateConflict, match=words) as refused:
        await rooms.environments.delete(MINE, ROOM, environment.id, BY)
    assert refused.value.details == {"session_count": number}
    assert await rows(made) == (1, 1)
    sessions.number = 0
    await rooms.environments.delete(MINE, ROOM, environment.id, BY)
    assert await rows(made) == (0, 0)


async def test_what_cannot_go_with_an_environment_keeps_it(rooms: EnvironmentServices, made: Services) -> None:
    async def fail(unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, by: Actor) -> None:
        del unit, organization_id, environment_id, by
        raise WireError("no")  # noqa: EM101 - only its kind matters

    environment = await make(rooms, "a")
    rooms.ends.on_removed(fail)
    with pytest.raises(WireError):
        await rooms.environments.delete(MINE, ROOM, environment.id, BY)
    assert await rows(made) == (1, 1)


async def test_lists_hold_the_newest_first_whoever_was_made_at_the_same_time(
    rooms: EnvironmentServices, made: Services
) -> None:
    everyone = [await make(rooms, str(number)) for number in range(3)]
    made.clock.advance(1)
    everyone += [await make(rooms, str(number)) for number in range(3, 5)]
    await make(rooms, "elsewhere", HALL)
    wanted = sorted(everyone, key=lambda each: (each.created_at, each.id), reverse=True)
    seen: list[Environment] = []
    page: str | None = None
    for _ in range(3):
        part = await rooms.environments.listing(MINE, ROOM, PageQuery(2, page))
        seen.extend(part.items)
        page = part.next_page
    assert (seen, page) == (wanted, None)
    await rooms.environments.archive(MINE, ROOM, wanted[0].id, BY)
    assert list((await rooms.environments.listing(MINE, ROOM, PageQuery())).items) == wanted[1:]
    both = await rooms.environments.listing(MINE, ROOM, PageQuery(), archived=True)
    assert {each.id for each in both.items} == {each.id for each in wanted}


async def test_a_list_goes_on_though_what_its_cursor_named_is_gone(rooms: EnvironmentServices) -> None:
    for number in range(3):
        await make(rooms, str(number))
    first = await rooms.environments.listing(MINE, ROOM, PageQuery(1))
    await rooms.environments.delete(MINE, ROOM, first.items[0].id, BY)
    rest = await rooms.environments.listing(MINE, ROOM, PageQuery(10, first.next_page))
    assert len(rest.items) == 2


async def test_the_store_gives_no_more_than_it_is_asked(rooms: EnvironmentServices, made: Services) -> None:
    for number in range(3):
        await make(rooms, str(number))
    async with made.database.read() as unit:
        found = await SqlEnvironments().listing(unit, MINE, ROOM, Asked(2, None), archived=True)
    assert len(found) == 2
