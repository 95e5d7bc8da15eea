"""Real packages from the registries that this machine uses, installed inside sandboxes, sealed, and used."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from antechamber.base.ids import EnvironmentId
from antechamber.base.page import PageQuery
from antechamber.database.engine import Database, database_url
from antechamber.features.environments.model.builds import Build, BuildState, Reason
from antechamber.features.environments.model.environments import Environment
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.sandbox import Limits, NetworkPolicy, SandboxSpec
from antechamber.features.environments.service.builds import BuildFailed
from tests.contracts.tenants import MINE, settle
from tests.contracts.workshops import PLACE, Shop
from tests.dockerd import Dockerd
from tests.sandboxes import bases, gems, registries
from tests.sandboxes.running import run
from tests.sandboxing import KINDS, Station, station
from tests.templates import copy_to

pytestmark = [pytest.mark.sandbox, pytest.mark.long, pytest.mark.anyio, pytest.mark.timeout(900)]
MEBIBYTE = 1 << 20
PATIENCE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Yard:
    """A runtime with the base that has every manager, and a source of gems."""

    kind: str
    station: Station
    folder: Path
    gem_port: int

    def registries(self, **tables: object) -> dict[str, object]:
        return {"gem": {"index_url": f"http://{gems.HOST}:{self.gem_port}/"}, **tables}


@pytest.fixture(scope="module")
def yard(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """As root, unless a test asks for another kind."""
    kind = getattr(request, "param", "oci-root")
    folder = tmp_path_factory.mktemp("gems")
    private = [*registries.private(), {"network": "127.0.0.0/8", "host": gems.HOST}]
    egress = {"private": private, "hosts": {gems.HOST: "127.0.0.1"}}
    with contextlib.ExitStack() as stack:
        parts: dict[str, str] = {}
        if kind == "docker":
            engine = Dockerd().start()
            stack.callback(engine.stop)
            parts = {"runtime": "docker", "docker_url": engine.url}
        port = stack.enter_context(gems.served(folder))
        made = stack.enter_context(station(kind, egress=egress, **parts))
        if kind != "docker":
            bases.lay(made)
        yield Yard(kind, made, folder, port)


@pytest.fixture
async def shop(yard: Yard, tmp_path: Path) -> AsyncIterator[Shop]:
    async for opened in _open(yard, tmp_path):
        yield opened


async def _open(yard: Yard, folder: Path, **tables: object) -> AsyncIterator[Shop]:
    path = folder / "antechamber.db"
    copy_to(path)
    database = Database(database_url(None, folder))
    told = registries.registries(**yard.registries(**tables))
    opened = Shop(await settle(database), folder / "builds", yard.station.sandboxes, registries=told)
    opened.builds = opened.open(seconds=PATIENCE_SECONDS)
    yield opened
    await opened.builds.stop()
    for layer in await yard.station.sandboxes.layers(MINE):
        await yard.station.sandboxes.drop_layer(MINE, layer.digest)
    await database.close()


async def built(shop: Shop, environment: Environment, **how: bool) -> Build:
    build = await shop.ended(environment, await shop.start(environment, **how))
    assert build.state is BuildState.SUCCEEDED, (build.failure, shop.logs.read(build.id, 0, 1 << 20)[-4000:].decode())
    return build


async def said(shop: Shop, build: Build, *argv: str) -> str:
    """Return what a program says in a fresh room on a build's layer, which reaches nothing."""
    name = f"room-{argv[0].rpartition('/')[2]}"
    room = await shop.sandboxes.create(SandboxSpec(name, MINE, build.base, (build.digest,), network=NetworkPolicy()))
    try:
        ended = await run(room, *argv, environment={"NODE_PATH": "/usr/local/lib/node_modules"})
        return (ended.out + ended.err).decode().strip()
    finally:
        await shop.sandboxes.remove(name)


async def test_every_manager_installs_in_one_environment_and_again_pinned(yard: Yard, shop: Shop) -> None:
    await gems.make(shop.sandboxes, yard.folder)
    environment = await shop.environment(
        apt=("tree",),
        cargo=("shellharden",),
        gem=("teller",),
        go=("golang.org/x/example/hello",),
        npm=("is-odd@3.0.1", "is-number"),
        pip=("six==1.16.0", "iniconfig"),
    )
    build = await built(shop, environment)
    assert build.base == bases.TOOLS
    assert (await said(shop, build, "tree", "--version")).startswith("tree v")
    assert await said(shop, build, "shellharden", "--version")
    assert await said(shop, build, "tell") == "told"
    assert await said(shop, build, "hello") == "Hello, world!"
    assert await said(shop, build, "node", "-p", "require('is-odd')(3)") == "true"
    assert await said(shop, build, "python3", "-c", "import six, iniconfig; print(six.__version__)") == "1.16.0"
    # nothing of the operator's, and nothing that only installing needed
    swept = ("/etc/ante", "/etc/gemrc", "/var/cache/ante", "/var/lib/apt/lists", "/root/.cargo", "/root/.cache")
    found = await said(shop, build, "find", *swept, "-type", "f")
    assert [line for line in found.splitlines() if line.startswith("/")] == []

    assert build.lock is not None
    pinned = {manager: build.lock.packages.of(manager) for manager in Manager}
    assert pinned[Manager.CARGO][0].startswith("shellharden@")
    assert pinned[Manager.GEM] == ("teller:1.2.3",)
    assert pinned[Manager.NPM][0] == "is-odd@3.0.1"
    assert pinned[Manager.PIP][0] == "six==1.16.0"
    assert "=" in pinned[Manager.APT][0]
    assert pinned[Manager.GO][0].startswith("golang.org/x/example/hello@v")
    assert pinned[Manager.NPM][1].startswith("is-number@")
    assert pinned[Manager.PIP][1].startswith("iniconfig==")

    again = await built(shop, environment, pinned=True, fresh=True)
    assert again.packages == build.lock.packages
    assert again.lock == build.lock
    # who comes next starts on what is there
    assert (await shop.builds.prepare(environment)).layers == (build.digest,)
    part = await shop.builds.listing(MINE, PLACE, EnvironmentId(environment.id), PageQuery())
    assert [each.id for each in part.items] == [again.id, build.id]


@pytest.mark.parametrize("yard", ["oci-rootless"], indirect=True)
async def test_a_lock_rebuilds_the_very_versions(shop: Shop) -> None:
    environment = await shop.environment(apt=("tree",), npm=("is-number",), pip=("iniconfig",))
    first = await built(shop, environment)
    again = await built(shop, environment, pinned=True, fresh=True)
    assert again.is_pinned
    assert first.lock is not None
    assert again.packages == first.lock.packages
    assert again.lock == first.lock


@pytest.mark.parametrize("yard", ["docker"], indirect=True)
async def test_an_engine_builds_layers_of_what_this_machines_own_managers_install(shop: Shop) -> None:
    environment = await shop.environment(npm=("is-number",), pip=("iniconfig",))
    build = await built(shop, environment)
    assert build.base == "host"
    assert await said(shop, build, "node", "-p", "require('is-number')(3)") == "true"
    assert await said(shop, build, "python3", "-c", "import iniconfig; print('there')") == "there"
    again = await built(shop, environment, pinned=True, fresh=True)
    assert again.lock == build.lock


async def test_ten_who_come_at_once_share_one_build_and_never_see_each_other(shop: Shop) -> None:
    environment = await shop.environment(pip=("iniconfig",))
    prepared = await asyncio.gather(*(shop.builds.prepare(environment) for _ in range(10)))
    assert len(set(prepared)) == 1
    part = await shop.builds.listing(MINE, PLACE, EnvironmentId(environment.id), PageQuery())
    assert len(part.items) == 1
    layers = prepared[0].layers
    one = await shop.sandboxes.create(SandboxSpec("one", MINE, prepared[0].base, layers))
    two = await shop.sandboxes.create(SandboxSpec("two", MINE, prepared[0].base, layers))
    try:
        removed = await run(one, "python3", "-m", "pip", "uninstall", "--yes", "--break-system-packages", "iniconfig")
        assert removed.status.code == 0, removed.err
        assert (await run(one, "python3", "-c", "import iniconfig")).status.code == 1
        assert (await run(two, "python3", "-c", "import iniconfig")).status.code == 0
        assert not await shop.sandboxes.drop_layer(MINE, layers[0])
    finally:
        await shop.sandboxes.remove("one")
        await shop.sandboxes.remove("two")


@pytest.mark.parametrize(
    ("manager", "package"),
    [
        ("apt", "no-such-package-as-this"),
        ("npm", "iniconfig@999.0.0"),
        ("pip", "iniconfig==999.0"),
    ],
)
async def test_a_package_that_is_not_there_is_named_and_nothing_is_left(shop: Shop, manager: str, package: str) -> None:
    named: dict[str, Any] = {manager: (package,)}
    environment = await shop.environment(**named)
    with pytest.raises(BuildFailed) as failed:
        await shop.builds.prepare(environment)
    build = failed.value.build
    assert build.failure is not None
    log = shop.logs.read(build.id, 0, 1 << 20).decode()
    assert (build.failure.reason, build.failure.manager, build.failure.package) == (
        Reason.PACKAGE_NOT_FOUND, manager, package,
    ), log  # fmt: skip
    assert package.partition("=")[0].partition("@")[0] in log
    assert await shop.sandboxes.layers(MINE) == []
    assert await shop.sandboxes.find(build.id) is None


async def test_a_mirror_that_is_down_is_told_as_such(yard: Yard, tmp_path: Path) -> None:
    # the port was free a moment ago, and belongs to nobody
    with gems.served(tmp_path / "gone") as port:
        down = f"https://{gems.HOST}:{port}/simple"
    async for shop in _open(yard, tmp_path, pip={"index_url": down, "environment": {"PIP_RETRIES": "1"}}):
        with pytest.raises(BuildFailed) as failed:
            await shop.builds.prepare(await shop.environment(pip=("iniconfig",)))
        build = failed.value.build
        assert build.failure is not None
        log = shop.logs.read(build.id, 0, 1 << 20).decode()
        assert (build.failure.reason, build.failure.package) == (Reason.REGISTRY_UNREACHABLE, "iniconfig"), log


@pytest.mark.parametrize("yard", KINDS, indirect=True)
async def test_a_disk_that_is_full_is_told_as_such(shop: Shop) -> None:
    shop.builds = shop.open(PATIENCE_SECONDS, Limits(disk_bytes=24 * MEBIBYTE))
    with pytest.raises(BuildFailed) as failed:
        await shop.builds.prepare(await shop.environment(pip=("numpy",)))
    build = failed.value.build
    assert build.failure is not None
    assert build.failure.reason is Reason.DISK_FULL, shop.logs.read(build.id, 0, 1 << 20).decode()
    assert await shop.sandboxes.layers(MINE) == []
