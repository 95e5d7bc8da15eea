"""A ledger from before prices: its roll-ups get coarser ones, and nothing of it is lost."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text
from sqlalchemy.engine import URL, Connection

from antechamber.base.ids import OrganizationId
from antechamber.database.engine import Database, connection, database_url
from antechamber.database.migrate import migrate
from antechamber.database.schema import MIGRATIONS
from antechamber.features.usage.model import Dimension, Piece, Question, TokenUsage, Width
from antechamber.features.usage.sql import SqlUsage, usage_rollups
from tests.unit.usage.samples import DAY, HOUR, NOON, ORGANIZATION

MIDNIGHT = NOON - NOON % DAY


def _old(link: Connection) -> None:
    scripts = ScriptDirectory(str(MIGRATIONS.parent), version_locations=[str(MIGRATIONS)])
    with EnvironmentContext(
        Config(), scripts, fn=lambda revision, _: scripts._upgrade_revs("0006", revision)
    ) as context:
        context.configure(connection=link)
        context.run_migrations()


def _old_rollup(width: Width, bucket: int, key: str, workspace: str, *, default: bool) -> str:
    names = [*Dimension, *TokenUsage.__slots__]
    texts = {Dimension.API_KEY_ID: key, Dimension.MODEL: "m", Dimension.WORKSPACE_ID: workspace}
    values = [f"'{texts.get(name, '')}'" for name in Dimension] + ["1"] * len(TokenUsage.__slots__)
    return (
        f"INSERT INTO usage_rollups (organization_id, width, bucket, default_workspace, requests, {', '.join(names)}) "  # noqa: S608
        f"VALUES ('{ORGANIZATION}', '{width}', {bucket}, {default}, 1, {', '.join(values)})"
    )


async def old_database(address: URL) -> Database:
    database = Database(address)
    async with database.engine.connect() as link:
        await link.run_sync(_old)
        for key, workspace, default in (("k1", "w1", True), ("k2", "w1", True), ("k3", "w2", False)):
            for width, bucket in ((Width.DAY, MIDNIGHT), (Width.HOUR, NOON - NOON % HOUR)):
                await link.execute(text(_old_rollup(width, bucket, key, workspace, default=default)))
        await link.commit()
    return database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_address(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """Where an empty database of each kind is."""
    address = request.getfixturevalue("postgres").create() if request.param == "postgresql" else None
    return database_url(address, tmp_path)


async def test_coarser_roll_ups_are_made_of_the_old_ones(empty_address: URL) -> None:
    database = await old_database(empty_address)
    await migrate(database)
    columns = usage_rollups.c
    query = select(columns.width, func.count(), func.sum(columns.requests), func.sum(columns.unpriced_requests))
    async with database.read() as unit:
        found = (await connection(unit).execute(query.group_by(columns.width))).all()
        asked = Question((Piece(Width.DAY, MIDNIGHT, NOON),), (Dimension.WORKSPACE_ID,), ("requests", "output"))
        by_workspace = await SqlUsage().table(unit, OrganizationId(ORGANIZATION), asked)
    await database.close()
    assert {each[0]: tuple(map(int, each[1:])) for each in found} == {
        "1d": (3, 3, 3), "1d/model": (1, 3, 3), "1d/people": (3, 3, 3), "1d/workspace": (2, 3, 3),
        "1h": (3, 3, 3), "1h/model": (1, 3, 3), "1h/workspace": (2, 3, 3),
    }  # fmt: skip
    assert [tuple(row[1:]) for row in by_workspace] == [(1, "w1", 2, 2), (0, "w2", 1, 1)]
