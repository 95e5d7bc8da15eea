"""A ledger from before coarser roll-ups: it gets them, as if they had always been kept."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, select
from sqlalchemy.engine import URL

from antechamber.database.engine import Database, connection, database_url
from antechamber.database.migrate import migrate
from antechamber.features.usage.model import UsageRow
from antechamber.features.usage.sql import SqlUsage, usage_rollups, usage_sessions, usage_tagged
from tests.contracts.revisions import upgrade_to
from tests.unit.usage.samples import DAY, NOON, row

DAYS = {"1d/key", "1d/key-model", "1d/untagged"}
WEEKS = {"7d", "7d/key-model", "7d/people"}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def two_addresses(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[URL, URL]:
    """Where two empty databases of each kind are."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        return database_url(server.create(), tmp_path), database_url(server.create(), tmp_path)
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    return database_url(None, tmp_path / "old"), database_url(None, tmp_path / "new")


def made(number: int) -> UsageRow:
    return row(
        number,
        started_at=NOON + number % 9 * DAY,
        key_id=None if number % 5 == 0 else f"apikey_{number % 3}",
        user_id="user_1",
        model_served=f"model-{number % 4 // 2}",
        workspace_id=f"wrkspc_{number % 3}",
        default_workspace=number % 3 == 0,
        session_id=f"session-{number}" if number % 3 else None,
    )


async def kept(database: Database, table: Table = usage_rollups) -> list[tuple[Any, ...]]:
    async with database.read() as unit:
        return sorted(map(tuple, await connection(unit).execute(select(table))))


@pytest.mark.parametrize(("revision", "missing"), [("0016", DAYS | WEEKS), ("0022", WEEKS)])
async def test_an_old_ledger_gets_the_roll_ups_that_a_new_one_has(
    two_addresses: tuple[URL, URL], revision: str, missing: set[str]
) -> None:
    old, new = (Database(address) for address in two_addresses)
    await migrate(new)
    async with new.begin() as unit:
        await SqlUsage().sweep_in(unit, [made(number) for number in range(40)])
    expected = await kept(new)
    async with new.read() as unit:
        tagged = [dict(each) for each in (await connection(unit).execute(select(usage_tagged))).mappings()]
    names = [column.name for column in usage_rollups.columns]
    before = [dict(zip(names, each, strict=True)) for each in expected if each[1] not in missing]
    async with old.engine.connect() as link:
        await link.run_sync(upgrade_to, revision)
        await link.execute(insert(usage_rollups), before)
        await link.execute(insert(usage_tagged), tagged)
        await link.commit()
    await migrate(old)
    assert await kept(old) == expected
    assert {each[1] for each in expected} >= missing
    sessions = await kept(new, usage_sessions)
    assert sessions == await kept(old, usage_sessions)
    assert {each[2] for each in sessions} > {"", "session-1"}
    for database in (old, new):
        await database.close()
