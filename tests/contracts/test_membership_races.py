"""Two who change an organisation's members at once: one after the other, or a conflict, never a broken rule."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import URL

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.chance import SystemChance
from antechamber.base.errors import Conflict, WireError
from antechamber.base.page import IdCursor
from antechamber.base.permissions import OrganizationRole
from antechamber.database.engine import Database, connection, database_url
from antechamber.database.migrate import migrate
from antechamber.features.audit.sql.activities import activities
from antechamber.features.organizations.model import Member
from antechamber.features.organizations.service import Members
from antechamber.features.organizations.sql import SqlMembers
from tests.contracts.tenants import MINE, THEIRS, Services, services
from tests.postgres import PrivatePostgres

ADMIN, USER = OrganizationRole.ADMIN, OrganizationRole.USER
BY = Actor(ActorKind.ADMIN_API_KEY, "adminkey_1")


async def add(made: Services, email: str) -> Member:
    made.clock.advance(1)
    return await made.members.add(MINE, email, "", USER, OPERATOR)


async def emails(made: Services) -> list[str]:
    return [member.email for member in (await made.members.listing(MINE, IdCursor())).items]


async def acts_on(database: Database, member: Member) -> list[str]:
    query = select(activities.c.type, activities.c.details).where(activities.c.organization_id == MINE)
    async with database.read() as unit:
        rows = await connection(unit).execute(query.order_by(activities.c.sequence))
        told = [(row.type, json.loads(row.details)) for row in rows]
        return [kind for kind, it in told if member.id in (it.get("user_id"), it.get("deleted_user_id"))]


async def outcome(work: Awaitable[object]) -> str:
    try:
        await work
    except WireError as error:
        return error.error_code or error.type
    return "done"


async def both(first: Awaitable[str], second: Awaitable[str]) -> list[str]:
    return list(await asyncio.gather(first, second))


async def test_two_admins_who_remove_the_last_two_members_leave_one(made: Services) -> None:
    for _ in range(8):
        pair = [await add(made, "ada@example.com"), await add(made, "bob@example.com")]
        ends = await asyncio.gather(*(outcome(made.members.remove(MINE, member.id, BY)) for member in pair))
        assert sorted(ends) == ["cannot_remove_last_member", "done"]
        assert len(await emails(made)) == 1
        # make room for the next pair: the one who stayed may go once others are there
        await add(made, f"keeper{made.clock.now()}@example.com")
        for email in ("ada@example.com", "bob@example.com"):
            async with made.database.read() as unit:
                left = await made.members.find_by_email(unit, MINE, email)
            if left is not None:
                await made.members.dismiss(MINE, left.id, OPERATOR)
        keepers = (await made.members.listing(MINE, IdCursor())).items
        assert len(keepers) == 1
        await drop(made, keepers[0])


async def drop(made: Services, member: Member) -> None:
    """Take the only member out past the service, so that a round begins with nobody."""
    async with made.database.begin() as unit:
        await SqlMembers().remove(unit, MINE, member.id, made.clock.now())


async def test_a_role_change_beside_a_removal_has_a_serial_outcome(made: Services, database: Database) -> None:
    await add(made, "keeper@example.com")
    for _ in range(8):
        ada = await add(made, "ada@example.com")
        ends = await both(
            outcome(made.members.remove(MINE, ada.id, BY)),
            outcome(made.members.change_role(MINE, ada.id, "developer", BY)),
        )
        assert ends in (["done", "done"], ["done", "not_found_error"])
        assert await emails(made) == ["keeper@example.com"]
        kinds = await acts_on(database, ada)
        serial = ["claude_user_role_updated", "org_user_deleted"] if ends[1] == "done" else ["org_user_deleted"]
        assert kinds[-len(serial) :] == serial


async def test_an_appointment_to_admin_beside_a_removal_never_removes_an_admin(
    made: Services, database: Database
) -> None:
    await add(made, "keeper@example.com")
    for number in range(8):
        ada = await add(made, f"ada{number}@example.com")
        ends = await both(
            outcome(made.members.remove(MINE, ada.id, BY)),
            outcome(made.members.appoint(MINE, ada.id, ADMIN, OPERATOR)),
        )
        assert ends in (["done", "not_found_error"], ["invalid_request_error", "done"])
        async with database.read() as unit:
            left = await made.members.find(unit, MINE, ada.id)
        assert (left is None) == (ends[0] == "done")


async def test_one_address_added_by_many_at_once_is_one_member(made: Services) -> None:
    works = [made.members.add(MINE, "ada@example.com", "", USER, OPERATOR) for _ in range(6)]
    ends = await asyncio.gather(*map(outcome, works))
    assert sorted(ends) == ["already_member"] * 5 + ["done"]
    assert await emails(made) == ["ada@example.com"]


async def test_one_person_added_to_two_organizations_at_once_is_one_person(made: Services) -> None:
    mine, theirs = await asyncio.gather(
        made.members.add(MINE, "ada@example.com", "", USER, OPERATOR),
        made.members.add(THEIRS, "ada@example.com", "", USER, OPERATOR),
    )
    assert mine.id == theirs.id


def hurry(database: Database) -> None:
    """Let SQLite give up on other writers soon."""
    if database.is_sqlite:

        @event.listens_for(database.engine.sync_engine, "connect")
        def on_connect(link: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
            link.execute("PRAGMA busy_timeout=50").close()


def impatient(made: Services) -> Members:
    """Members who wait for others for the twentieth part of a second."""
    store = SqlMembers(lock_milliseconds=50)
    return Members(store, made.database, made.clock, SystemChance(), made.audit, made.membership_effects)


@pytest.fixture
async def hurried(database_address: URL) -> AsyncIterator[Services]:
    database = Database(database_address)
    hurry(database)
    yield services(database)
    await database.close()


async def test_a_change_that_cannot_begin_for_another_is_a_conflict(hurried: Services) -> None:
    members = impatient(hurried)
    ada = await members.add(MINE, "ada@example.com", "", USER, OPERATOR)
    await members.add(MINE, "bob@example.com", "", USER, OPERATOR)
    async with hurried.database.begin() as unit:
        await SqlMembers().lock(unit, MINE)
        with pytest.raises(Conflict) as caught:
            await members.remove(MINE, ada.id, BY)
    assert (caught.value.error_code, caught.value.should_retry) == ("concurrent_membership_change", False)
    await members.remove(MINE, ada.id, BY)
    assert await emails(hurried) == ["bob@example.com"]


@pytest.mark.postgres
async def test_another_organizations_change_is_not_waited_for(postgres: PrivatePostgres, tmp_path: Path) -> None:
    database = Database(database_url(postgres.create(), tmp_path))
    await migrate(database)
    made = services(database)
    async with database.begin() as unit:
        await SqlMembers().lock(unit, THEIRS)
        await impatient(made).add(MINE, "ada@example.com", "", USER, OPERATOR)
    assert await emails(made) == ["ada@example.com"]
    await database.close()
