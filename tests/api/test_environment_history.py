"""What an environment was configured as, who may see environments at all, and what the audit log tells of them."""

import asyncio
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import WorkspaceId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.apikeys.model import Draft
from antechamber.features.workspaces.model import WorkspaceDraft
from tests.api.conftest import House
from tests.api.rooms import EMPTY, ROOT, Room, invalid, refused
from tests.asgi import Answer, call

PIP = {"type": "cloud", "packages": {"pip": ["pandas"]}}


@pytest.fixture
def room(house: House) -> Room:
    return Room(house)


async def history(room: Room, environment: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    found = await room.get(f"{ROOT}/{environment['id']}/history{query}")
    assert found.keys() == {"data", "next_page"}
    return list(found["data"])


async def other_room(house: House, name: str = "Other") -> tuple[Room, WorkspaceId]:
    storage, organization_id = house.app.storage, house.founded.organization_id
    workspace = await storage.workspaces.create(organization_id, WorkspaceDraft(name=name), OPERATOR)
    _, secret = await storage.api_keys.create(organization_id, Draft("other", workspace_id=workspace.id), OPERATOR)
    return Room(house, secret.reveal()), workspace.id


async def test_every_configuration_is_kept_with_who_and_when(room: Room, house: House) -> None:
    made = await room.make("a")
    changed = (await room.update(made, config=PIP, description="d", metadata={"x": "1"})).json()
    await room.update(made, description="d")
    archived = (await room.archive(made)).json()
    found = await history(room, made)
    assert [(each["revision"], each["change"]) for each in found] == [(3, "archived"), (2, "updated"), (1, "created")]
    assert [each["changed_at"] for each in found] == [
        archived["updated_at"], changed["updated_at"], made["created_at"]
    ]  # fmt: skip
    assert [each["config"] for each in found] == [changed["config"], changed["config"], made["config"]]
    assert found[1]["config"]["packages"] == {**EMPTY, "pip": ["pandas"]}
    assert (found[1]["description"], found[1]["metadata"], found[2]["metadata"]) == ("d", {"x": "1"}, {})
    me = await call(
        house.app.shell, "GET", "/v1/me", headers={"x-api-key": room.key, "anthropic-version": "2023-06-01"}
    )
    assert {each["changed_by"]["id"] for each in found} == {me.json()["credential"]["id"]}
    assert {each["changed_by"]["type"] for each in found} == {"api_actor"}
    assert {(each["type"], each["environment_id"]) for each in found} == {("environment_revision", made["id"])}


async def test_the_history_goes_on_page_by_page(room: Room) -> None:
    made = await room.make("0")
    for number in range(1, 5):
        await room.update(made, name=str(number))
    names: list[list[str]] = []
    pages: list[str | None] = [""]
    for _ in range(3):
        found = await room.get(f"{ROOT}/{made['id']}/history?limit=2{pages[-1] and '&page='}{pages[-1]}")
        names.append([each["name"] for each in found["data"]])
        pages.append(found["next_page"])
    assert (names, pages[-1]) == ([["4", "3"], ["2", "1"], ["0"]], None)


async def test_a_historys_cursor_is_good_for_no_other(room: Room) -> None:
    one, other = await room.make("a"), await room.make("b")
    await room.update(one, name="c")
    page = (await room.get(f"{ROOT}/{one['id']}/history?limit=1"))["next_page"]
    invalid(await room.ask("GET", f"{ROOT}/{other['id']}/history?page={page}"), "page: cursor does not match")
    invalid(await room.ask("GET", f"{ROOT}?page={page}"), "page: ")
    invalid(await room.ask("GET", f"{ROOT}/{one['id']}/history?page=page_AAAA"), "page: ")


async def test_changes_at_once_are_numbered_without_a_gap(room: Room) -> None:
    made = await room.make("a")
    answers = await asyncio.gather(*(room.update(made, metadata={f"k{n}": "v"}) for n in range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert [each["revision"] for each in await history(room, made)] == list(range(9, 0, -1))
    assert len((await room.get(f"{ROOT}/{made['id']}"))["metadata"]) == 8


async def every_way(room: Room, environment: dict[str, Any]) -> list[Answer]:
    path = f"{ROOT}/{environment['id']}"
    return [
        await room.ask("GET", path),
        await room.ask("GET", f"{path}/history"),
        await room.ask("POST", path, {"name": "b"}),
        await room.ask("POST", f"{path}/archive"),
        await room.ask("DELETE", path),
    ]


async def test_another_workspaces_environment_is_not_found(room: Room, house: House) -> None:
    made = await room.make("a")
    other, _ = await other_room(house)
    for answer in await every_way(other, made):
        refused(answer, 404, "not_found_error", f"Environment not found: {made['id']}")
    assert await other.names() == []
    assert (await other.make("a"))["name"] == "a", "a name is taken in its workspace only"
    assert await room.names() == ["a"]


async def test_another_organizations_environment_is_not_found(room: Room, house: House) -> None:
    made = await room.make("a")
    founded = await house.app.storage.founder.found("Other", None, admin_key=False, api_key=True)
    assert founded.api_key is not None
    for answer in await every_way(Room(house, founded.api_key.reveal()), made):
        refused(answer, 404, "not_found_error", f"Environment not found: {made['id']}")
    assert await room.get(f"{ROOT}/{made['id']}") == made


async def test_the_workspace_header_may_repeat_the_credentials_own(house: House) -> None:
    other, workspace_id = await other_room(house)
    assert (await other.ask("GET", anthropic_workspace_id=workspace_id)).status == 200
    async with house.app.storage.database.read() as unit:
        default = await house.app.storage.workspaces.default(unit, house.founded.organization_id)
    answer = await other.ask("GET", anthropic_workspace_id=default.id)
    invalid(answer, f"anthropic-workspace-id: this credential belongs to {workspace_id}")


async def test_administrators_hold_no_room_and_are_told_who_does(house: House) -> None:
    assert house.founded.admin_key is not None
    storage, organization_id = house.app.storage, house.founded.organization_id
    _, token = await storage.tokens.mint(organization_id, "org:admin", 3600, OPERATOR)
    for key in (house.founded.admin_key.reveal(), token.reveal()):
        for body in (None, {"name": "a"}):
            answer = await Room(house, key).ask("GET" if body is None else "POST", ROOT, body)
            refused(answer, 403, "permission_error", "environments:")


@pytest.mark.parametrize(
    ("role", "status"), [(OrganizationRole.ADMIN, 200), (OrganizationRole.DEVELOPER, 200), (OrganizationRole.USER, 403)]
)
async def test_a_person_works_in_rooms_by_their_role(house: House, role: OrganizationRole, status: int) -> None:
    storage, organization_id = house.app.storage, house.founded.organization_id
    member = await storage.members.add(organization_id, "ada@example.com", "Ada", role, OPERATOR)
    async with storage.database.begin() as unit:
        default = await storage.workspaces.default(unit, organization_id)
        _, secret = await storage.tokens.issue(
            unit,
            organization_id,
            scope="user:developer",
            ttl_seconds=3600,
            user_id=member.id,
            workspace_id=default.id,
        )
    headers = {"x_api_key": None, "authorization": f"Bearer {secret.reveal()}"}
    answer = await Room(house).ask("POST", ROOT, {"name": role.value}, **headers)
    assert answer.status == status, answer.body
    if status == 200:
        (created,) = await history(Room(house), answer.json())
        assert created["changed_by"] == {"type": "user_actor", "id": member.id}


async def test_a_key_of_an_archived_workspace_opens_nothing(house: House) -> None:
    other, workspace_id = await other_room(house)
    made = await other.make("a")
    await house.app.storage.workspaces.archive(house.founded.organization_id, workspace_id, OPERATOR)
    await house.app.authenticator.reload()
    refused(await other.ask("GET", f"{ROOT}/{made['id']}"), 401, "authentication_error")


async def test_the_audit_log_tells_every_act_and_its_configuration(room: Room, house: House) -> None:
    assert house.founded.admin_key is not None
    made = await room.make("a", PIP)
    await room.update(made, name="b", config={"type": "cloud", "packages": {"pip": []}})
    await room.archive(made)
    await room.archive(made)
    await room.delete(made)
    headers = {"x-api-key": house.founded.admin_key.reveal()}
    answer = await call(house.app.shell, "GET", "/v1/compliance/activities?limit=1000", headers=headers)
    acts = [act for act in answer.json()["data"] if act["type"].startswith("environment_")]
    assert [act["type"] for act in acts] == [
        "environment_deleted", "environment_archived", "environment_updated", "environment_created"
    ]  # fmt: skip
    assert {act["environment_id"] for act in acts} == {made["id"]}
    assert acts[3]["config"]["packages"] == {**EMPTY, "pip": ["pandas"]}
    updates = {update["type"]: update for update in acts[2]["updates"]}
    assert set(updates) == {"name", "config"}
    assert (updates["name"]["previous_value"], updates["name"]["current_value"]) == ("a", "b")
    assert '"pip":["pandas"]' in updates["config"]["previous_value"]
    assert '"pip":[]' in updates["config"]["current_value"]
