"""Builds in the database: what is kept comes back, to its own organisation alone."""

import dataclasses

from antechamber.base.chance import SystemChance
from antechamber.base.clock import SystemClock
from antechamber.base.ids import BuildId, EnvironmentId, Kind, OrganizationId, mint
from antechamber.base.page import Asked
from antechamber.features.environments.model.builds import (
    Build,
    BuildState,
    Failure,
    Installed,
    Lock,
    Progress,
    Reason,
    StepState,
    begin_progress,
    interrupted,
)
from antechamber.features.environments.model.packages import Manager, Packages
from antechamber.features.environments.sql.builds import SqlBuilds
from tests.contracts.tenants import MINE, THEIRS, Services

STORE = SqlBuilds()
PACKAGES = Packages({Manager.APT: ("jq",), Manager.PIP: ("numpy", "pandas==2.2.0")})
ENVIRONMENT = EnvironmentId("env_1")


def new(organization_id: OrganizationId = MINE, *, at: int = 1, digest: str = "d1", **more: object) -> Build:
    build = Build(
        id=BuildId(mint(Kind.BUILD, SystemClock(), SystemChance())),
        organization_id=organization_id,
        environment_id=ENVIRONMENT,
        node="main",
        digest=digest,
        base="standard",
        base_digest="b1",
        packages=PACKAGES,
        created_at=at,
        progress=begin_progress(PACKAGES),
    )
    return dataclasses.replace(build, **more)  # type: ignore[arg-type] # fields as the tests name them


async def add(made: Services, *builds: Build) -> None:
    async with made.database.begin() as unit:
        for build in builds:
            await STORE.add(unit, build.organization_id, build)


async def test_a_build_comes_back_as_it_was_kept(made: Services) -> None:
    build = new()
    await add(made, build)
    ended = dataclasses.replace(
        build,
        state=BuildState.SUCCEEDED,
        progress=(Progress(Manager.APT, 1, 1, StepState.INSTALLED, 2, 3),),
        started_at=2,
        ended_at=4,
        size_bytes=1 << 40,
        lock=Lock(Packages({Manager.APT: ("jq=1",)}), (Installed(Manager.APT, "jq", "1"),)),
    )
    async with made.database.begin() as unit:
        assert await STORE.find(unit, MINE, build.id) == build
        await STORE.save(unit, MINE, ended)
        assert await STORE.find(unit, MINE, build.id) == ended
        failed = dataclasses.replace(ended, failure=Failure(Reason.DISK_FULL, "full", Manager.PIP, "numpy"), lock=None)
        await STORE.save(unit, MINE, failed)
        assert await STORE.find(unit, MINE, build.id) == failed


async def test_a_build_is_its_organisation_s_alone(made: Services) -> None:
    build = new()
    await add(made, build)
    async with made.database.begin() as unit:
        assert await STORE.find(unit, THEIRS, build.id) is None
        await STORE.save(unit, THEIRS, dataclasses.replace(build, state=BuildState.FAILED))
        assert await STORE.find(unit, MINE, build.id) == build
        assert await STORE.newest(unit, THEIRS, "main", "d1") is None
        assert await STORE.listing(unit, THEIRS, ENVIRONMENT, "d1", Asked(10, None)) == []


async def test_the_newest_of_a_digest_is_of_its_node_and_may_have_to_have_succeeded(made: Services) -> None:
    old, newer = new(at=1, state=BuildState.SUCCEEDED), new(at=2, state=BuildState.FAILED)
    await add(made, old, newer, new(at=3, digest="d2"), new(at=4, node="other"))
    async with made.database.read() as unit:
        assert await STORE.newest(unit, MINE, "main", "d1") == newer
        assert await STORE.newest(unit, MINE, "main", "d1", succeeded=True) == old
        assert await STORE.newest(unit, MINE, "main", "d3") is None


async def test_an_environment_lists_its_builds_and_those_of_its_digest_newest_first(made: Services) -> None:
    mine, shared = new(at=1, digest="old"), new(at=2, environment_id=EnvironmentId("env_2"))
    others = new(at=3, environment_id=EnvironmentId("env_2"), digest="x")
    await add(made, mine, shared, others)
    async with made.database.read() as unit:
        assert await STORE.listing(unit, MINE, ENVIRONMENT, "d1", Asked(10, None)) == [shared, mine]
        first = await STORE.listing(unit, MINE, ENVIRONMENT, "d1", Asked(1, None))
        assert first == [shared]
        assert await STORE.listing(unit, MINE, ENVIRONMENT, "d1", Asked(10, (2, shared.id))) == [mine]


async def test_what_a_killed_server_left_is_found_on_its_node(made: Services) -> None:
    queued, building = new(at=1), new(THEIRS, at=2, state=BuildState.BUILDING)
    await add(made, queued, building, new(at=3, state=BuildState.FAILED), new(at=4, node="other"))
    async with made.database.begin() as unit:
        left = await STORE.sweep_unfinished(unit, "main")
        assert {build.id for build in left} == {queued.id, building.id}
        for build in left:
            await STORE.save(unit, build.organization_id, interrupted(build, 9))
        assert await STORE.sweep_unfinished(unit, "main") == []
        found = await STORE.find(unit, THEIRS, building.id)
    assert found is not None
    assert (found.state, found.failure and found.failure.reason) == (BuildState.FAILED, Reason.INTERRUPTED)


async def test_old_builds_are_forgotten_and_running_ones_never(made: Services) -> None:
    old, older, recent, running = new(ended_at=2), new(ended_at=1), new(ended_at=5), new()
    await add(made, old, older, recent, running)
    async with made.database.begin() as unit:
        assert await STORE.sweep_old(unit, 5, 1) == [older]
        assert await STORE.sweep_old(unit, 5, 10) == [old]
        assert await STORE.sweep_old(unit, 5, 10) == []
        assert await STORE.find(unit, MINE, recent.id) == recent
        assert await STORE.find(unit, MINE, running.id) == running
