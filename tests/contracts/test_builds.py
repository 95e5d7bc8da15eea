"""Builds made once for all who wait, told of step by step, and gone without a trace when they fail."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import ManualClock
from antechamber.base.errors import InvalidRequest, NotFound, StateConflict
from antechamber.base.ids import BuildId
from antechamber.base.page import PageQuery
from antechamber.features.environments.model.builds import Build, BuildState, Installed, Prepared, Reason, StepState
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.sandbox import SandboxSpec
from antechamber.features.environments.service.builds import BuildFailed
from antechamber.features.environments.sql.builds import SqlBuilds
from tests.contracts.tenants import MINE, NOON, THEIRS, Services
from tests.contracts.workshops import PLACE, Shop


@pytest.fixture
async def shop(made: Services, tmp_path: Path) -> AsyncIterator[Shop]:
    opened = Shop(made, tmp_path / "builds")
    yield opened
    await opened.builds.stop()


async def test_ten_who_need_a_layer_get_one_build(shop: Shop) -> None:
    environments = [await shop.environment(f"n{number}", pip=("numpy",)) for number in range(10)]
    prepared = await asyncio.gather(*(shop.builds.prepare(environment) for environment in environments))
    assert len({each.layers for each in prepared}) == 1
    assert prepared[0].base == "host"
    assert len([line for line in shop.shelf.ran if "install" in line]) == 1
    part = await shop.builds.listing(MINE, PLACE, environments[3].id, PageQuery())
    assert [build.state for build in part.items] == [BuildState.SUCCEEDED]


async def test_a_second_start_installs_nothing(shop: Shop) -> None:
    environment = await shop.environment(pip=("numpy",))
    first = await shop.builds.prepare(environment)
    shop.shelf.ran.clear()
    assert await shop.builds.prepare(environment) == first
    assert shop.shelf.ran == []


async def test_without_packages_nothing_is_built(shop: Shop) -> None:
    environment = await shop.environment()
    assert await shop.builds.prepare(environment) == Prepared("host")
    with pytest.raises(InvalidRequest, match="nothing to build"):
        await shop.start(environment)


async def test_another_organisation_has_a_layer_of_its_own(shop: Shop) -> None:
    mine, theirs = await shop.environment(pip=("numpy",)), await shop.environment("two", THEIRS, pip=("numpy",))
    await shop.builds.prepare(mine)
    await shop.builds.prepare(theirs)
    assert len([line for line in shop.shelf.ran if "install" in line]) == 2
    [build] = (await shop.builds.listing(MINE, PLACE, mine.id, PageQuery())).items
    with pytest.raises(NotFound):
        await shop.builds.get(THEIRS, PLACE, theirs.id, build.id)


async def test_the_base_is_the_smallest_that_has_the_managers(shop: Shop) -> None:
    assert (await shop.builds.prepare(await shop.environment("a", apt=("jq",)))).base == "minimal"
    assert (await shop.builds.prepare(await shop.environment("b", apt=("jq",), pip=("numpy",)))).base == "standard"


async def test_a_manager_that_no_base_has_is_named_with_the_command_that_helps(shop: Shop) -> None:
    with pytest.raises(InvalidRequest, match=r"cargo; .*ante sandboxes images build full") as refused:
        await shop.start(await shop.environment(cargo=("just",)))
    assert refused.value.error_code == "base_missing"


async def test_a_build_tells_how_far_each_manager_is_and_what_came_in(shop: Shop) -> None:
    shop.shelf.open.clear()
    environment = await shop.environment(npm=("express",), pip=("numpy", "pandas==3.0"))
    begun = await shop.start(environment)
    assert [part.state for part in begun.progress] == [StepState.WAITING] * 2
    await shop.shelf.begun.wait()
    now = await shop.builds.get(MINE, PLACE, environment.id, begun.id)
    assert (now.state, [part.state for part in now.progress]) == (
        BuildState.BUILDING, [StepState.INSTALLING, StepState.WAITING],
    )  # fmt: skip
    shop.shelf.open.set()
    ended = await shop.ended(environment, begun)
    assert ended.state is BuildState.SUCCEEDED
    assert [(part.manager, part.packages, part.installed) for part in ended.progress] == [
        (Manager.NPM, 1, 1), (Manager.PIP, 2, 2),
    ]  # fmt: skip
    assert ended.lock is not None
    assert ended.lock.packages.of(Manager.PIP) == ("numpy==2.0", "pandas==3.0")
    assert Installed(Manager.PIP, "numpy", "2.0") in ended.lock.installed
    assert Installed(Manager.PIP, "pip", "24") not in ended.lock.installed
    assert ended.size_bytes is not None
    log = (await shop.builds.log(ended, 0)).decode()
    assert "==> python3 -m pip install" in log
    assert log.endswith("==> sealed\n")


async def test_registries_are_told_while_building_and_not_in_the_layer(shop: Shop) -> None:
    prepared = await shop.builds.prepare(await shop.environment(pip=("numpy",)))
    told = shop.shelf.environments[-1]
    assert told["PIP_INDEX_URL"] == "x"
    assert told["PIP_CERT"] == "/etc/ante/authorities.pem"
    room = await shop.sandboxes.create(SandboxSpec("room", MINE, prepared.base, prepared.layers))
    with pytest.raises(FileNotFoundError):
        await anext(room.read("/etc/ante/authorities.pem"))
    with pytest.raises(FileNotFoundError):
        await anext(room.read("/etc/gemrc"))


async def test_a_failed_build_keeps_its_log_names_its_package_and_leaves_no_layer(shop: Shop) -> None:
    shop.shelf.says["python3"] = 1, "ERROR: No matching distribution found for nothing-such\n"
    environment = await shop.environment(npm=("express",), pip=("numpy", "nothing-such"))
    with pytest.raises(BuildFailed, match="pip could not install nothing-such") as failed:
        await shop.builds.prepare(environment)
    build = failed.value.build
    assert build.failure is not None
    assert (build.failure.reason, build.failure.manager, build.failure.package) == (
        Reason.PACKAGE_NOT_FOUND, Manager.PIP, "nothing-such",
    )  # fmt: skip
    assert [part.state for part in build.progress] == [StepState.INSTALLED, StepState.FAILED]
    assert b"No matching distribution" in await shop.builds.log(build, 0)
    assert await shop.sandboxes.layers() == []
    assert await shop.sandboxes.listing() == []
    # and the next who needs it tries again
    shop.shelf.says.clear()
    assert (await shop.ended(environment, await shop.start(environment))).state is BuildState.SUCCEEDED


async def test_a_build_that_takes_too_long_ends(shop: Shop) -> None:
    shop.shelf.open.clear()
    shop.builds = shop.open(seconds=2)
    environment = await shop.environment(pip=("numpy",))
    with pytest.raises(BuildFailed) as failed:
        await shop.builds.prepare(environment)
    assert failed.value.build.failure is not None
    assert failed.value.build.failure.reason is Reason.TIMED_OUT


async def test_who_leaves_does_not_end_the_build_for_the_others(shop: Shop) -> None:
    shop.shelf.open.clear()
    environment = await shop.environment(pip=("numpy",))
    leaving = asyncio.create_task(shop.builds.prepare(environment))
    staying = asyncio.create_task(shop.builds.prepare(environment))
    await shop.shelf.begun.wait()
    leaving.cancel()
    shop.shelf.open.set()
    assert (await staying).layers


async def test_a_stopping_server_ends_its_builds_and_says_so(shop: Shop) -> None:
    shop.shelf.open.clear()
    environment = await shop.environment(pip=("numpy",))
    begun = await shop.start(environment)
    await shop.shelf.begun.wait()
    await shop.builds.stop()
    found = await shop.ended(environment, begun)
    assert found.failure is not None
    assert found.failure.reason is Reason.INTERRUPTED
    assert await shop.sandboxes.listing() == []


async def test_what_a_killed_server_was_building_is_over_and_can_begin_anew(shop: Shop) -> None:
    environment = await shop.environment(pip=("numpy",))
    first = await shop.ended(environment, await shop.start(environment))
    # as the row and the sandbox of a build stand while it runs
    left = dataclasses.replace(first, id=BuildId("build_" + "1" * 24), state=BuildState.BUILDING, ended_at=None)
    async with shop.made.database.begin() as unit:
        await SqlBuilds().add(unit, MINE, left)
    await shop.sandboxes.create(SandboxSpec(left.id, MINE))
    next_server = shop.open()
    await next_server.recover()
    while await shop.sandboxes.listing():  # noqa: ASYNC110 - there is nothing else to wait on
        await asyncio.sleep(0.01)
    async with shop.made.database.read() as unit:
        found = await SqlBuilds().find(unit, MINE, left.id)
    assert found is not None
    assert found.failure is not None
    assert (found.state, found.failure.reason) == (BuildState.FAILED, Reason.INTERRUPTED)
    assert b"the server ended" in shop.logs.read(left.id, 0, 1000)
    assert (await next_server.prepare(environment)).layers == (first.digest,)
    await next_server.stop()


async def test_recovery_leaves_alone_what_this_server_builds(shop: Shop) -> None:
    shop.shelf.open.clear()
    environment = await shop.environment(pip=("numpy",))
    begun = await shop.start(environment)
    await shop.shelf.begun.wait()
    await shop.builds.recover()
    shop.shelf.open.set()
    assert (await shop.ended(environment, begun)).state is BuildState.SUCCEEDED


async def test_a_pinned_build_installs_what_the_last_one_resolved_to(shop: Shop) -> None:
    environment = await shop.environment(pip=("numpy",))
    await shop.ended(environment, await shop.start(environment))
    again = await shop.ended(environment, await shop.start(environment, pinned=True, fresh=True))
    assert again.is_pinned
    assert again.packages.of(Manager.PIP) == ("numpy==2.0",)
    assert [line[-1] for line in shop.shelf.ran if "install" in line] == ["numpy", "numpy==2.0"]


async def test_a_fresh_build_waits_until_no_container_uses_the_layer(shop: Shop) -> None:
    environment = await shop.environment(pip=("numpy",))
    prepared = await shop.builds.prepare(environment)
    await shop.sandboxes.create(SandboxSpec("room", MINE, prepared.base, prepared.layers))
    with pytest.raises(StateConflict, match="in use"):
        await shop.start(environment, fresh=True)
    assert await shop.layers.prune(MINE, OPERATOR) == []
    await shop.sandboxes.remove("room")
    before: Build = (await shop.builds.listing(MINE, PLACE, environment.id, PageQuery())).items[0]
    again = await shop.start(environment, fresh=True)
    assert again.id != before.id
    await shop.ended(environment, again)


async def test_what_is_not_there_is_not_found(shop: Shop) -> None:
    environment = await shop.environment(pip=("numpy",))
    for name in ("build_nothing", "", "build_0111111111111111111111"):
        with pytest.raises(NotFound, match="Build not found"):
            await shop.builds.get(MINE, PLACE, environment.id, BuildId(name))


async def test_unused_layers_and_old_builds_are_collected(made: Services, tmp_path: Path) -> None:
    clock = ManualClock(NOON)
    shop = Shop(made, tmp_path / "builds", clock=clock)
    environment = await shop.environment(pip=("numpy",))
    await shop.builds.prepare(environment)
    assert await shop.layers.collect() == []
    clock.advance(2 * 86_400)
    [build] = (await shop.builds.listing(MINE, PLACE, environment.id, PageQuery())).items
    assert [layer.digest for layer in await shop.layers.collect()] == [build.digest]
    assert (await shop.builds.listing(MINE, PLACE, environment.id, PageQuery())).items == ()
    assert await shop.builds.log(build, 0) == b""
    # the next session builds it again
    assert (await shop.builds.prepare(environment)).layers == (build.digest,)


async def test_a_layer_whose_build_was_forgotten_is_used_all_the_same(shop: Shop) -> None:
    environment = await shop.environment(pip=("numpy",))
    first = await shop.builds.prepare(environment)
    async with shop.made.database.begin() as unit:
        assert await SqlBuilds().sweep_old(unit, 1 << 60, 10)
    shop.shelf.ran.clear()
    assert await shop.builds.prepare(environment) == first
    assert shop.shelf.ran == []
