"""Environments on the wire, as the published API has them (wire-agents.md 2)."""

import asyncio
from typing import Any

import pytest

from antechamber.base.clock import from_rfc3339
from antechamber.base.ids import Kind, parse
from tests.api.conftest import House
from tests.api.rooms import BETA, EMPTY, NOTHING, ROOT, Room, invalid, refused

FIELDS = {
    "id", "type", "name", "description", "config", "metadata", "scope", "created_at", "updated_at", "archived_at",
}  # fmt: skip
LIMITED = {"type": "limited", "allowed_hosts": [], "allow_mcp_servers": False, "allow_package_managers": False}


@pytest.fixture
def room(house: House) -> Room:
    return Room(house)


def cloud(**fields: object) -> dict[str, object]:
    return {"type": "cloud", **fields}


def limited(*hosts: str, **fields: object) -> dict[str, object]:
    return cloud(networking={"type": "limited", "allowed_hosts": list(hosts), **fields})


async def test_an_environment_has_the_documented_shape(room: Room) -> None:
    made = await room.make()
    assert made.keys() == FIELDS
    assert parse(Kind.ENVIRONMENT, made["id"])
    assert (made["type"], made["name"], made["scope"]) == ("environment", "python-dev", "organization")
    assert (made["description"], made["metadata"], made["archived_at"]) == (None, {}, None)
    assert made["created_at"] == made["updated_at"]
    assert made["created_at"].endswith("Z")
    assert made["config"] == {"type": "cloud", "networking": {"type": "unrestricted"}, "packages": EMPTY}
    assert await room.get(f"{ROOT}/{made['id']}") == made


async def test_both_versions_are_served(room: Room) -> None:
    for version in ("2023-06-01", "2026-10-21"):
        answer = await room.ask("POST", ROOT, {"name": version}, anthropic_version=version)
        assert answer.status == 200


async def test_everything_can_be_said_at_creation(room: Room) -> None:
    packages = {
        "apt": ["ffmpeg"], "cargo": ["ripgrep@14.0.0"], "gem": ["rails:7.1.0"],
        "go": ["golang.org/x/tools/cmd/goimports@latest"], "npm": ["express@4.18.0"], "pip": ["pandas==2.2.0"],
    }  # fmt: skip
    networking = {
        "type": "limited",
        "allowed_hosts": ["api.example.com", "https://B.example.com", "*.example.net"],
        "allow_mcp_servers": True,
        "allow_package_managers": True,
    }
    made = await room.make(
        "all",
        cloud(networking=networking, packages=packages),
        description="",
        metadata={"team": "a"},
        scope="organization",
    )
    assert made["config"] == {"type": "cloud", "networking": networking, "packages": {"type": "packages", **packages}}
    assert (made["description"], made["metadata"]) == ("", {"team": "a"})


async def test_null_is_as_good_as_left_out(room: Room) -> None:
    nothing = cloud(networking=None, packages=None)
    assert (await room.make("a", nothing, description=None, scope=None))["config"]["packages"] == EMPTY
    said = cloud(
        networking={"type": "limited", "allowed_hosts": None, "allow_mcp_servers": None}, packages={"pip": None}
    )
    assert (await room.make("b", said))["config"] == {"type": "cloud", "networking": LIMITED, "packages": EMPTY}


async def test_a_self_hosted_environment_has_only_its_type(room: Room) -> None:
    made = await room.make("own", {"type": "self_hosted"})
    assert made["config"] == {"type": "self_hosted"}
    assert (await room.update(made, config={"type": "self_hosted"}, name="ours")).json()["name"] == "ours"
    invalid(await room.update(made, config=cloud()), "config.type", "invalid_config_type_change")
    invalid(await room.ask("POST", ROOT, {"name": "x", "config": {"type": "self_hosted", "packages": {}}}), "packages")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "name: Field required"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"name": ""}, "name: must be 1 to 256"),
        ({"name": "x" * 257}, "name: must be 1 to 256"),
        ({"name": "a\nb"}, "name: must be 1 to 256"),
        ({"name": "a\x00b"}, "cannot be stored"),
        ({"name": "x", "title": "y"}, "title: Extra inputs are not permitted"),
        ({"name": "x", "description": "d" * 1025}, "description: has at most 1024"),
        ({"name": "x", "scope": "account"}, "scope: Input should be 'organization'"),
        ({"name": "x", "metadata": None}, "metadata"),
        ({"name": "x", "metadata": {"a": 1}}, "metadata.a"),
        ({"name": "x", "metadata": {"a": None}}, "metadata.a"),
        ({"name": "x", "config": {}}, "config"),
        ({"name": "x", "config": "cloud"}, "config"),
        ({"name": "x", "config": {"type": "local"}}, "'cloud', 'self_hosted'"),
        ({"name": "x", "config": cloud(image="debian")}, "image: Extra inputs are not permitted"),
        ({"name": "x", "config": cloud(networking={"type": "open"})}, "'unrestricted', 'limited'"),
        ({"name": "x", "config": cloud(networking={"type": "unrestricted", "allowed_hosts": []})}, "allowed_hosts"),
        ({"name": "x", "config": limited("x.example.com", allow_mcp_servers="yes")}, "allow_mcp_servers"),
        ({"name": "x", "config": cloud(packages={"conda": ["x"]})}, "packages.conda: Extra inputs are not permitted"),
        ({"name": "x", "config": cloud(packages={"pip": "pandas"})}, "pip"),
        ({"name": "x", "config": cloud(packages={"pip": [1]})}, "pip.0"),
        ({"name": "x", "config": cloud(packages={"pip": ["a", "--index-url=x"]})}, "config.packages.pip.1: '--index"),
        ({"name": "x", "config": cloud(packages={"npm": ["a;id"]})}, "config.packages.npm.0: 'a;id'"),
        ({"name": "x", "config": cloud(packages={"apt": ["$(id)"]})}, "config.packages.apt.0"),
        ({"name": "x", "config": cloud(packages={"pip": ["a\x00"]})}, "cannot be stored"),
        ({"name": "x", "config": cloud(packages={"pip": [f"p{n}" for n in range(5000)]})}, "at most 1000 packages"),
        ({"name": "x", "config": limited("http://a.example.com")}, "config.networking.allowed_hosts.0"),
        ({"name": "x", "config": limited("a.example.com", "b.example.com:443")}, "hosts.1: 'b.example.com:443'"),
        ({"name": "x", "config": limited("a.example.com/v1")}, "it contains a path"),
        ({"name": "x", "config": limited("a.*.example.com")}, "a wildcard may only stand at its front"),
        ({"name": "x", "config": limited("ex\u200bample.com")}, "IDNA"),
        ({"name": "x", "config": limited("169.254.169.254")}, "it is an address"),
        (
            {"name": "x", "config": {**limited(), "packages": {"pip": ["pandas"]}}},
            "config.networking.allow_package_managers: must be true when packages are specified",
        ),
    ],
)  # fmt: skip
async def test_a_bad_environment_is_refused(room: Room, body: dict[str, Any], words: str) -> None:
    invalid(await room.ask("POST", ROOT, body), words)
    assert await room.names() == []


async def test_bad_metadata_has_a_code_of_its_own(room: Room) -> None:
    for metadata in ({"": "v"}, {"k" * 65: "v"}, {"k": "v" * 513}, {f"k{n}": "v" for n in range(17)}):
        invalid(await room.ask("POST", ROOT, {"name": "x", "metadata": metadata}), "metadata", "invalid_metadata")


async def test_an_update_takes_any_subset_and_keeps_the_rest(room: Room) -> None:
    made = await room.make(
        "a", limited("a.example.com", allow_package_managers=True), description="d", metadata={"x": "1", "y": "2"}
    )
    changes: list[dict[str, Any]] = [
        {"name": "b"},
        {"description": ""},
        {"description": None},
        {"metadata": {"x": None, "y": "", "z": "3"}},
        {"config": cloud(packages={"pip": ["pandas"]})},
        {"config": limited("b.example.com")},
        {"config": cloud(networking={"type": "limited", "allow_mcp_servers": True})},
        {"name": None, "config": None, "scope": "organization"},
        {},
    ]
    for change in changes:
        answer = await room.update(made, **change)
        assert answer.status == 200, answer.body
    now = await room.get(f"{ROOT}/{made['id']}")
    assert (now["name"], now["description"], now["metadata"]) == ("b", None, {"z": "3"})
    assert now["config"]["packages"] == {**EMPTY, "pip": ["pandas"]}
    assert now["config"]["networking"] == {
        "type": "limited",
        "allowed_hosts": ["b.example.com"],
        "allow_mcp_servers": True,
        "allow_package_managers": True,
    }
    assert now["created_at"] == made["created_at"]
    assert from_rfc3339(now["updated_at"]) > from_rfc3339(made["updated_at"])


async def test_limited_networking_can_be_lifted_and_begins_anew_when_it_is_set_again(room: Room) -> None:
    made = await room.make("a", {**limited("a.example.com", allow_package_managers=True), "packages": {"pip": ["x"]}})
    lifted = await room.update(made, config=cloud(networking={"type": "unrestricted"}))
    assert lifted.json()["config"] == {
        "type": "cloud", "networking": {"type": "unrestricted"}, "packages": {**EMPTY, "pip": ["x"]}
    }  # fmt: skip
    invalid(await room.update(made, config=limited("b.example.com")), "allow_package_managers: must be true")
    again = await room.update(made, config=cloud(networking={"type": "limited", "allow_package_managers": True}))
    assert again.json()["config"]["networking"] == {**LIMITED, "allow_package_managers": True}


async def test_an_update_that_changes_nothing_leaves_the_time(room: Room) -> None:
    made = await room.make("a", metadata={"x": "1"})
    assert (await room.update(made, name="a", metadata={"x": "1"}, config=cloud())).json() == made


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": ""}, "name"),
        ({"metadata": {"k": 1}}, "metadata.k"),
        ({"config": cloud(packages={"gem": ["-x"]})}, "config.packages.gem.0"),
        ({"config": {**limited(), "packages": {"pip": ["pandas"]}}}, "allow_package_managers: must be true"),
        ({"id": "env_x"}, "id: Extra inputs are not permitted"),
        ({"archived_at": None}, "archived_at: Extra inputs are not permitted"),
    ],
)
async def test_a_bad_update_is_refused_whole(room: Room, body: dict[str, Any], words: str) -> None:
    made = await room.make()
    invalid(await room.update(made, **{"description": "changed", **body}), words)
    assert await room.get(f"{ROOT}/{made['id']}") == made


async def test_a_name_is_one_live_environments_alone(room: Room) -> None:
    first, second = await room.make("a"), await room.make("b")
    for answer in (await room.ask("POST", ROOT, {"name": "a"}), await room.update(second, name="a")):
        refused(answer, 409, "invalid_request_error", first["id"])
        assert answer.header("x-should-retry") == "false"
    assert (await room.make("A"))["name"] == "A"
    await room.archive(first)
    assert (await room.update(second, name="a")).json()["name"] == "a"


async def test_of_creations_at_once_with_one_name_one_is_made(room: Room) -> None:
    answers = await asyncio.gather(*(room.ask("POST", ROOT, {"name": "a"}) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200, *[409] * 7]
    assert await room.names() == ["a"]


async def test_archiving_is_final_and_repeats_itself(room: Room) -> None:
    made = await room.make()
    archived = (await room.archive(made)).json()
    assert archived["archived_at"] == archived["updated_at"]
    assert (await room.ask("POST", f"{ROOT}/{made['id']}/archive", {})).json() == archived
    assert await room.get(f"{ROOT}/{made['id']}") == archived
    invalid(await room.update(made, name="b"), "is archived", "environment_archived")
    assert (await room.names(), await room.names("?include_archived=true")) == ([], ["python-dev"])


async def test_a_deleted_environment_is_gone(room: Room) -> None:
    for archived in (False, True):
        made = await room.make()
        if archived:
            await room.archive(made)
        assert (await room.delete(made)).json() == {"id": made["id"], "type": "environment_deleted"}
        path = f"{ROOT}/{made['id']}"
        for answer in (
            await room.ask("GET", path),
            await room.ask("GET", f"{path}/history"),
            await room.update(made, name="b"),
            await room.archive(made),
            await room.delete(made),
        ):
            refused(answer, 404, "not_found_error", f"Environment not found: {made['id']}")
    assert await room.names("?include_archived=true") == []


async def test_what_is_nowhere_is_not_found_in_the_same_words(room: Room) -> None:
    for bad in (f"env_{NOTHING}", "env_x", "x", "agent_" + NOTHING):
        for method, path in (("GET", ""), ("POST", ""), ("DELETE", ""), ("POST", "/archive"), ("GET", "/history")):
            answer = await room.ask(method, f"{ROOT}/{bad}{path}", {} if method == "POST" else None)
            refused(answer, 404, "not_found_error", f"Environment not found: {bad}")


async def test_lists_go_on_page_by_page_newest_first(room: Room) -> None:
    for number in range(5):
        await room.make(str(number))
    seen: list[list[str]] = []
    pages: list[str | None] = [""]
    for _ in range(3):
        found = await room.get(f"{ROOT}?limit=2{pages[-1] and '&page='}{pages[-1]}")
        assert found.keys() == {"data", "next_page"}
        seen.append([environment["name"] for environment in found["data"]])
        pages.append(found["next_page"])
    assert (seen, pages[-1]) == ([["4", "3"], ["2", "1"], ["0"]], None)


async def test_a_cursor_belongs_to_its_list(room: Room) -> None:
    for number in range(3):
        await room.make(str(number))
    page = (await room.get(f"{ROOT}?limit=1"))["next_page"]
    assert page.startswith("page_")
    for query in (f"page={page}&include_archived=true", "page=page_x", "page=x", "page=", "limit=0", "limit=1001",
                  "limit=x", "order=asc", "include_archived=perhaps"):  # fmt: skip
        invalid(await room.ask("GET", f"{ROOT}?{query}"))
    assert len((await room.get(f"{ROOT}?limit=1000&beta=true"))["data"]) == 3


@pytest.mark.parametrize("value", [None, "", "environments-2025-11-01"])
async def test_without_its_beta_header_nothing_is_found(room: Room, value: str | None) -> None:
    for method, path in (("GET", ROOT), ("POST", ROOT), ("GET", f"{ROOT}/env_x"), ("DELETE", f"{ROOT}/env_x")):
        answer = await room.ask(method, path, b"{" if method == "POST" else None, anthropic_beta=value)
        refused(answer, 404, "not_found_error", f"anthropic-beta: {BETA}")


async def test_the_beta_may_be_one_of_several(room: Room) -> None:
    answer = await room.ask("GET", anthropic_beta=f"unheard-of-2020-01-01, {BETA}")
    assert answer.status == 200


async def test_credential_and_version_are_checked_before_the_beta(room: Room) -> None:
    refused(await room.ask("GET", x_api_key="sk-ant-nobody", anthropic_beta=None), 401, "authentication_error")
    invalid(await room.ask("GET", anthropic_version=None, anthropic_beta=None), "anthropic-version")
