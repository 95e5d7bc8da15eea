"""A ledger from before prices: its roll-ups get coarser ones, and nothing of it is lost."""

from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import URL

from antechamber.base.ids import OrganizationId
from antechamber.database.engine import Database, connection, database_url
from antechamber.database.migrate import migrate
from antechamber.features.usage.model import Dimension, Piece, Question, TokenUsage, Width
from antechamber.features.usage.sql import SqlUsage, usage_rollups, usage_tagged
from tests.contracts.revisions import upgrade_to
from tests.unit.usage.samples import DAY, HOUR, NOON, ORGANIZATION, row

MIDNIGHT = NOON - NOON % DAY


def _old_rollup(width: Width, bucket: int, key: str, workspace: str, *, default: bool) -> str:
    names = [*Dimension, *TokenUsage.__slots__]
    texts = {Dimension.API_KEY_ID: key, Dimension.MODEL: "m", Dimension.WORKSPACE_ID: workspace}
    values = [f"'{texts.get(name, '')}'" for name in Dimension] + ["1"] * len(TokenUsage.__slots__)
    return (
        f"INSERT INTO usage_rollups (organization_id, width, bucket, default_workspace, requests, {', '.join(names)}) "  # noqa: S608
        f"VALUES ('{ORGANIZATION}', '{width}', {bucket}, {default}, 1, {', '.join(values)})"
    )


def _old_row(number: int, session: str | None) -> str:
    made = row(number, session_id=session)
    values = {
        **{name: getattr(made.intent, name) for name in ("request_id", "started_at", "organization_id")},
        "workspace_id": made.intent.workspace_id,
        "api_key_id": made.intent.key_id,
        **dict.fromkeys(("endpoint", "model_asked", "provider", "ended"), "x"),
        "model": made.intent.model_served,
        **{name: getattr(made.outcome, name) for name in ("service_tier", "inference_geo", "speed", "context_window")},
        **{name: getattr(made.outcome.usage, name) for name in TokenUsage.__slots__},
        **dict.fromkeys(("estimated_input", "status", "duration_us"), 1),
    }
    names = [*values, "default_workspace", "estimated", *(["session_id"] if session else [])]
    texts = [f"'{value}'" if isinstance(value, str) else str(value) for value in values.values()]
    texts += ["FALSE", "FALSE", *([f"'{session}'"] if session else [])]
    return f"INSERT INTO usage_rows ({', '.join(names)}) VALUES ({', '.join(texts)})"  # noqa: S608


async def test_days_of_tagged_requests_are_made_of_the_old_rows_as_new_ones_are(empty_address: URL) -> None:
    database = await old_database(empty_address)
    await migrate(database)
    async with database.begin() as unit:
        # as if the same came in again: the same day, added to
        await SqlUsage().sweep_in(unit, [row(10, session_id="s")])
        days = (await connection(unit).execute(select(usage_tagged))).mappings().all()
    await database.close()
    assert [(day["session_id"], day["requests"], day["unpriced_requests"], day["output"]) for day in days] == [
        ("s", 3, 3, 21)
    ]


async def old_database(address: URL) -> Database:
    database = Database(address)
    async with database.engine.connect() as link:
        await link.run_sync(upgrade_to, "0006")
        for key, workspace, default in (("k1", "w1", True), ("k2", "w1", True), ("k3", "w2", False)):
            for width, bucket in ((Width.DAY, MIDNIGHT), (Width.HOUR, NOON - NOON % HOUR)):
                await link.execute(text(_old_rollup(width, bucket, key, workspace, default=default)))
        for number, session in enumerate(("s", "s", None)):
            await link.execute(text(_old_row(number, session)))
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
        "1d/key": (3, 3, 3), "1d/key-model": (3, 3, 3), "1d/untagged": (3, 3, 3),
        "7d": (3, 3, 3), "7d/key-model": (3, 3, 3), "7d/people": (3, 3, 3),
        "1h": (3, 3, 3), "1h/model": (1, 3, 3), "1h/workspace": (2, 3, 3),
    }  # fmt: skip
    assert [tuple(row[1:]) for row in by_workspace] == [(1, "w1", 2, 2), (0, "w2", 1, 1)]
