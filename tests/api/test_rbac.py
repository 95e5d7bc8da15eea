"""Groups and roles on the wire (SDK types `organization.RBACGroup`, `organization.RBACRole`)."""

from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import Kind, parse
from antechamber.base.permissions import ROLES, WORKSPACE_ROLES
from tests.api.conftest import House
from tests.api.limiting import NEW, OLD, Desk, desk, other_desk
from tests.asgi import Answer, call

ROOT = "/v1/organizations"
GROUPS, ROLES_PATH, INVITES = f"{ROOT}/rbac_groups", f"{ROOT}/rbac_roles", f"{ROOT}/invites"
NOWHERE = "rbac_group_01" + "1" * 22
GROUP_FIELDS = {"id", "type", "name", "source_type", "role_ids", "created_at", "updated_at"}


@pytest.fixture
def office(house: House) -> Desk:
    return desk(house)


async def group(office: Desk, name: str = "Pilots") -> dict[str, Any]:
    made: dict[str, Any] = await office.post(GROUPS, {"name": name})
    return made


def refusal(answer: Answer) -> tuple[int, str, str | None]:
    error = answer.json()["error"]
    return answer.status, error["type"], error.get("details", {}).get("error_code")


async def test_a_group_has_the_documented_shape_renamed_or_deleted(office: Desk) -> None:
    made = await group(office)
    assert made.keys() == GROUP_FIELDS
    assert parse(Kind.RBAC_GROUP, made["id"])
    assert (made["type"], made["name"], made["source_type"], made["role_ids"]) == ("rbac_group", "Pilots", "direct", [])
    path = f"{GROUPS}/{made['id']}"
    assert await office.get(path) == made
    renamed = await office.post(path, {"name": "Crew"})
    assert (renamed["name"], renamed["updated_at"] > made["updated_at"]) == ("Crew", True)
    assert await office.post(path, {"name": None}) == renamed
    gone = await office.ask("DELETE", path)
    assert (gone.status, gone.json()) == (200, {"id": made["id"], "type": "rbac_group_deleted"})
    assert refusal(await office.ask("DELETE", path)) == (404, "not_found_error", None)


async def test_lists_say_whether_there_is_more(office: Desk) -> None:
    made = [(await group(office, "Same"))["id"] for _ in range(3)]
    first = await office.get(f"{GROUPS}?limit=2")
    second = await office.get(f"{GROUPS}?limit=2&page={first['next_page']}")
    assert [shown["id"] for shown in first["data"] + second["data"]] == made[::-1]
    assert first["has_more"]
    assert (second["has_more"], second["next_page"]) == (False, None)


async def test_members_join_and_leave_and_the_first_version_says_the_group_twice(office: Desk) -> None:
    made, ada = await group(office), await office.member("ada@example.com")
    path = f"{GROUPS}/{made['id']}/members"
    member = await office.post(path, {"user_id": ada.id})
    named = {"rbac_group_id": made["id"], "user_id": ada.id}
    known = {"type": "rbac_group_member", "email": "ada@example.com", "created_at": member["created_at"], **named}
    assert member == known
    assert await office.post(path, {"user_id": ada.id}, version=OLD) == {**member, "group_id": made["id"]}
    assert await office.get(path) == {"data": [member], "has_more": False, "next_page": None}
    assert (await office.get(path, version=OLD))["data"] == [{**member, "group_id": made["id"]}]
    gone = await office.ask("DELETE", f"{path}/{ada.id}", version=OLD)
    assert gone.json() == {"type": "rbac_group_member_deleted", "group_id": made["id"], **named}
    assert refusal(await office.ask("DELETE", f"{path}/{ada.id}")) == (404, "not_found_error", None)
    await office.post(path, {"user_id": ada.id})
    assert (await office.ask("DELETE", f"{path}/{ada.id}")).json() == {"type": "rbac_group_member_deleted", **named}


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        (GROUPS, {}, "name: "),
        (GROUPS, {"name": " "}, "name: must be 1 to 255"),
        (GROUPS, {"name": "x" * 256}, "name: must be 1 to 255"),
        (GROUPS, {"name": "x", "role_ids": []}, "role_ids: Extra inputs"),
        (GROUPS, {"name": None}, "name: "),
        (f"{GROUPS}/{NOWHERE}/members", {"user_id": 1}, "user_id: "),
    ],
)
async def test_a_bad_body_is_refused_with_the_field(office: Desk, path: str, body: dict[str, Any], says: str) -> None:
    answer = await office.ask("POST", path, body)
    assert refusal(answer)[:2] == (400, "invalid_request_error")
    assert answer.json()["error"]["message"].startswith(says)


async def test_another_organizations_and_nobodys_groups_are_not_found_in_the_same_words(house: House) -> None:
    office, other = desk(house), await other_desk(house)
    made, ada = await group(other), await office.member("ada@example.com")
    for method, below, body in (
        ("GET", "", None),
        ("POST", "", {"name": "x"}),
        ("DELETE", "", None),
        ("GET", "/members", None),
        ("POST", "/members", {"user_id": ada.id}),
        ("DELETE", f"/members/{ada.id}", None),
    ):
        words = set()
        for group_id in (made["id"], NOWHERE):
            answer = await office.ask(method, f"{GROUPS}/{group_id}{below}", body)
            assert answer.status == 404
            words.add(answer.json()["error"]["message"].replace(group_id, "ID"))
        assert words == {"RBAC Group not found: ID"}


async def test_roles_are_those_that_people_hold_with_what_each_permits(house: House, office: Desk) -> None:
    listed = (await office.get(f"{ROLES_PATH}?limit=100"))["data"]
    assert [role["display_name"] for role in listed] == [*ROLES, *WORKSPACE_ROLES]
    organization_id = house.founded.organization_id
    held = {str(name): permissions for table in (ROLES, WORKSPACE_ROLES) for name, permissions in table.items()}
    for role in listed:
        path = f"{ROLES_PATH}/{role['id']}"
        assert role.keys() == {"id", "type", "display_name", "source", "created_at", "updated_at"}
        assert (role["type"], role["source"]) == ("rbac_role", {"type": "built_in"})
        assert await office.get(path) == role
        assert await office.get(path, version=OLD) == {**role, "name": role["display_name"]}
        permissions = (await office.get(f"{path}/permissions?limit=100"))["data"]
        assert {each["type"] for each in permissions} == {"rbac_role_permission"}
        resource = {"type": "organization", "organization_id": organization_id}
        assert all(each["resource"] == resource for each in permissions)
        assert [each["action"] for each in permissions] == sorted(held[role["display_name"]])


async def test_lists_of_roles_and_permissions_are_paged(office: Desk) -> None:
    everything = (await office.get(f"{ROLES_PATH}?limit=100"))["data"]
    first = await office.get(f"{ROLES_PATH}?limit=7")
    second = await office.get(f"{ROLES_PATH}?limit=7&page={first['next_page']}")
    assert first["data"] + second["data"] == everything
    assert (first["has_more"], second["has_more"], second["next_page"]) == (True, False, None)
    path = f"{ROLES_PATH}/{everything[0]['id']}/permissions"
    page = await office.get(f"{path}?limit=1")
    assert len((await office.get(f"{path}?limit=1000&page={page['next_page']}"))["data"]) > 1
    for query in (f"page={page['next_page']}", "page=page_x", "limit=0", "limit=1001"):
        assert refusal(await office.ask("GET", f"{ROLES_PATH}?{query}")) == (400, "invalid_request_error", None)


@pytest.mark.parametrize("below", ["", "/permissions"])
async def test_a_role_that_there_is_not_has_a_code_of_its_own(office: Desk, below: str) -> None:
    answer = await office.ask("GET", f"{ROLES_PATH}/rbac_role_01{'1' * 22}{below}")
    assert refusal(answer) == (404, "not_found_error", "rbac_role_not_found")


async def test_the_version_may_be_left_out_but_not_be_unknown(office: Desk) -> None:
    role = (await office.get(f"{ROLES_PATH}?limit=1"))["data"][0]
    for path in (GROUPS, f"{ROLES_PATH}/{role['id']}"):
        answer = await call(office.house.app.shell, "GET", path, headers={"x-api-key": office.secret}, body=b"")
        assert answer.status == 200
        assert ("name" in answer.json()) is path.startswith(ROLES_PATH)
        assert refusal(await office.ask("GET", path, version="2020-01-01"))[:2] == (400, "invalid_request_error")


async def test_an_invite_names_groups_of_the_organization(office: Desk) -> None:
    made = await group(office)
    asked = {"email": "ada@example.com", "role": "user", "rbac_group_ids": [made["id"]]}
    invite = await office.post(INVITES, asked)
    assert invite["rbac_group_ids"] == [made["id"]]
    assert (await office.get(f"{INVITES}/{invite['id']}"))["rbac_group_ids"] == [made["id"]]
    answer = await office.ask("POST", INVITES, {**asked, "email": "bob@example.com", "rbac_group_ids": [NOWHERE]})
    assert refusal(answer) == (400, "invalid_request_error", None)
    assert answer.json()["error"]["message"] == f"rbac_group_ids: there is no RBAC Group {NOWHERE}"


async def test_inviting_into_groups_takes_the_permission_to_change_them(house: House, office: Desk) -> None:
    made = await group(office)
    draft = {"name": "inviter", "scopes": ["write:members"]}
    token = (await house.app.storage.tokens.mint(office.organization_id, "org:admin", 3600, OPERATOR))[1].reveal()
    key = (await office.post(f"{ROOT}/admin_api_keys", draft, secret=token))["secret"]
    asked = {"email": "ada@example.com", "role": "user", "rbac_group_ids": [made["id"]]}
    refused = await office.ask("POST", INVITES, asked, secret=key)
    assert refusal(refused) == (403, "permission_error", None)
    assert "rbac_groups:write" in refused.json()["error"]["message"]
    assert (await office.ask("POST", INVITES, {**asked, "rbac_group_ids": []}, secret=key)).status == 200


async def test_acts_on_groups_are_in_the_feed_in_the_hosted_words(office: Desk) -> None:
    made, ada = await group(office), await office.member("ada@example.com")
    path = f"{GROUPS}/{made['id']}"
    await office.post(f"{path}/members", {"user_id": ada.id})
    await office.post(path, {"name": "Crew"})
    await office.ask("DELETE", f"{path}/members/{ada.id}")
    await office.ask("DELETE", path)
    names = ("created", "member_added", "updated", "member_removed", "deleted")
    query = "&".join(f"activity_types[]=group_{name}" for name in names)
    feed = (await office.get(f"/v1/compliance/activities?{query}", version=NEW))["data"][::-1]
    assert [act["type"] for act in feed] == [f"group_{name}" for name in names]
    assert {act["group_id"] for act in feed} == {made["id"]}
    assert (feed[0]["group_name"], feed[1]["user_id"]) == ("Pilots", ada.id)
    assert feed[2]["updates"] == [{"type": "name", "previous_value": "Pilots", "current_value": "Crew"}]
