"""Registries that refuse, say nothing, or are closed to an environment: builds fail soon, and say what to do."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from antechamber.database.engine import Database, database_url
from antechamber.features.environments.model.builds import Build, Failure, Reason
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.service.builds import BuildFailed
from tests.contracts.tenants import settle
from tests.contracts.workshops import Shop
from tests.sandboxes import bases, registries
from tests.sandboxing import Station, station
from tests.templates import copy_to

pytestmark = [pytest.mark.sandbox, pytest.mark.anyio, pytest.mark.timeout(600)]
HOST = "packages.example"
PACKAGES = {
    "apt": "tree", "cargo": "shellharden@4.3.1", "gem": "teller:1.2.3", "go": "golang.org/x/example/hello",
    "npm": "is-number", "pip": "iniconfig",
}  # fmt: skip
# far beyond what a build takes that gives up, and far below what managers wait for by themselves
PATIENCE_SECONDS = 240


@pytest.fixture(scope="module")
def yard() -> Iterator[Station]:
    egress = {"private": [{"network": "127.0.0.0/8", "host": HOST}], "hosts": {HOST: "127.0.0.1"}}
    with station("oci-root", egress=egress) as made:
        bases.lay(made)
        yield made


@asynccontextmanager
async def opened(yard: Station, folder: Path, tables: dict[str, Any]) -> AsyncIterator[Shop]:
    copy_to(folder / "antechamber.db")
    database = Database(database_url(None, folder))
    told = registries.bare(tables)
    shop = Shop(await settle(database), folder / "builds", yard.sandboxes, registries=told, egress=yard.egress_log)
    shop.builds = shop.open(seconds=PATIENCE_SECONDS, at_once=6)
    yield shop
    await shop.builds.stop()
    await database.close()


def every(port: int) -> dict[str, Any]:
    """Return a registry of every manager at one port."""
    address = f"https://{HOST}:{port}/"
    index = {manager: {"index_url": address} for manager in ("cargo", "gem", "go", "npm", "pip")}
    return {**index, "apt": {"sources": [f"deb [trusted=yes] http://{HOST}:{port}/debian stable main"]}}


async def failed(shop: Shop, manager: str) -> tuple[Build, Failure]:
    named: dict[str, Any] = {manager: (PACKAGES[manager],)}
    environment = await shop.environment(f"of-{manager}", **named)
    with pytest.raises(BuildFailed) as raised:
        await shop.builds.prepare(environment)
    failure = raised.value.build.failure
    assert failure is not None
    return raised.value.build, failure


async def check(shop: Shop, manager: str, reason: Reason, *words: str) -> None:
    build, failure = await failed(shop, manager)
    log = shop.logs.read(build.id, 0, 1 << 20).decode()
    assert (failure.reason, failure.manager) == (reason, manager), (failure, log)
    assert all(word in failure.message for word in (manager, HOST, *words)), (failure, log)


async def test_registries_that_refuse_connections_are_named_with_what_to_do(yard: Station, tmp_path: Path) -> None:
    with socket.socket() as nobodys:
        # bound and not listened on: nobody else gets it meanwhile
        nobodys.bind(("127.0.0.1", 0))
        async with opened(yard, tmp_path, every(nobodys.getsockname()[1])) as shop, asyncio.TaskGroup() as group:
            for manager in Manager:
                words = "Connection refused", "rule unreachable", f"[registries.{manager}]"
                group.create_task(check(shop, manager, Reason.REGISTRY_UNREACHABLE, *words))


async def test_registries_that_take_connections_and_say_nothing_are_given_up(yard: Station, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        async with opened(yard, tmp_path, every(silent.getsockname()[1])) as shop, asyncio.TaskGroup() as group:
            shop.builds = shop.open(PATIENCE_SECONDS, at_once=6, answer_seconds=1)
            for manager in Manager:
                words = "answered nothing", "rule unanswered", "Build again"
                group.create_task(check(shop, manager, Reason.REGISTRY_UNREACHABLE, *words))


async def test_registries_that_the_operator_blocks_are_named_with_who_can_change_it(
    yard: Station, tmp_path: Path
) -> None:
    async with opened(yard, tmp_path, every(9)) as shop, asyncio.TaskGroup() as group:
        shop.builds = shop.open(PATIENCE_SECONDS, at_once=6, blocked=(HOST,))
        for manager in ("go", "npm", "pip"):
            words = "rule blocked_host", "Only the operator"
            group.create_task(check(shop, manager, Reason.EGRESS_DENIED, *words))
