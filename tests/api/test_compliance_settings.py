"""The compliance settings over the wire, and what they close."""

import json
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.permissions import OrganizationRole
from tests.api.conftest import House
from tests.asgi import Answer, call

PATH = "/v1/organizations/compliance_settings"
FEED = "/v1/compliance/activities"
VERSIONS = ("2023-06-01", "2026-10-21")
ENABLED = {"state": {"type": "enabled"}, "type": "compliance_settings"}
DISABLED = {"state": {"type": "disabled"}, "type": "compliance_settings"}


async def ask(
    house: House,
    method: str,
    path: str = PATH,
    body: object = None,
    version: str = "2026-10-21",
    key: str | None = None,
) -> Answer:
    assert house.founded.admin_key is not None
    headers = {"x-api-key": key or house.founded.admin_key.reveal(), "anthropic-version": version}
    text = b"" if body is None else json.dumps(body).encode()
    return await call(house.app.shell, method, path, headers=headers, body=text)


async def set_state(house: House, state: object, **how: Any) -> Answer:  # noqa: ANN401 - keywords of `ask`
    return await ask(house, "POST", body={"state": state}, **how)


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_feed_is_open_until_it_is_closed(house: House, version: str) -> None:
    assert (await ask(house, "GET", version=version)).json() == ENABLED
    closed = await set_state(house, {"type": "disabled"}, version=version)
    assert (closed.status, closed.json()) == (200, DISABLED)
    assert (await ask(house, "GET", version=version)).json() == DISABLED


async def test_the_word_alone_is_taken_and_the_object_is_answered(house: House) -> None:
    assert (await set_state(house, "disabled")).json() == DISABLED
    assert (await set_state(house, "enabled")).json() == ENABLED


@pytest.mark.parametrize("path", [FEED, "/v1/compliance/refusals"])
async def test_a_closed_feed_shows_nothing_and_says_how_to_open_it(house: House, path: str) -> None:
    await set_state(house, "disabled")
    refused = await ask(house, "GET", path)
    error = refused.json()["error"]
    assert (refused.status, error["type"]) == (403, "permission_error")
    assert error["details"] == {"error_code": "compliance_api_disabled"}
    assert f"POST {PATH}" in error["message"]
    await set_state(house, "enabled")
    assert (await ask(house, "GET", path)).status == 200


async def test_acts_go_on_being_recorded_and_proven_while_the_feed_is_closed(house: House) -> None:
    await set_state(house, "disabled")
    made = await ask(house, "POST", "/v1/organizations/workspaces", {"name": "Hidden"})
    assert made.status == 200
    proof = (await ask(house, "GET", f"{FEED}/verify")).json()
    assert proof["ok"]
    await set_state(house, "enabled")
    newest = (await ask(house, "GET", FEED)).json()["data"][:3]
    assert [act["type"] for act in newest] == [
        "org_compliance_api_settings_updated",
        "platform_workspace_created",
        "org_compliance_api_settings_updated",
    ]
    assert newest[2]["updates"] == [{"type": "state", "previous_value": "enabled", "current_value": "disabled"}]
    assert newest[2]["actor"]["type"] == "admin_api_key_actor"


async def test_setting_what_is_set_already_is_no_act(house: House) -> None:
    assert (await set_state(house, "enabled")).status == 200
    types = [act["type"] for act in (await ask(house, "GET", FEED)).json()["data"]]
    assert "org_compliance_api_settings_updated" not in types


async def test_one_organization_closes_nothing_for_another(house: House) -> None:
    other = await house.app.storage.founder.found("Other", None, admin_key=True, api_key=False)
    assert other.admin_key is not None
    await set_state(house, "disabled")
    key = other.admin_key.reveal()
    assert (await ask(house, "GET", key=key)).json() == ENABLED
    assert (await ask(house, "GET", FEED, key=key)).status == 200


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "state"),
        ({"state": "open"}, "state"),
        ({"state": {"type": "paused"}}, "state"),
        ({"state": {}}, "state"),
        ({"state": None}, "state"),
        ({"state": {"type": "enabled", "since": 1}}, "since"),
        ({"state": "enabled", "scope": "all"}, "scope"),
    ],
)
async def test_what_is_no_state_is_refused_by_name(house: House, body: object, named: str) -> None:
    refused = await ask(house, "POST", body=body)
    assert (refused.status, refused.json()["error"]["type"]) == (400, "invalid_request_error")
    assert named in refused.json()["error"]["message"]


async def test_only_the_administration_may_open_and_close(house: House) -> None:
    storage = house.app.storage
    member = await storage.members.add(
        house.founded.organization_id, "dev@example.com", "Dev", OrganizationRole.DEVELOPER, OPERATOR
    )
    async with storage.database.begin() as unit:
        _, token = await storage.tokens.issue(
            unit,
            house.founded.organization_id,
            scope="org:admin user:developer user:profile",
            ttl_seconds=600,
            user_id=member.id,
        )
    for key in (house.api_key, token.reveal()):
        assert (await ask(house, "GET", key=key)).status == 403
        assert (await set_state(house, "disabled", key=key)).status == 403
