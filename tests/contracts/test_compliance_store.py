"""The compliance settings in the database."""

import asyncio

from antechamber.base.actor import OPERATOR
from antechamber.base.chance import SystemChance
from antechamber.base.clock import SystemClock
from antechamber.base.ids import mint_organization
from antechamber.base.page import IdCursor
from antechamber.base.secret import Secret
from antechamber.database.engine import Database
from antechamber.features.audit.model import ActivityQuery, ComplianceState
from antechamber.features.audit.service import Audit, Compliance
from antechamber.features.audit.sql import SqlActivities, SqlCompliance

MINE = mint_organization(SystemChance())
THEIRS = mint_organization(SystemChance())


def settings_of(database: Database) -> Compliance:
    audit = Audit(SqlActivities(), database, SystemClock(), SystemChance(), Secret("pepper"))
    return Compliance(SqlCompliance(), database, audit)


async def acts(database: Database) -> list[object]:
    async with database.read() as unit:
        page = await SqlActivities().listing(unit, MINE, ActivityQuery(), IdCursor())
    return [activity.details["updates"] for activity in page.items]


async def test_an_organization_that_never_set_anything_is_open(database: Database) -> None:
    assert await settings_of(database).state(MINE) is ComplianceState.ENABLED


async def test_a_state_is_kept_for_its_organization_only(database: Database) -> None:
    settings = settings_of(database)
    await settings.set(MINE, ComplianceState.DISABLED, OPERATOR)
    assert await settings.state(MINE) is ComplianceState.DISABLED
    assert await settings.state(THEIRS) is ComplianceState.ENABLED
    await settings.set(MINE, ComplianceState.ENABLED, OPERATOR)
    assert await settings.state(MINE) is ComplianceState.ENABLED


async def test_every_change_is_an_act_and_a_repetition_none(database: Database) -> None:
    settings = settings_of(database)
    for state in (ComplianceState.ENABLED, ComplianceState.DISABLED, ComplianceState.DISABLED, ComplianceState.ENABLED):
        await settings.set(MINE, state, OPERATOR)
    opened = {"type": "state", "previous_value": "disabled", "current_value": "enabled"}
    closed = {"type": "state", "previous_value": "enabled", "current_value": "disabled"}
    assert await acts(database) == [[opened], [closed]]


async def test_two_who_close_at_once_leave_one_act(database: Database) -> None:
    settings = settings_of(database)
    await asyncio.gather(*(settings.set(MINE, ComplianceState.DISABLED, OPERATOR) for _ in range(4)))
    assert len(await acts(database)) == 1
