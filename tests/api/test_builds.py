"""Builds, bases and layers over the wire; what a build really does is tried in tests/sandboxes/test_builds.py."""

import dataclasses
from typing import Any

import pytest

from antechamber.adapters.sandboxes.build_logs import FolderLogs
from antechamber.base.chance import SystemChance
from antechamber.base.ids import BuildId, EnvironmentId, Kind, OrganizationId, mint
from antechamber.features.environments.model.builds import (
    Build,
    BuildState,
    Failure,
    Installed,
    Lock,
    Reason,
    begin_progress,
)
from antechamber.features.environments.model.packages import Manager, Packages
from antechamber.features.environments.sql.builds import SqlBuilds
from tests.api.conftest import House
from tests.api.rooms import EMPTY, NOTHING, ROOT, Room, invalid, refused

PACKAGES = Packages({Manager.PIP: ("numpy",)})
STARTED = 1_795_262_400_000_000


@pytest.fixture
def room(house: House) -> Room:
    return Room(house)


def cloud(**packages: list[str]) -> dict[str, Any]:
    return {"type": "cloud", "packages": packages}


async def keep(house: House, environment: dict[str, Any], **more: object) -> Build:
    """Keep a build of an environment, as one leaves it that has ended well."""
    lock = Lock(Packages({Manager.PIP: ("numpy==2.0",)}), (Installed(Manager.PIP, "numpy", "2.0"),))
    build = Build(
        id=BuildId(mint(Kind.BUILD, house.app.clock, SystemChance())),
        organization_id=OrganizationId(house.founded.organization_id),
        environment_id=EnvironmentId(environment["id"]),
        node="main",
        digest="d" * 64,
        base="standard",
        base_digest="b1",
        packages=PACKAGES,
        created_at=STARTED,
        state=BuildState.SUCCEEDED,
        progress=begin_progress(PACKAGES),
        started_at=STARTED,
        ended_at=STARTED + 2_500_000,
        size_bytes=1000,
        lock=lock,
    )
    build = dataclasses.replace(build, **more)  # type: ignore[arg-type] # fields as the tests name them
    async with house.app.storage.database.begin() as unit:
        await SqlBuilds().add(unit, build.organization_id, build)
    return build


async def test_a_build_shows_its_state_its_managers_and_its_exact_versions(house: House, room: Room) -> None:
    environment = await room.make(config=cloud(pip=["numpy"]))
    build = await keep(house, environment)
    path = f"{ROOT}/{environment['id']}/builds"
    shown = await room.get(f"{path}/{build.id}")
    assert shown == {
        "id": build.id,
        "type": "environment_build",
        "environment_id": environment["id"],
        "digest": "d" * 64,
        "base": {"name": "standard", "digest": "b1"},
        "state": "succeeded",
        "is_pinned": False,
        "packages": {**EMPTY, "pip": ["numpy"]},
        "managers": [
            {
                "manager": "pip",
                "state": "waiting",
                "packages": 1,
                "installed": 0,
                "started_at": None,
                "ended_at": None,
            }
        ],
        "failure": None,
        "lock": {
            "packages": {**EMPTY, "pip": ["numpy==2.0"]},
            "installed": [{"manager": "pip", "name": "numpy", "version": "2.0"}],
        },
        "size_bytes": 1000,
        "seconds": 2.5,
        "created_at": "2026-11-21T12:00:00Z",
        "started_at": "2026-11-21T12:00:00Z",
        "ended_at": "2026-11-21T12:00:02.500000Z",
    }
    assert await room.get(path) == {"data": [shown], "next_page": None}


async def test_what_a_lock_shows_can_be_sent_as_an_environment_s_own_packages(house: House, room: Room) -> None:
    environment = await room.make(config=cloud(pip=["numpy"]))
    build = await keep(house, environment)
    locked = (await room.get(f"{ROOT}/{environment['id']}/builds/{build.id}"))["lock"]["packages"]
    answer = await room.update(environment, config={"type": "cloud", "packages": locked})
    assert answer.json()["config"]["packages"]["pip"] == ["numpy==2.0"]


async def test_a_failure_names_its_reason_its_manager_and_its_package(house: House, room: Room) -> None:
    environment = await room.make(config=cloud(pip=["numpy"]))
    failure = Failure(Reason.PACKAGE_NOT_FOUND, "pip could not install numpy: x", Manager.PIP, "numpy")
    build = await keep(house, environment, state=BuildState.FAILED, failure=failure, lock=None)
    assert (await room.get(f"{ROOT}/{environment['id']}/builds/{build.id}"))["failure"] == {
        "reason": "package_not_found",
        "message": "pip could not install numpy: x",
        "manager": "pip",
        "package": "numpy",
    }


async def test_builds_come_page_by_page_newest_first(house: House, room: Room) -> None:
    environment = await room.make(config=cloud(pip=["numpy"]))
    kept = [await keep(house, environment, created_at=STARTED + number) for number in range(3)]
    path = f"{ROOT}/{environment['id']}/builds"
    first = await room.get(f"{path}?limit=2")
    rest = await room.get(f"{path}?limit=2&page={first['next_page']}")
    assert [one["id"] for one in (*first["data"], *rest["data"])] == [build.id for build in reversed(kept)]
    assert rest["next_page"] is None
    other = await room.make("another", config=cloud(pip=["numpy"]))
    invalid(await room.ask("GET", f"{ROOT}/{other['id']}/builds?page={first['next_page']}"), "cursor")


async def test_a_log_is_read_on_from_where_one_was(house: House, room: Room) -> None:
    environment = await room.make(config=cloud(pip=["numpy"]))
    build = await keep(house, environment)
    FolderLogs(house.app.settings.data / "sandboxes" / "builds").append(build.id, "eins zwei drei ⚙".encode())
    path = f"{ROOT}/{environment['id']}/builds/{build.id}/log"
    assert await room.get(path) == {
        "type": "environment_build_log", "text": "eins zwei drei ⚙", "next_offset": 18, "is_complete": False,
    }  # fmt: skip
    assert (await room.get(f"{path}?offset=5"))["text"] == "zwei drei ⚙"
    assert await room.get(f"{path}?offset=18") == {
        "type": "environment_build_log", "text": "", "next_offset": 18, "is_complete": True,
    }  # fmt: skip
    invalid(await room.ask("GET", f"{path}?offset=-1"), "offset")


async def test_builds_of_other_environments_and_other_workspaces_are_not_found(house: House, room: Room) -> None:
    environment, other = await room.make(config=cloud(pip=["numpy"])), await room.make("other")
    build = await keep(house, environment)
    refused(await room.ask("GET", f"{ROOT}/{other['id']}/builds/{build.id}"), 404, "not_found_error", "Build not found")
    refused(await room.ask("GET", f"{ROOT}/{environment['id']}/builds/nonsense"), 404, "not_found_error")
    for path in ("builds", f"builds/{build.id}", f"builds/{build.id}/log"):
        refused(await room.ask("GET", f"{ROOT}/env_{NOTHING}/{path}"), 404, "not_found_error", "Environment not found")
    refused(await room.ask("POST", f"{ROOT}/env_{NOTHING}/build"), 404, "not_found_error")


async def test_building_says_what_stands_in_its_way(room: Room) -> None:
    empty, packed = await room.make(), await room.make("packed", config=cloud(pip=["numpy"], apt=["jq"]))
    mine = await room.make("mine", config={"type": "self_hosted"})
    invalid(await room.ask("POST", f"{ROOT}/{empty['id']}/build"), "nothing to build", "nothing_to_build")
    invalid(await room.ask("POST", f"{ROOT}/{mine['id']}/build"), "self-hosted", "nothing_to_build")
    refusal = invalid(await room.ask("POST", f"{ROOT}/{packed['id']}/build"), code="base_missing")
    assert refusal["message"].endswith("ante sandboxes images build standard")
    invalid(await room.ask("POST", f"{ROOT}/{packed['id']}/build", {"unknown": 1}), "unknown")
    await room.archive(packed)
    invalid(await room.ask("POST", f"{ROOT}/{packed['id']}/build"), "archived", "environment_archived")


async def test_bases_and_layers_are_listed_and_pruned(room: Room) -> None:
    [base] = (await room.get("/v1/environment_bases"))["data"]
    assert (base["type"], base["name"], base["state"]) == ("environment_base", "host", "ready")
    assert await room.get("/v1/environment_layers") == {"data": [], "next_page": None}
    answer = await room.ask("POST", "/v1/environment_layers/prune", {"unused_days": 3})
    assert answer.json() == {"type": "environment_layers_pruned", "removed": [], "freed_bytes": 0}
    invalid(await room.ask("POST", "/v1/environment_layers/prune", {"unused_days": -1}), "unused_days")


async def test_without_the_beta_there_is_nothing(room: Room) -> None:
    for path in ("/v1/environment_bases", "/v1/environment_layers"):
        refused(await room.ask("GET", path, anthropic_beta=None), 404, "not_found_error", "anthropic-beta")
