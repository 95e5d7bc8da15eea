"""Organisations in the database."""

import contextlib

import pytest

from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.database.engine import Database
from tests.contracts.tenants import NOBODYS, NOON, services


async def test_an_organization_is_found_by_its_own_id_only(database: Database) -> None:
    made = services(database)
    async with database.begin() as unit:
        mine = await made.organizations.create(unit, " Mine 我的 ")
        theirs = await made.organizations.create(unit, "Theirs")
    assert (mine.name, mine.created_at) == ("Mine 我的", NOON)
    assert await made.organizations.me(mine.id) == mine
    assert await made.organizations.me(theirs.id) == theirs
    with pytest.raises(NotFound, match=r"^Organization not found\.$"):
        await made.organizations.me(NOBODYS)


async def test_everyone_is_listed_oldest_first(database: Database) -> None:
    made = services(database)
    assert await made.organizations.everyone() == []
    for name in ("one", "two", "three"):
        async with database.begin() as unit:
            await made.organizations.create(unit, name)
        made.clock.advance(1)
    assert [found.name for found in await made.organizations.everyone()] == ["one", "two", "three"]


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    made = services(database)
    with contextlib.suppress(InvalidRequest):
        async with database.begin() as unit:
            await made.organizations.create(unit, "kept?")
            await made.organizations.create(unit, "")
    assert await made.organizations.everyone() == []
