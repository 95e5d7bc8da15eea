"""Workspaces in the database."""

import pytest
from sqlalchemy.exc import IntegrityError, NoResultFound

from antechamber.database.engine import Database
from tests.contracts.tenants import MINE, NOON, THEIRS, services


async def test_an_organization_has_its_own_default_workspace(database: Database) -> None:
    made = services(database)
    async with database.begin() as unit:
        mine = await made.workspaces.create_default(unit, MINE)
        theirs = await made.workspaces.create_default(unit, THEIRS)
    async with database.read() as unit:
        assert await made.workspaces.default(unit, MINE) == mine
        assert await made.workspaces.default(unit, THEIRS) == theirs
    assert mine.id != theirs.id
    assert mine.id.startswith("wrkspc_01")
    assert (mine.name, mine.is_default, mine.created_at, mine.archived_at) == ("Default", True, NOON, None)


async def test_a_second_default_workspace_is_refused(database: Database) -> None:
    made = services(database)
    async with database.begin() as unit:
        await made.workspaces.create_default(unit, MINE)
    with pytest.raises(IntegrityError):
        async with database.begin() as unit:
            await made.workspaces.create_default(unit, MINE)


async def test_an_organization_without_one_has_none(database: Database) -> None:
    made = services(database)
    async with database.read() as unit:
        with pytest.raises(NoResultFound):
            await made.workspaces.default(unit, MINE)
