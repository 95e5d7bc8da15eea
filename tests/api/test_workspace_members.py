"""People in workspaces on the wire, as the published Admin API has them (wire-admin.md 2.5)."""

from dataclasses import dataclass
from typing import Any

import pytest

from antechamber.base.actor import SYSTEM
from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.permissions import OrganizationRole
from tests.api.conftest import House
from tests.api.test_workspaces import ROOT, VERSIONS, ask, await_status, invalid, key_in, make, refused
from tests.asgi import Answer

NOBODY = "user_01" + "1" * 22


@dataclass
class Room:
    """A workspace of a running application."""

    house: House
    workspace_id: str

    async def join(self, name: str, role: OrganizationRole = OrganizationRole.USER) -> UserId:
        storage = self.house.app.storage
        organization_id = OrganizationId(self.house.founded.organization_id)
        async with storage.database.begin() as unit:
            member = await storage.members.join(unit, organization_id, f"{name}@example.com", name, role, SYSTEM)
        return member.id

    async def ask(
        self, method: str, user_id: str = "", body: object = None, version: str = VERSIONS[1], query: str = ""
    ) -> Answer:
        path = f"{ROOT}/{self.workspace_id}/members" + (f"/{user_id}" if user_id else "") + query
        return await ask(self.house, method, path, body, version)

    async def add(self, user_id: str, role: str = "workspace_developer") -> Answer:
        return await self.ask("POST", body={"user_id": user_id, "workspace_role": role})

    async def change(self, user_id: str, role: str) -> Answer:
        return await self.ask("POST", user_id, {"workspace_role": role})

    def shown(self, user_id: str, role: str) -> dict[str, Any]:
        return {
            "type": "workspace_member",
            "user_id": user_id,
            "workspace_id": self.workspace_id,
            "workspace_role": role,
        }


@pytest.fixture
async def room(house: House) -> Room:
    return Room(house, (await make(house))["id"])


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_published_steps_answer_the_documented_shapes(room: Room, version: str) -> None:
    person = await room.join("person")
    body = {"user_id": person, "workspace_role": "workspace_developer"}
    added = await room.ask("POST", body=body, version=version)
    assert (added.status, added.json()) == (200, room.shown(person, "workspace_developer"))
    listed = await room.ask("GET", version=version, query="?limit=10")
    assert listed.json() == {"data": [added.json()], "has_more": False, "first_id": person, "last_id": person}
    changed = await room.ask("POST", person, {"workspace_role": "workspace_admin"}, version)
    assert (changed.status, changed.json()) == (200, room.shown(person, "workspace_admin"))
    assert (await room.ask("GET", person, version=version)).json() == changed.json()
    removed = await room.ask("DELETE", person, version=version)
    assert (removed.status, removed.json()) == (
        200,
        {"type": "workspace_member_deleted", "user_id": person, "workspace_id": room.workspace_id},
    )
    refused(await room.ask("GET", person, version=version), 404, "not_found_error")
    empty = {"data": [], "has_more": False, "first_id": None, "last_id": None}
    assert (await room.ask("GET", version=version)).json() == empty


@pytest.mark.parametrize(
    "role", ["workspace_user", "workspace_developer", "workspace_restricted_developer", "workspace_admin"]
)
async def test_four_roles_can_be_given(room: Room, role: str) -> None:
    person = await room.join("person")
    assert (await room.add(person, role)).json() == room.shown(person, role)


async def test_workspace_billing_is_read_only(room: Room) -> None:
    person, billing = await room.join("person"), await room.join("billing", OrganizationRole.BILLING)
    invalid(await room.add(person, "workspace_billing"), "workspace_billing cannot be assigned")
    await room.add(person)
    invalid(await room.change(person, "workspace_billing"), "workspace_billing cannot be assigned")
    assert (await room.ask("GET", billing)).json() == room.shown(billing, "workspace_billing")


async def test_organization_admins_and_billing_are_listed_and_cannot_be_removed(room: Room) -> None:
    admin = await room.join("admin", OrganizationRole.ADMIN)
    billing = await room.join("billing", OrganizationRole.BILLING)
    listed = (await room.ask("GET")).json()["data"]
    assert {(member["user_id"], member["workspace_role"]) for member in listed} == {
        (admin, "workspace_admin"),
        (billing, "workspace_billing"),
    }
    for person in (admin, billing):
        invalid(await room.ask("DELETE", person), "cannot be removed")
        invalid(await room.change(person, "workspace_user"))
        invalid(await room.add(person))


async def test_organization_billing_can_be_upgraded_to_workspace_admin(room: Room) -> None:
    billing = await room.join("billing", OrganizationRole.BILLING)
    answer = await room.change(billing, "workspace_admin")
    assert (answer.status, answer.json()) == (200, room.shown(billing, "workspace_admin"))


async def test_who_is_a_member_already_is_409(room: Room) -> None:
    person = await room.join("person")
    await room.add(person)
    refused(await room.add(person), 409, "conflict_error", "already")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user_id": NOBODY},
        {"workspace_role": "workspace_user"},
        {"user_id": NOBODY, "workspace_role": "admin"},
        {"user_id": NOBODY, "workspace_role": None},
        {"user_id": 1, "workspace_role": "workspace_user"},
        {"user_id": NOBODY, "workspace_role": "workspace_user", "extra": 1},
    ],
)
async def test_a_bad_body_is_refused(room: Room, body: dict[str, Any]) -> None:
    invalid(await room.ask("POST", body=body))


@pytest.mark.parametrize("nobody", [NOBODY, "x", "user_01"])
async def test_a_person_who_is_nowhere_is_not_found(room: Room, nobody: str) -> None:
    for answer in (
        await room.add(nobody),
        await room.ask("GET", nobody),
        await room.change(nobody, "workspace_user"),
        await room.ask("DELETE", nobody),
    ):
        refused(answer, 404, "not_found_error")


async def test_the_default_workspace_has_no_member_list(room: Room) -> None:
    person = await room.join("person")
    default = Room(room.house, room.house.founded.workspace_id)
    for answer in (
        await default.ask("GET"),
        await default.ask("GET", person),
        await default.add(person),
        await default.change(person, "workspace_user"),
        await default.ask("DELETE", person),
    ):
        invalid(answer, "default workspace has no members of its own")


async def test_an_archived_workspace_takes_no_change_of_members(room: Room) -> None:
    person = await room.join("person")
    await room.add(person)
    await ask(room.house, "POST", f"{ROOT}/{room.workspace_id}/archive")
    for answer in (
        await room.add(await room.join("late")),
        await room.change(person, "workspace_user"),
        await room.ask("DELETE", person),
    ):
        invalid(answer, "is archived")
    assert (await room.ask("GET", person)).status == 200


async def test_a_list_of_members_has_cursors_by_user(room: Room) -> None:
    people = [await room.join(f"person{number}") for number in range(4)]
    for person in people:
        await room.add(person)
    page = (await room.ask("GET", query="?limit=3")).json()
    assert page["has_more"]
    rest = (await room.ask("GET", query=f"?limit=3&after_id={page['last_id']}")).json()
    assert not rest["has_more"]
    assert {member["user_id"] for member in page["data"] + rest["data"]} == set(people)
    back = (await room.ask("GET", query=f"?limit=3&before_id={rest['first_id']}")).json()
    assert back["data"] == page["data"]
    for query in ("after_id=x", f"before_id={NOBODY}", "limit=0", "limit=1001", "role=workspace_user"):
        invalid(await room.ask("GET", query=f"?{query}"))


async def test_a_workspace_key_may_not_see_members(room: Room) -> None:
    answer = await ask(room.house, "GET", f"{ROOT}/{room.workspace_id}/members", x_api_key=room.house.api_key)
    refused(answer, 403, "permission_error", "workspace_members:read")


async def test_a_personal_key_does_what_its_owner_may_in_the_workspace(room: Room) -> None:
    person = await room.join("person")
    await room.add(person)
    key = await key_in(room.house, room.workspace_id, person)
    await await_status(room.house, key, 200)
    await room.change(person, "workspace_user")
    await await_status(room.house, key, 403)
    await room.change(person, "workspace_restricted_developer")
    await await_status(room.house, key, 200)
    await room.ask("DELETE", person)
    await await_status(room.house, key, 401)
    await room.add(person)
    await await_status(room.house, key, 200)
