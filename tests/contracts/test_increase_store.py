"""Requests for more in the database: kept, filtered, and each letter claimed by one."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.engine import URL

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.ids import IncreaseRequestId, OrganizationId, UserId
from antechamber.database.engine import Database
from antechamber.features.limits.model.definitions import Period
from antechamber.features.limits.model.increases import IncreaseRequest, RequestStatus
from antechamber.features.limits.sql import SqlIncreases
from tests.contracts.tenants import MINE, NOON, THEIRS

STORE = SqlIncreases()
ADA, BOB = UserId("user_ada"), UserId("user_bob")
ADMIN = Actor(ActorKind.ADMIN_API_KEY, "adminkey_1")


def request(number: int, user_id: UserId = ADA, period: Period = Period.MONTHLY, **more: object) -> IncreaseRequest:
    made = IncreaseRequest(
        IncreaseRequestId(f"slir_{number}"), MINE, user_id, period, 5, "why", RequestStatus.PENDING, NOON + number
    )
    return dataclasses.replace(made, **more)  # type: ignore[arg-type] # fields of the request


@pytest.fixture
async def second(database_address: URL) -> AsyncIterator[Database]:
    """Another node's way to the same database."""
    opened = Database(database_address)
    yield opened
    await opened.close()


async def keep(database: Database, *requests: IncreaseRequest) -> None:
    async with database.begin() as unit:
        for each in requests:
            await STORE.add(unit, each.organization_id, each)


async def listed(database: Database, organization_id: OrganizationId = MINE, **query: object) -> list[str]:
    asked = {"statuses": (), "user_ids": (), "after": None, "limit": 100, **query}
    async with database.read() as unit:
        return [each.id for each in await STORE.listing(unit, organization_id, **asked)]  # type: ignore[arg-type] # as above


async def test_requests_are_listed_newest_first_and_filtered(database: Database) -> None:
    theirs = request(9, organization_id=THEIRS)
    await keep(database, request(1), request(2, BOB), request(3, status=RequestStatus.DENIED), theirs)
    assert await listed(database) == ["slir_3", "slir_2", "slir_1"]
    assert await listed(database, THEIRS) == ["slir_9"]
    assert await listed(database, user_ids=[ADA]) == ["slir_3", "slir_1"]
    assert await listed(database, statuses=[RequestStatus.PENDING]) == ["slir_2", "slir_1"]
    assert await listed(database, after=(NOON + 3, "slir_3"), limit=1) == ["slir_2"]


async def test_a_request_comes_back_as_it_was_kept_and_decided(database: Database) -> None:
    await keep(database, request(1), request(2, amount=None))
    status = RequestStatus.APPROVED
    resolved = request(1, status=status, resolved_at=NOON + 5, resolved_by=ADMIN)
    async with database.begin() as unit:
        await STORE.lock(unit, MINE)
        assert await STORE.find(unit, MINE, resolved.id) == request(1)
        await STORE.resolve(unit, MINE, resolved, None)
    async with database.read() as unit:
        assert await STORE.find(unit, MINE, resolved.id) == resolved
        assert await STORE.find(unit, THEIRS, resolved.id) is None
        assert await STORE.find(unit, MINE, IncreaseRequestId("slir_2")) == request(2, amount=None)


async def test_what_waits_is_found_by_person_and_period(database: Database) -> None:
    denied = request(4, status=RequestStatus.DENIED)
    await keep(database, request(1), request(2, BOB), request(3, period=Period.DAILY), denied)
    async with database.read() as unit:
        assert [each.id for each in await STORE.pending(unit, MINE, ADA, Period.MONTHLY)] == ["slir_1"]
        assert await STORE.pending(unit, THEIRS, ADA, Period.MONTHLY) == []


async def test_a_letter_is_claimed_by_one_and_comes_again_until_it_is_noted(
    database: Database, second: Database
) -> None:
    await keep(database, *(request(number) for number in range(10)))
    async with database.begin() as unit:
        for number in range(8):
            due_at = None if number < 2 else NOON
            decided = request(number, status=RequestStatus.DENIED, resolved_at=NOON, resolved_by=ADMIN)
            await STORE.resolve(unit, MINE, decided, due_at)

    async def claim(node: Database) -> list[str]:
        async with node.begin() as unit:
            return [each.id for each, _ in await STORE.sweep_mail_due(unit, NOON, NOON + 60, 4)]

    found = await asyncio.gather(claim(database), claim(second))
    assert sorted(found[0] + found[1] + await claim(database)) == [f"slir_{number}" for number in range(2, 8)]
    async with database.begin() as unit:
        await STORE.note_mail(unit, MINE, IncreaseRequestId("slir_2"), due_at=None, attempts=1)
        await STORE.note_mail(unit, MINE, IncreaseRequestId("slir_3"), due_at=NOON + 9, attempts=1)
    async with database.begin() as unit:
        again = await STORE.sweep_mail_due(unit, NOON + 9, NOON + 60, 9)
    assert [(each.id, attempts) for each, attempts in again] == [("slir_3", 1)]
