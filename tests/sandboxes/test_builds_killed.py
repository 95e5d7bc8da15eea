"""A server that is killed while it builds leaves no half-built layer, keeps the log, and the next one builds."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from antechamber.base.clock import SystemClock
from antechamber.base.ids import EnvironmentId, OrganizationId
from antechamber.base.page import PageQuery
from antechamber.database.engine import Database, database_url
from antechamber.features.environments.model.builds import BuildState, Reason
from antechamber.features.environments.model.sandbox import SandboxSpec
from tests.contracts.tenants import Services
from tests.contracts.workshops import PLACE, Shop
from tests.sandboxes import registries
from tests.sandboxes.running import run
from tests.sandboxes.victim import MOMENTS
from tests.sandboxing import ROOT, Station, station
from tests.templates import copy_to

pytestmark = [pytest.mark.sandbox, pytest.mark.long, pytest.mark.anyio, pytest.mark.timeout(600)]


# what a server does is the same on both; that nothing is left of a sandbox is tried on the other, too
CASES = [*(("oci-root", moment) for moment in MOMENTS), ("oci-rootless", "install")]


@pytest.fixture(scope="module")
def under(request: pytest.FixtureRequest) -> Iterator[Station]:
    with station(request.param, egress={"private": registries.private()}) as made:
        yield made


@pytest.mark.parametrize(("under", "moment"), CASES, indirect=["under"])
async def test_the_next_server_finds_no_half_built_layer_and_builds(
    under: Station, moment: str, tmp_path: Path
) -> None:
    copy_to(tmp_path / "antechamber.db")
    line = [sys.executable, "-m", "tests.sandboxes.victim", str(under.socket), str(tmp_path), moment]
    killed = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)  # noqa: ASYNC221
    assert killed.returncode == -9, killed.stderr
    organization, environment_id = killed.stdout.split()
    organization_id = OrganizationId(organization)

    database = Database(database_url(None, tmp_path))
    made = Services(database, SystemClock())  # type: ignore[arg-type] # nothing here moves it
    shop = Shop(made, tmp_path / "builds", under.sandboxes, registries=registries.registries())
    shop.builds = shop.open(seconds=500)
    environment = await shop.environments.get(organization_id, PLACE, EnvironmentId(environment_id))
    await shop.builds.recover()
    [left] = (await shop.builds.listing(organization_id, PLACE, environment.id, PageQuery())).items
    assert left.state is BuildState.FAILED
    assert left.failure is not None
    assert left.failure.reason is Reason.INTERRUPTED
    assert "the server ended" in shop.logs.read(left.id, 0, 1 << 20).decode()
    # the layer is there whole, or not at all
    assert len(await under.sandboxes.layers(organization_id)) == (1 if moment == "sealed" else 0)

    prepared = await shop.builds.prepare(environment)
    room = await under.sandboxes.create(SandboxSpec(f"room-{moment}", organization_id, prepared.base, prepared.layers))
    try:
        assert (await run(room, "python3", "-c", "import iniconfig")).status.code == 0
    finally:
        await under.sandboxes.remove(room.id)
        await under.sandboxes.drop_layer(organization_id, prepared.layers[0])
    await shop.builds.stop()
    assert left.id not in {info.id for info in await under.sandboxes.listing()}
    await database.close()
