"""Workspaces from an earlier version: kept, and given what is new."""

from pathlib import Path

import pytest
from sqlalchemy import text

from antechamber.base.ids import WorkspaceId
from antechamber.database.engine import Database, database_url
from antechamber.database.migrate import migrate
from antechamber.features.workspaces.model import Workspace, WorkspaceKind
from tests.contracts.revisions import upgrade_to
from tests.contracts.tenants import MINE, NOON, services


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def test_an_older_versions_default_workspace_is_kept(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue("postgres").create() if kind == "postgresql" else None
    database = Database(database_url(address, tmp_path))
    workspace_id = WorkspaceId("wrkspc_01" + "a" * 22)
    old = {"id": workspace_id, "organization": MINE, "now": NOON}
    async with database.engine.begin() as link:
        await link.run_sync(upgrade_to, "0004")
        await link.execute(
            text("INSERT INTO workspaces VALUES (:id, :organization, 'Default', '#6C5BB9', true, :now, NULL)"), old
        )
    await migrate(database)
    made = services(database)
    async with database.read() as unit:
        default = await made.workspaces.default(unit, MINE)
    await database.close()
    assert default == Workspace(
        id=workspace_id,
        organization_id=MINE,
        name="Default",
        display_color="#6C5BB9",
        kind=WorkspaceKind.DEFAULT,
        compartment_id="cmpt_01" + "a" * 22,
        created_at=NOON,
    )
