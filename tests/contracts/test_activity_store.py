"""The audit log in the database: append-only, in order, and whole or shown to be otherwise."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from antechamber.base.actor import OPERATOR, SYSTEM, Actor, ActorKind
from antechamber.base.chance import SystemChance
from antechamber.base.clock import MICROSECONDS, ManualClock
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId, UserId, mint_organization
from antechamber.base.page import IdCursor
from antechamber.base.secret import Secret
from antechamber.base.unit import Unit
from antechamber.database.engine import Database, connection
from antechamber.features.audit.model import Activity, ActivityQuery, ActivityType, Expected, ProblemCode, Verdict
from antechamber.features.audit.service import Activities, Audit
from antechamber.features.audit.sql import SqlActivities

NOON = 1_795_262_400_000_000
MINE = mint_organization(SystemChance())
THEIRS = mint_organization(SystemChance())
PEPPER = Secret("pepper")
STORE = SqlActivities()
EVERYTHING = ActivityQuery()
PERSON = Actor(ActorKind.USER, "user_1", "192.0.2.1", "agent", "req_1")


class Nobody:
    """An organisation whose people nobody knows."""

    async def emails(
        self, _unit: Unit, _organization_id: OrganizationId, _ids: Sequence[UserId]
    ) -> Mapping[UserId, str]:
        return {}


def audit_of(database: Database, clock: ManualClock | None = None) -> Audit:
    return Audit(STORE, database, clock or ManualClock(NOON), SystemChance(), PEPPER)


def reader_of(database: Database, pepper: Secret = PEPPER) -> Activities:
    return Activities(STORE, database, Nobody(), pepper)


async def record(
    database: Database, count: int = 1, organization_id: OrganizationId = MINE, by: Actor = PERSON
) -> list[Activity]:
    audit = audit_of(database)
    made = []
    for number in range(count):
        async with database.begin() as unit:
            made.append(
                await audit.record(unit, organization_id, by, ActivityType.WORKSPACE_CREATED, workspace_id=f"w{number}")
            )
    return made


async def verify(database: Database, expected: Expected | None = None) -> Verdict:
    return await reader_of(database).verify(MINE, expected)


async def tamper(database: Database, *statements: str, **values: object) -> None:
    """Do what only someone with rights over the tables can: drop the triggers, and write."""
    names = ["activities_keep", "activities_stay", "audit_heads_advance", "audit_heads_stay", "audit_heads_keep"]
    async with database.begin() as unit:
        for name in names:
            table = name.rpartition("_")[0]
            drop = f"DROP TRIGGER IF EXISTS {name}"
            await connection(unit).execute(text(drop if database.is_sqlite else f"{drop} ON {table}"))
        for statement in statements:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            await connection(unit).execute(text(statement), used)


async def test_acts_are_numbered_and_chained_in_each_organisation_for_itself(database: Database) -> None:
    mine = await record(database, 3)
    theirs = await record(database, 2, THEIRS)
    assert [activity.sequence for activity in mine] == [1, 2, 3]
    assert [activity.sequence for activity in theirs] == [1, 2]
    async with database.read() as unit:
        assert await STORE.part(unit, MINE, None, 10) == mine
        assert await STORE.part(unit, MINE, 1, 1) == mine[1:2]
    assert await verify(database) == Verdict(3, mine[-1].id, mine[-1].mark, None)


async def test_an_act_that_is_rolled_back_leaves_no_gap(database: Database) -> None:
    async def fail() -> None:
        async with database.begin() as unit:
            await audit_of(database).record(unit, MINE, PERSON, ActivityType.WORKSPACE_CREATED)
            raise RuntimeError

    await record(database, 1)
    with pytest.raises(RuntimeError):
        await fail()
    await record(database, 1)
    assert (await verify(database)).activities == 2
    assert (await verify(database)).problem is None


async def test_parallel_transactions_never_break_the_chain(database: Database) -> None:
    audit, count = audit_of(database), 40

    async def act(number: int) -> None:
        async with database.begin() as unit:
            organization = MINE if number % 4 else THEIRS
            await audit.record(unit, organization, PERSON, ActivityType.API_KEY_CREATED, number=number)
            await asyncio.sleep(0)
            await audit.record(unit, organization, PERSON, ActivityType.API_KEY_UPDATED, number=number)

    await asyncio.gather(*(act(number) for number in range(count)))
    verdict = await verify(database)
    assert (verdict.activities, verdict.problem) == (60, None)
    async with database.read() as unit:
        kept = await STORE.part(unit, MINE, None, 100)
    # the two of a transaction stand beside each other
    assert all(kept[at].details == kept[at + 1].details for at in range(0, len(kept), 2))


async def test_two_databases_connections_at_once_never_break_the_chain(database: Database) -> None:
    other = Database(database.url)
    try:
        await asyncio.gather(*(record(each, 10) for each in (database, other, database, other)))
        verdict = await verify(database)
        assert (verdict.activities, verdict.problem) == (40, None)
    finally:
        await other.close()


async def test_the_feeds_order_is_the_chains_though_the_clock_is_put_back(database: Database) -> None:
    for back in (0, 0, -3600 * MICROSECONDS):
        async with database.begin() as unit:
            await audit_of(database, ManualClock(NOON + back)).record(unit, MINE, SYSTEM, ActivityType.MEMBER_ADDED)
    page = await reader_of(database).listing(MINE, EVERYTHING, IdCursor())
    assert [shown.activity.sequence for shown in page.items] == [3, 2, 1]
    assert [shown.activity.created_at - NOON for shown in page.items] == [2, 1, 0]


async def test_a_long_user_agent_is_cut_and_reserved_names_are_refused(database: Database) -> None:
    audit = audit_of(database)
    async with database.begin() as unit:
        made = await audit.record(unit, MINE, Actor(ActorKind.API, "k", None, "x" * 9000), ActivityType.INVITE_CREATED)
        assert made.actor.user_agent == "x" * 500
        with pytest.raises(ValueError, match=r"^details can't be called type$"):
            await audit.record(unit, MINE, OPERATOR, ActivityType.INVITE_CREATED, type="x")


async def test_a_user_agent_that_tells_a_secret_is_kept_without_it(database: Database) -> None:
    audit = audit_of(database)
    actor = Actor(ActorKind.API, "k", None, "curl/8 -H x-api-key:sk-ant-api03-abcdefghijklmnop")
    async with database.begin() as unit:
        made = await audit.record(unit, MINE, actor, ActivityType.INVITE_CREATED)
    assert made.actor.user_agent == "curl/8 -H x-api-key:sk-***"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE activities SET type = 'x'",
        "UPDATE activities SET mark = mark",
        "DELETE FROM activities",
        "DELETE FROM activities WHERE sequence = 3",
        "DELETE FROM audit_heads",
        "UPDATE audit_heads SET sequence = 1",
        "UPDATE audit_heads SET organization_id = 'x', sequence = sequence + 1",
    ],
)
async def test_the_database_itself_refuses_to_change_the_log(database: Database, statement: str) -> None:
    made = await record(database, 3)
    with pytest.raises(DBAPIError, match="the audit log is append-only"):
        async with database.begin() as unit:
            await connection(unit).execute(text(statement))
    assert await verify(database) == Verdict(3, made[-1].id, made[-1].mark, None)


@pytest.mark.postgres
async def test_postgresql_refuses_to_truncate_the_log(database: Database) -> None:
    await record(database, 1)
    for table in ("activities", "audit_heads") if not database.is_sqlite else ():
        with pytest.raises(DBAPIError, match="the audit log is append-only"):
            async with database.begin() as unit:
                await connection(unit).execute(text(f"TRUNCATE {table}"))
    assert (await verify(database)).problem is None


FORGED = (
    "INSERT INTO activities SELECT organization_id, {sequence}, 'forged', created_at, type, actor_kind, actor_id, "
    "ip_address, user_agent, request_id, details, mark FROM activities WHERE sequence = 3"
)
SWAP = (
    "UPDATE activities SET sequence = 99 WHERE sequence = 2",
    "UPDATE activities SET sequence = 2 WHERE sequence = 3",
    "UPDATE activities SET sequence = 3 WHERE sequence = 99",
)


@pytest.mark.parametrize(
    ("statements", "code", "sequence"),
    [
        (("UPDATE activities SET id = 'activity_other' WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET created_at = created_at + 1 WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET type = 'other' WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET actor_kind = 'api_actor' WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET actor_kind = 'nonsense' WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET actor_id = NULL WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET ip_address = '' WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET user_agent = 'x' WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET request_id = 'x' WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET details = '{{}}' WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET details = details || ' ' WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET details = 'nonsense' WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET mark = :junk WHERE sequence = 2",), ProblemCode.ACTIVITY_ALTERED, 2),
        (("UPDATE activities SET organization_id = 'x' WHERE sequence = 2",), ProblemCode.ACTIVITY_MISSING, 2),
        (SWAP, ProblemCode.ACTIVITY_ALTERED, 2),
        (("DELETE FROM activities WHERE sequence = 1",), ProblemCode.ACTIVITY_MISSING, 1),
        (("DELETE FROM activities WHERE sequence = 3",), ProblemCode.ACTIVITY_MISSING, 3),
        (("DELETE FROM activities WHERE sequence = 4",), ProblemCode.TAIL_MISSING, 4),
        (("DELETE FROM activities",), ProblemCode.TAIL_MISSING, 1),
        (("DELETE FROM audit_heads",), ProblemCode.HEAD_MISSING, 4),
        (("UPDATE audit_heads SET sequence = 5",), ProblemCode.HEAD_ALTERED, 5),
        (("UPDATE audit_heads SET seal = :junk",), ProblemCode.HEAD_ALTERED, 4),
        (
            ("DELETE FROM activities WHERE sequence = 4", "UPDATE audit_heads SET sequence = 3"),
            ProblemCode.HEAD_ALTERED,
            3,
        ),
        ((FORGED.format(sequence=5),), ProblemCode.ACTIVITY_ALTERED, 5),
        ((FORGED.format(sequence=0),), ProblemCode.ACTIVITY_ALTERED, 1),
        ((FORGED.format(sequence=-7),), ProblemCode.ACTIVITY_ALTERED, 1),
        ((FORGED.format(sequence=7),), ProblemCode.ACTIVITY_MISSING, 5),
    ],
)
async def test_whatever_is_done_to_the_rows_shows(
    database: Database, statements: tuple[str, ...], code: ProblemCode, sequence: int
) -> None:
    await record(database, 4)
    await tamper(database, *(statement.replace("{{}}", "{}") for statement in statements), junk=b"junk")
    problem = (await verify(database)).problem
    assert problem is not None
    assert (problem.code, problem.sequence) == (code, sequence)
    # what was done to the log stops nobody's work, is read on, and goes on showing
    await record(database, 2)
    assert (await verify(database)).problem is not None
    assert (await reader_of(database).listing(MINE, EVERYTHING, IdCursor(limit=100))).items


async def test_a_cut_tail_shows_after_further_acts_too(database: Database) -> None:
    await record(database, 4)
    await tamper(database, "DELETE FROM activities WHERE sequence >= 3")
    await record(database, 2)
    problem = (await verify(database)).problem
    assert problem is not None
    assert (problem.code, problem.sequence) == (ProblemCode.ACTIVITY_MISSING, 3)


async def test_a_log_put_back_as_a_whole_shows_only_against_a_noted_head(database: Database) -> None:
    await record(database, 2)
    async with database.read() as unit:
        ending = await STORE.ending(unit, MINE)
    old, seal = ending.kept, ending.seal
    assert old == ending.last
    noted = (await record(database, 1))[0]
    assert (await verify(database, Expected(noted.id, noted.mark))).problem is None
    await tamper(
        database,
        "DELETE FROM activities WHERE sequence = 3",
        "UPDATE audit_heads SET sequence = 2, mark = :mark, created_at = :at, seal = :seal",
        mark=old.mark,
        at=old.created_at,
        seal=seal,
    )
    assert (await verify(database)).problem is None
    problem = (await verify(database, Expected(noted.id, noted.mark))).problem
    assert problem is not None
    assert problem.code is ProblemCode.EXPECTED_MISSING


async def test_a_noted_head_may_lie_in_the_middle_but_must_have_its_mark(database: Database) -> None:
    made = await record(database, 4)
    assert (await verify(database, Expected(made[1].id, made[1].mark))).problem is None
    problem = (await verify(database, Expected(made[1].id, made[2].mark))).problem
    assert problem is not None
    assert (problem.code, problem.sequence) == (ProblemCode.EXPECTED_ALTERED, 2)


async def test_who_lacks_the_pepper_can_prove_and_forge_nothing(database: Database) -> None:
    await record(database, 2)
    verdict = await reader_of(database, Secret("another")).verify(MINE)
    assert verdict.problem is not None
    assert (verdict.problem.code, verdict.problem.sequence) == (ProblemCode.ACTIVITY_ALTERED, 1)


async def test_an_organisation_in_which_nothing_was_done_is_whole(database: Database) -> None:
    await record(database, 2, THEIRS)
    assert await verify(database) == Verdict(0, None, bytes(32), None)


async def test_a_walk_goes_on_over_many_parts(database: Database) -> None:
    audit = audit_of(database)
    async with database.begin() as unit:
        for _ in range(1203):
            await audit.record(unit, MINE, PERSON, ActivityType.API_KEY_UPDATED)
    assert (await verify(database)).activities == 1203
    await tamper(database, "DELETE FROM activities WHERE sequence = 1001")
    problem = (await verify(database)).problem
    assert problem is not None
    assert problem.sequence == 1001


async def test_the_feed_is_filtered_and_paged_newest_first(database: Database) -> None:
    made = await record(database, 5)
    await record(database, 1, THEIRS)
    reader = reader_of(database)

    async def ids(query: ActivityQuery = EVERYTHING, cursor: IdCursor | None = None) -> tuple[list[int], bool]:
        page = await reader.listing(MINE, query, cursor or IdCursor())
        return [shown.activity.sequence for shown in page.items], page.has_more

    assert await ids() == ([5, 4, 3, 2, 1], False)
    assert await ids(cursor=IdCursor(2)) == ([5, 4], True)
    assert await ids(cursor=IdCursor(2, after_id=made[3].id)) == ([3, 2], True)
    assert await ids(cursor=IdCursor(2, before_id=made[1].id)) == ([4, 3], True)
    assert await ids(ActivityQuery(types=("platform_workspace_created",))) == ([5, 4, 3, 2, 1], False)
    assert await ids(ActivityQuery(types=("other",))) == ([], False)
    assert await ids(ActivityQuery(types=())) == ([], False)
    assert await ids(ActivityQuery(without_types=("platform_workspace_created",))) == ([], False)
    assert await ids(ActivityQuery(actor_ids=("user_1",))) == ([5, 4, 3, 2, 1], False)
    assert await ids(ActivityQuery(actor_ids=("user_2",))) == ([], False)
    assert await ids(ActivityQuery(since=made[1].created_at, until=made[3].created_at)) == ([3, 2], False)
    with pytest.raises(InvalidRequest, match=r"^after_id: there is no nothing$"):
        await ids(cursor=IdCursor(after_id="nothing"))
