"""API keys through the wire, in both versions, and what we have beyond it."""

import pytest

from antechamber.base.clock import from_rfc3339
from antechamber.base.permissions import OrganizationRole
from tests.api.conftest import House
from tests.api.keyring import KEYS, NEW, OLD, Keyring
from tests.asgi import call

DAY = 86_400_000_000
HOUR = 3_600_000_000
GONE = "apikey_01AAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def keyring(house: House) -> Keyring:
    return Keyring(house)


async def models_answer(keyring: Keyring, secret: str, address: str = "127.0.0.1") -> int:
    return (await keyring.ask("GET", "/v1/models", secret=secret, address=address)).status


async def test_a_key_has_the_shape_of_its_version(keyring: Keyring) -> None:
    (new,) = (await keyring.get(KEYS))["data"]
    (old,) = (await keyring.get(KEYS, version=OLD))["data"]
    assert list(new) == [
        "id", "type", "name", "status", "partial_key_hint", "created_at", "expires_at", "created_by", "principal",
        "scope",
    ]  # fmt: skip
    workspace_id = keyring.house.founded.workspace_id
    assert new["scope"] == {"type": "workspace", "workspace_id": workspace_id}
    assert (new["type"], new["status"], new["created_by"], new["principal"]) == ("api_key", "active", None, None)
    assert old == {**new, "workspace_id": None}
    assert await keyring.get(f"{KEYS}/{new['id']}") == new


async def test_a_key_of_another_workspace_names_it_in_the_old_version(keyring: Keyring) -> None:
    room = await keyring.post("/v1/organizations/workspaces", {"name": "Room"})
    made = await keyring.post(KEYS, {"name": "k", "workspace_id": room["id"]}, version=OLD)
    assert made["workspace_id"] == room["id"]
    shown = await keyring.get(f"{KEYS}?workspace_id={room['id']}")
    assert [key["id"] for key in shown["data"]] == [made["id"]]
    await keyring.post(f"/v1/organizations/workspaces/{room['id']}/archive")
    assert (await keyring.get(f"{KEYS}/{made['id']}"))["status"] == "archived"
    await keyring.settle()
    assert await models_answer(keyring, made["secret"]) == 401
    error = await keyring.refused(400, "POST", KEYS, {"name": "k", "workspace_id": room["id"]})
    assert "is archived" in error["message"]


async def test_lists_are_paged_by_id(keyring: Keyring) -> None:
    ids = [(await keyring.post(KEYS, {"name": name}))["id"] for name in "ab"]
    page = await keyring.get(f"{KEYS}?limit=2")
    assert ([key["id"] for key in page["data"]], page["has_more"]) == (ids[::-1], True)
    assert (page["first_id"], page["last_id"]) == (ids[1], ids[0])
    rest = await keyring.get(f"{KEYS}?limit=2&after_id={ids[0]}")
    assert (len(rest["data"]), rest["has_more"]) == (1, False)
    empty = await keyring.get(f"{KEYS}?status=archived")
    assert empty == {"data": [], "has_more": False, "first_id": None, "last_id": None}
    for query in ("status=gone", "limit=0", "after_id=a&before_id=b", "unheard=1", f"after_id={GONE}"):
        await keyring.refused(400, "GET", f"{KEYS}?{query}")


async def test_a_key_is_renamed_switched_off_and_on_and_archived(keyring: Keyring) -> None:
    made = await keyring.post(KEYS, {"name": "k"})
    path = f"{KEYS}/{made['id']}"
    assert (await keyring.post(path, {"name": "other", "status": None}))["name"] == "other"
    assert (await keyring.post(path, {"status": "inactive"}))["status"] == "inactive"
    await keyring.settle()
    assert await models_answer(keyring, made["secret"]) == 401
    assert (await keyring.post(path, {"status": "active"}))["status"] == "active"
    await keyring.settle()
    assert await models_answer(keyring, made["secret"]) == 200
    assert (await keyring.post(path, {"status": "archived"}))["status"] == "archived"
    assert "archived" in (await keyring.refused(400, "POST", path, {"status": "active"}))["message"]
    for body in ({"status": "expired"}, {"name": ""}, {"name": "x" * 501}, {"unheard": 1}, {"name": 5}):
        await keyring.refused(400, "POST", path, body)


@pytest.mark.parametrize("key_id", [GONE, "apikey_01none", "wrkspc_01AAAAAAAAAAAAAAAAAAAAAA", "%00", "a b"])
async def test_a_key_that_is_not_there_is_not_found(keyring: Keyring, key_id: str) -> None:
    for method, path, body in (
        ("GET", f"{KEYS}/{key_id}", None),
        ("POST", f"{KEYS}/{key_id}", {"name": "x"}),
        ("POST", f"{KEYS}/{key_id}/rotate", {}),
        ("POST", f"{KEYS}/{key_id}/expire", None),
        ("GET", f"{KEYS}/{key_id}/secrets", None),
    ):
        error = await keyring.refused(404, method, path, body)
        assert (error["type"], error["message"]) == ("not_found_error", "API key not found.")


@pytest.mark.parametrize("body", [b'{"name": "\\ud800"}', b'{"name": "k", "workspace_id": "\\u0000"}'])
async def test_texts_that_no_database_keeps_are_refused(keyring: Keyring, body: bytes) -> None:
    headers = {"x-api-key": keyring.admin_key, "anthropic-version": NEW}
    answer = await call(keyring.house.app.shell, "POST", KEYS, headers=headers, body=body)
    assert answer.status == 400
    assert "cannot be stored" in answer.json()["error"]["message"]
    await keyring.refused(400, "GET", f"{KEYS}?workspace_id=%00")
    await keyring.refused(404, "GET", f"{KEYS}/\0")


async def test_a_made_key_opens_and_its_secret_is_shown_once(keyring: Keyring) -> None:
    made = await keyring.post(KEYS, {"name": "k", "expires_in_seconds": 3600})
    assert made["secret"].startswith("sk-ant-api03-")
    assert made["partial_key_hint"].startswith(made["secret"][:16])
    made_at = from_rfc3339(made["created_at"])
    assert made_at < from_rfc3339(made["expires_at"]) <= made_at + HOUR
    await keyring.settle()
    assert await models_answer(keyring, made["secret"]) == 200
    del made["secret"]
    assert await keyring.get(f"{KEYS}/{made['id']}") == made


async def test_who_made_a_key_and_whom_it_acts_as_are_shown(keyring: Keyring) -> None:
    boss = await keyring.join("boss@example.com", OrganizationRole.ADMIN)
    dev = await keyring.join("dev@example.com", OrganizationRole.DEVELOPER)
    token = await keyring.token("org:admin", "boss@example.com")
    made = await keyring.post(KEYS, {"name": "k", "user_id": dev}, secret=token)
    assert made["created_by"] == {"id": boss, "type": "user"}
    assert made["principal"] == {"type": "user_actor", "user_id": dev}
    shown = await keyring.get(f"{KEYS}?created_by_user_id={boss}")
    assert [key["id"] for key in shown["data"]] == [made["id"]]


async def test_a_personal_key_stops_with_its_owners_membership(keyring: Keyring) -> None:
    await keyring.join("stays@example.com", OrganizationRole.USER)
    dev = await keyring.join("dev@example.com", OrganizationRole.DEVELOPER)
    made = await keyring.post(KEYS, {"name": "k", "user_id": dev})
    await keyring.settle()
    assert await models_answer(keyring, made["secret"]) == 200
    await keyring.post(f"/v1/organizations/users/{dev}", {"role": "user"})
    await keyring.settle()
    assert await models_answer(keyring, made["secret"]) == 403
    answer = await keyring.ask("DELETE", f"/v1/organizations/users/{dev}")
    assert answer.status == 200
    await keyring.settle()
    assert await models_answer(keyring, made["secret"]) == 401


@pytest.mark.parametrize("role", [OrganizationRole.USER, OrganizationRole.BILLING, OrganizationRole.CLAUDE_CODE_USER])
async def test_who_may_hold_no_keys_gets_no_personal_one(keyring: Keyring, role: OrganizationRole) -> None:
    someone = await keyring.join("a@example.com", role)
    error = await keyring.refused(400, "POST", KEYS, {"name": "k", "user_id": someone})
    assert error["message"].startswith(f"user_id: {someone} is workspace_")
    error = await keyring.refused(400, "POST", KEYS, {"name": "k", "user_id": "user_01AAAAAAAAAAAAAAAAAAAAAA"})
    assert "is not a member" in error["message"]


async def test_no_key_is_made_by_hand_in_the_claude_code_workspace(keyring: Keyring) -> None:
    someone = await keyring.join("a@example.com", OrganizationRole.CLAUDE_CODE_USER)
    workspaces = (await keyring.get("/v1/organizations/workspaces"))["data"]
    (room,) = [workspace["id"] for workspace in workspaces if workspace["name"] == "Claude Code"]
    for body in ({}, {"user_id": someone}):
        error = await keyring.refused(400, "POST", KEYS, {"name": "k", "workspace_id": room, **body})
        assert "Claude Code" in error["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "k\n"}, "name"),
        ({"name": "k", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "k", "expires_at": "soon"}, "expires_at"),
        ({"name": "k", "expires_at": "2099-01-01T00:00:00Z", "expires_in_seconds": 5}, "expires_at"),
        ({"name": "k", "expires_in_seconds": 0}, "expires_in_seconds"),
        ({"name": "k", "models": []}, "models"),
        ({"name": "k", "models": [""]}, "models"),
        ({"name": "k", "allowed_ips": []}, "allowed_ips"),
        ({"name": "k", "allowed_ips": ["10.0.0.1/8"]}, "allowed_ips"),
        ({"name": "k", "allowed_ips": ["here"]}, "allowed_ips"),
        ({"name": "k", "scope": {}}, "scope"),
    ],
)
async def test_a_draft_that_cannot_be_is_told_which_field(
    keyring: Keyring, body: dict[str, object], field: str
) -> None:
    error = await keyring.refused(400, "POST", KEYS, body)
    assert error["message"].startswith(field)


async def test_the_workspace_of_a_new_key_must_be_there(keyring: Keyring) -> None:
    await keyring.refused(404, "POST", KEYS, {"name": "k", "workspace_id": "wrkspc_01AAAAAAAAAAAAAAAAAAAAAA"})


async def test_limits_of_a_key_are_shown_only_where_it_has_some(keyring: Keyring) -> None:
    made = await keyring.post(KEYS, {"name": "k", "models": ["sim-*"], "allowed_ips": ["192.0.2.7", "2001:db8::/32"]})
    assert (made["models"], made["allowed_ips"]) == (["sim-*"], ["192.0.2.7/32", "2001:db8::/32"])
    path = f"{KEYS}/{made['id']}"
    changed = await keyring.post(path, {"models": None, "allowed_ips": ["10.0.0.0/8"]})
    assert "models" not in changed
    assert changed["allowed_ips"] == ["10.0.0.0/8"]
    renamed = await keyring.post(path, {"name": "other"})
    assert renamed["allowed_ips"] == ["10.0.0.0/8"]


async def test_both_secrets_of_a_rotated_key_open_until_the_old_one_is_revoked(keyring: Keyring) -> None:
    made = await keyring.post(KEYS, {"name": "k"})
    path = f"{KEYS}/{made['id']}"
    rotated = await keyring.post(f"{path}/rotate", {})
    assert rotated["secret"] != made["secret"]
    assert rotated["partial_key_hint"].startswith(rotated["secret"][:16])
    await keyring.settle()
    for secret in (made["secret"], rotated["secret"]):
        assert await models_answer(keyring, secret) == 200
    newest, oldest = (await keyring.get(f"{path}/secrets"))["data"]
    assert (newest["revoke_at"], oldest["revoke_at"]) == (None, rotated["revoke_at"])
    assert from_rfc3339(rotated["revoke_at"]) - from_rfc3339(newest["created_at"]) == DAY
    last = await keyring.post(f"{path}/rotate", {"revoke_in_seconds": 0})
    await keyring.settle()
    statuses = [await models_answer(keyring, it["secret"]) for it in (made, rotated, last)]
    assert statuses == [401, 401, 200]


@pytest.mark.parametrize(
    "body",
    [
        {"revoke_at": "2099-01-01T00:00:00Z"},
        {"revoke_in_seconds": 31 * 86_400},
        {"revoke_in_seconds": -1},
        {"revoke_at": "x"},
        {"revoke_at": "2027-01-01T00:00:00Z", "revoke_in_seconds": 1},
    ],
)
async def test_an_overlap_is_at_most_thirty_days(keyring: Keyring, body: dict[str, object]) -> None:
    made = await keyring.post(KEYS, {"name": "k"})
    error = await keyring.refused(400, "POST", f"{KEYS}/{made['id']}/rotate", body)
    assert error["message"].startswith("revoke_")


async def test_an_expired_key_opens_no_more_and_is_not_revived(keyring: Keyring) -> None:
    made = await keyring.post(KEYS, {"name": "k"})
    path = f"{KEYS}/{made['id']}"
    ended = await keyring.post(f"{path}/expire")
    assert ended["status"] == "expired"
    assert await keyring.post(f"{path}/expire") == ended
    await keyring.settle()
    assert await models_answer(keyring, made["secret"]) == 401
    for body in ({"status": "active"}, {"expires_at": None}, {"expires_at": "2099-01-01T00:00:00Z"}):
        assert "cannot be revived" in (await keyring.refused(400, "POST", path, body))["message"]
    await keyring.refused(400, "POST", f"{path}/rotate", {})
    assert [key["id"] for key in (await keyring.get(f"{KEYS}?status=expired"))["data"]] == [made["id"]]


async def test_an_end_can_be_put_off_or_lifted_while_it_lies_ahead(keyring: Keyring) -> None:
    made = await keyring.post(KEYS, {"name": "k", "expires_in_seconds": 60})
    path = f"{KEYS}/{made['id']}"
    assert (await keyring.post(path, {"expires_at": "2099-01-01T00:00:00Z"}))["expires_at"] == "2099-01-01T00:00:00Z"
    assert (await keyring.post(path, {"expires_at": None}))["expires_at"] is None
    assert (await keyring.post(path, {"expires_at": "2020-01-01T00:00:00Z"}))["status"] == "expired"


MESSAGE = {"model": "sim-1", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}


async def test_a_key_opens_only_from_its_networks(keyring: Keyring) -> None:
    made = await keyring.post(KEYS, {"name": "k", "allowed_ips": ["192.0.2.0/24", "2001:db8::/32"]})
    await keyring.settle()
    for address in ("192.0.2.200", "::ffff:192.0.2.1", "2001:db8::9"):
        assert await models_answer(keyring, made["secret"], address) == 200
    for address in ("198.51.100.1", "2001:db9::9", "127.0.0.1"):
        for method, path, body in (("GET", "/v1/models", None), ("POST", "/v1/messages", MESSAGE), ("GET", KEYS, None)):
            error = await keyring.refused(403, method, path, body, secret=made["secret"], address=address)
            assert error["type"] == "permission_error"
            assert error["message"] == f"Your address ({address}) is not allowed for this API key."


@pytest.mark.parametrize(
    ("models", "seen", "asked", "refused"),
    [
        (["sim-1"], {"sim-1"}, "sim-1", "sim-agent-1"),
        (["claude-sim-*"], {"claude-sim-1", "claude-sim-agent-1"}, "claude-sim-1", "sim-1"),
        (["best"], {"best"}, "best", "real"),
        (["real"], {"real", "best"}, "best", "claude-sim-1"),
    ],
)
async def test_a_key_opens_only_its_models_by_alias_or_served_name(
    keyring: Keyring, models: list[str], seen: set[str], asked: str, refused: str
) -> None:
    made = await keyring.post(KEYS, {"name": "k", "models": models})
    await keyring.settle()
    listed = await keyring.get("/v1/models?limit=1000", secret=made["secret"])
    assert {model["id"] for model in listed["data"]} == seen
    await keyring.get(f"/v1/models/{asked}", secret=made["secret"])
    await keyring.refused(404, "GET", f"/v1/models/{refused}", secret=made["secret"])
    await keyring.post("/v1/messages", {**MESSAGE, "model": asked}, secret=made["secret"])
    for model in (refused, "unheard"):
        error = await keyring.refused(403, "POST", "/v1/messages", {**MESSAGE, "model": model}, secret=made["secret"])
        expected = f"model: {model} is not allowed for this API key; GET /v1/models lists those that are"
        assert (error["type"], error["message"]) == ("permission_error", expected)


async def test_the_last_use_of_each_secret_is_seen(keyring: Keyring) -> None:
    made = await keyring.post(KEYS, {"name": "k"})
    path = f"{KEYS}/{made['id']}"
    rotated = await keyring.post(f"{path}/rotate")
    uses = keyring.house.app.last_uses.uses
    await keyring.settle()
    await models_answer(keyring, rotated["secret"])
    await uses.flush()
    newest, oldest = (await keyring.get(f"{path}/secrets"))["data"]
    assert oldest["last_used_at"] is None
    assert newest["last_used_at"] >= newest["created_at"]
    (admin,) = (await keyring.get("/v1/organizations/admin_api_keys"))["data"]
    assert admin["last_used_at"] is not None


async def test_a_developers_hand_reaches_as_far_as_their_role_in_the_workspace(keyring: Keyring) -> None:
    dev = await keyring.join("dev@example.com", OrganizationRole.DEVELOPER)
    other = await keyring.join("other@example.com", OrganizationRole.DEVELOPER)
    token = await keyring.token("user:developer", "dev@example.com")
    room = await keyring.post("/v1/organizations/workspaces", {"name": "Room"})
    await keyring.post(KEYS, {"name": "shared"}, secret=token)
    own = await keyring.post(KEYS, {"name": "mine", "user_id": dev}, secret=token)
    await keyring.post(f"{KEYS}/{own['id']}/rotate", {}, secret=token)
    theirs = await keyring.post(KEYS, {"name": "theirs", "user_id": other})
    elsewhere = await keyring.post(KEYS, {"name": "k", "workspace_id": room["id"]})
    for path, body in (
        (KEYS, {"name": "k", "workspace_id": room["id"]}),
        (KEYS, {"name": "k", "user_id": other}),
        (f"{KEYS}/{theirs['id']}", {"status": "inactive"}),
        (f"{KEYS}/{theirs['id']}/rotate", {}),
        (f"{KEYS}/{elsewhere['id']}", {"status": "inactive"}),
        (f"{KEYS}/{elsewhere['id']}/expire", None),
    ):
        assert (await keyring.refused(403, "POST", path, body, secret=token))["type"] == "permission_error"


async def test_unused_keys_and_workspaces_are_reported(keyring: Keyring) -> None:
    assert (await keyring.get(f"{KEYS}/unused"))["data"] == []
    assert await keyring.get("/v1/organizations/unused_workspaces") == {"data": []}
    for path in (f"{KEYS}/unused", "/v1/organizations/unused_workspaces"):
        await keyring.refused(400, "GET", f"{path}?days=0")


async def test_an_api_key_itself_sees_no_keys(keyring: Keyring) -> None:
    for path in (KEYS, f"{KEYS}/unused", f"{KEYS}/{GONE}"):
        await keyring.refused(403, "GET", path, secret=keyring.house.api_key)


@pytest.mark.parametrize("version", [OLD, NEW])
async def test_a_bearer_and_a_form_type_do_as_well(keyring: Keyring, version: str) -> None:
    headers = {
        "authorization": f"Bearer {keyring.admin_key}",
        "anthropic-version": version,
        "content-type": "application/x-www-form-urlencoded",
    }
    (key,) = (await keyring.get(KEYS))["data"]
    answer = await call(
        keyring.house.app.shell, "POST", f"{KEYS}/{key['id']}", headers=headers, body=b'{"status": "inactive"}'
    )
    assert (answer.status, answer.json()["status"]) == (200, "inactive")
