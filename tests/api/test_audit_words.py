"""The audit log tells of acts in the hosted feed's words (API reference, compliance/activities/list)."""

from typing import Any

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import from_rfc3339
from tests.api.conftest import House
from tests.api.limiting import Desk, desk

ROOT = "/v1/organizations"


async def acts(office: Desk, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await office.get(f"/v1/compliance/activities?activity_types[]={kind}"))["data"]
    return found


def changed(name: str, previous: str | None, current: str | None) -> dict[str, Any]:
    return {"type": name, "previous_value": previous, "current_value": current}


async def test_updates_of_a_workspace_tell_the_values_before_and_after(house: House) -> None:
    office, workspace = desk(house), await desk(house).workspace()
    said = {
        "name": "Later",
        "tags": {"team": "a"},
        "data_residency": {"allowed_inference_geos": ["us"], "default_inference_geo": "us"},
    }
    await office.post(f"{ROOT}/workspaces/{workspace.id}", said)
    (act,) = await acts(office, "platform_workspace_updated")
    assert act["workspace_id"] == workspace.id
    assert act["updates"] == [
        changed("name", "Production", "Later"),
        changed("tags", "{}", '{"team":"a"}'),
        changed("allowed_inference_geos", "unrestricted", '["us"]'),
        changed("default_inference_geo", "global", "us"),
    ]


async def test_updates_of_a_workspace_member_tell_both_roles(house: House) -> None:
    office, workspace = desk(house), await desk(house).workspace()
    member = await office.member("dev@example.com")
    path = f"{ROOT}/workspaces/{workspace.id}/members"
    await office.post(path, {"user_id": member.id, "workspace_role": "workspace_user"})
    await office.post(f"{path}/{member.id}", {"workspace_role": "workspace_admin"})
    (act,) = await acts(office, "platform_workspace_member_updated")
    assert (act["workspace_id"], act["user_id"]) == (workspace.id, member.id)
    assert act["updates"] == [changed("workspace_role", "workspace_user", "workspace_admin")]


async def test_updates_of_an_api_key_tell_the_values_before_and_after(house: House) -> None:
    office = desk(house)
    key, _ = await office.api_key("First")
    said = {"name": "Second", "status": "inactive", "models": ["sim-1"], "allowed_ips": ["192.0.2.0/24"]}
    await office.post(f"{ROOT}/api_keys/{key.id}", said)
    (act,) = await acts(office, "platform_api_key_updated")
    assert act["api_key_id"] == key.id
    assert act["updates"] == [
        changed("name", "First", "Second"),
        changed("status", "active", "inactive"),
        changed("models", None, '["sim-1"]'),
        changed("allowed_ips", None, '["192.0.2.0/24"]'),
    ]


async def test_a_rotation_tells_when_the_earlier_secrets_end_as_the_wire_tells_time(house: House) -> None:
    office = desk(house)
    key, _ = await office.api_key()
    rotated = await office.post(f"{ROOT}/api_keys/{key.id}/rotate", {"revoke_in_seconds": 60})
    (act,) = await acts(office, "platform_api_key_rotated")
    assert (act["api_key_id"], act["revoke_at"]) == (key.id, rotated["revoke_at"])


async def test_a_minted_token_tells_its_end_as_the_wire_tells_time(house: House) -> None:
    office = desk(house)
    token, _ = await house.app.storage.tokens.mint(office.organization_id, "read:members", 60, OPERATOR)
    (act,) = await acts(office, "access_token_minted")
    assert from_rfc3339(act["expires_at"]) == token.expires_at


async def test_a_role_change_and_a_removal_name_the_person_as_the_hosted_feed_does(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com")
    await office.member("stays@example.com")
    await office.post(f"{ROOT}/users/{member.id}", {"role": "billing"})
    assert (await office.ask("DELETE", f"{ROOT}/users/{member.id}")).status == 200
    (act,) = await acts(office, "claude_user_role_updated")
    assert (act["user_id"], act["user_email"]) == (member.id, "dev@example.com")
    assert (act["previous_role"], act["current_role"]) == ("developer", "billing")
    (act,) = await acts(office, "org_user_deleted")
    assert (act["deleted_user_id"], act["deleted_user_email"]) == (member.id, "dev@example.com")


async def test_an_invite_names_address_and_role_as_the_hosted_feed_does(house: House) -> None:
    office = desk(house)
    made = await office.post(f"{ROOT}/invites", {"email": "new@example.com", "role": "user"})
    (act,) = await acts(office, "org_user_invite_sent")
    assert (act["invite_id"], act["invited_email"], act["invited_role"]) == (made["id"], "new@example.com", "user")
