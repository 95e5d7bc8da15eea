"""Admin keys through the wire: made by an admin's token, limited by scopes, revoked for good."""

import pytest

from antechamber.base.permissions import OrganizationRole
from tests.api.conftest import House
from tests.api.keyring import ADMIN_KEYS, KEYS, Keyring

GONE = "adminkey_01AAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def keyring(house: House) -> Keyring:
    return Keyring(house)


async def test_an_admin_makes_a_key_that_may_do_what_its_scopes_say(keyring: Keyring) -> None:
    boss = await keyring.join("boss@example.com", OrganizationRole.ADMIN)
    token = await keyring.token("org:admin", "boss@example.com")
    made = await keyring.post(ADMIN_KEYS, {"name": "reports", "scopes": ["read:analytics"]}, secret=token)
    assert made["secret"].startswith("sk-ant-admin01-")
    assert made["created_by"] == {"id": boss, "type": "user"}
    assert (made["type"], made["status"], made["scopes"]) == ("admin_api_key", "active", ["read:analytics"])
    await keyring.settle()
    report = "/v1/organizations/usage_report/messages?starting_at=2026-01-01"
    assert (await keyring.ask("GET", report, secret=made["secret"])).status == 200
    error = await keyring.refused(403, "GET", KEYS, secret=made["secret"])
    assert "read:analytics" in error["message"]
    assert "api_keys:read" in error["message"]
    del made["secret"]
    assert await keyring.get(f"{ADMIN_KEYS}/{made['id']}") == made


async def test_admin_keys_are_listed_newest_first_and_only_live_ones(keyring: Keyring) -> None:
    token = await keyring.token("org:admin")
    made = await keyring.post(ADMIN_KEYS, {"name": "k"}, secret=token)
    page = await keyring.get(ADMIN_KEYS)
    assert [key["name"] for key in page["data"]] == ["k", "First admin key"]
    assert (page["has_more"], page["first_id"]) == (False, made["id"])
    answer = await keyring.ask("DELETE", f"{ADMIN_KEYS}/{made['id']}", secret=token)
    assert answer.json() == {"id": made["id"], "type": "admin_api_key_deleted"}
    assert [key["name"] for key in (await keyring.get(ADMIN_KEYS))["data"]] == ["First admin key"]
    await keyring.settle()
    await keyring.refused(401, "GET", ADMIN_KEYS, secret=made["secret"])
    await keyring.refused(404, "DELETE", f"{ADMIN_KEYS}/{made['id']}", secret=token)


async def test_an_admin_key_is_renamed(keyring: Keyring) -> None:
    token = await keyring.token("org:admin")
    (first,) = (await keyring.get(ADMIN_KEYS))["data"]
    renamed = await keyring.post(f"{ADMIN_KEYS}/{first['id']}", {"name": "other"}, secret=token)
    assert renamed == {**first, "name": "other"}


async def test_an_admin_key_makes_and_revokes_none(keyring: Keyring) -> None:
    (first,) = (await keyring.get(ADMIN_KEYS))["data"]
    for method, path, body in (
        ("POST", ADMIN_KEYS, {"name": "k"}),
        ("POST", f"{ADMIN_KEYS}/{first['id']}", {"name": "k"}),
        ("DELETE", f"{ADMIN_KEYS}/{first['id']}", None),
    ):
        error = await keyring.refused(403, method, path, body)
        assert "needs [admin_keys:write], which is held by: org:admin token, person: admin" in error["message"]


async def test_nobody_makes_a_key_that_may_do_more_than_they(keyring: Keyring) -> None:
    token = await keyring.token("write:admin_keys read:analytics")
    await keyring.post(ADMIN_KEYS, {"name": "k", "scopes": ["read:analytics"]}, secret=token)
    for body in ({"name": "k"}, {"name": "k", "scopes": ["read:members"]}, {"name": "k", "scopes": ["org:admin"]}):
        error = await keyring.refused(403, "POST", ADMIN_KEYS, body, secret=token)
        assert error["message"].startswith("scopes: the key would hold what you do not: [")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "k", "scopes": []}, "scopes"),
        ({"name": "k", "scopes": ["read:everything"]}, "scopes"),
        ({"name": "k", "scopes": ["write:admin_keys"]}, "scopes"),
        ({"name": "k", "scopes": ["user:profile"]}, "scopes"),
        ({"name": "k", "expires_at": "2020-01-01"}, "expires_at"),
    ],
)
async def test_a_draft_that_cannot_be_is_told_which_field(
    keyring: Keyring, body: dict[str, object], field: str
) -> None:
    error = await keyring.refused(400, "POST", ADMIN_KEYS, body, secret=await keyring.token("org:admin"))
    assert error["message"].startswith(field)


@pytest.mark.parametrize("key_id", [GONE, "adminkey_01none", "apikey_01AAAAAAAAAAAAAAAAAAAAAA", "%00"])
async def test_a_key_that_is_not_there_is_not_found(keyring: Keyring, key_id: str) -> None:
    token = await keyring.token("org:admin")
    for method, body in (("GET", None), ("POST", {"name": "k"}), ("DELETE", None)):
        error = await keyring.refused(404, method, f"{ADMIN_KEYS}/{key_id}", body, secret=token)
        assert error["message"] == "Admin key not found."


async def test_an_expired_admin_key_says_so_and_opens_nothing(keyring: Keyring) -> None:
    token = await keyring.token("org:admin")
    made = await keyring.post(ADMIN_KEYS, {"name": "k", "expires_in_seconds": 1}, secret=token)
    storage = keyring.storage
    later = storage.clock.now() + 2_000_000
    key = (await storage.admin_keys.get(keyring.organization_id, made["id"])).at(later)
    assert key.status == "expired"
