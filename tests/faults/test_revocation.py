"""What is taken back stops within a second, on the node that was told and on the others."""

import asyncio
import time

import pytest

from tests.faults.calls import MESSAGES
from tests.faults.towns import ADMIN_KEYS, KEYS, ORGANIZATION, USERS, WORKSPACES, Town, send

pytestmark = pytest.mark.prompt

_SPENDS = f"{ORGANIZATION}/spend_limits"


@pytest.mark.parametrize("status", ["inactive", "archived"])
async def test_a_key_that_is_set_to_another_status_is_refused(town: Town, status: str) -> None:
    key_id, secret = await town.key()
    await town.opens(secret)
    await town.act("POST", f"{KEYS}/{key_id}", {"status": status})
    await town.turns(secret, 401)


async def test_a_key_that_is_active_again_opens_again(town: Town) -> None:
    key_id, secret = await town.key()
    await town.opens(secret)
    await town.act("POST", f"{KEYS}/{key_id}", {"status": "inactive"})
    await town.turns(secret, 401)
    await town.act("POST", f"{KEYS}/{key_id}", {"status": "active"})
    await town.turns(secret, 200)


async def test_a_key_that_is_expired_by_hand_is_refused(town: Town) -> None:
    key_id, secret = await town.key()
    await town.opens(secret)
    await town.act("POST", f"{KEYS}/{key_id}/expire")
    await town.turns(secret, 401)


async def test_a_key_expires_at_its_time(town: Town) -> None:
    _, secret = await town.key(expires_in_seconds=2)
    until = time.time() + 2
    await town.opens(secret)
    await asyncio.sleep(until - time.time())
    await town.turns(secret, 401)


async def test_an_earlier_secret_opens_until_its_key_says_and_no_longer(town: Town) -> None:
    key_id, old = await town.key()
    await town.opens(old)
    rotated = await town.act("POST", f"{KEYS}/{key_id}/rotate", {"revoke_in_seconds": 2})
    until = time.time() + 2
    await town.turns(rotated["secret"], 200)
    await town.opens(old)
    await asyncio.sleep(until - time.time())
    await town.turns(old, 401)
    again = await town.act("POST", f"{KEYS}/{key_id}/rotate", {"revoke_in_seconds": 0})
    await town.turns(rotated["secret"], 401)
    await town.opens(again["secret"])


async def test_a_member_who_is_removed_loses_key_and_token_and_workspaces_keep_theirs(town: Town) -> None:
    workspace = await town.workspace()
    user_id, email = await town.resident(workspace)
    _, personal = await town.key(workspace_id=workspace, user_id=user_id)
    _, shared = await town.key(workspace_id=workspace)
    token = await town.token("user:profile", email)
    for secret in (personal, shared):
        await town.opens(secret)
    await town.opens(token, f"{ORGANIZATION}/me")
    await town.act("DELETE", f"{USERS}/{user_id}")
    await asyncio.gather(town.turns(personal, 401), town.turns(token, 401, f"{ORGANIZATION}/me"))
    await town.opens(shared)


async def test_a_person_whom_the_operator_removes_loses_their_token(town: Town) -> None:
    _, email = await town.person("admin")
    token = await town.token("org:admin", email)
    await town.opens(token, USERS)
    await town.operate("people.remove", email=email)
    await town.turns(token, 401, USERS)


async def test_who_is_signed_out_loses_their_token_and_keeps_their_key(town: Town) -> None:
    workspace = await town.workspace()
    user_id, email = await town.resident(workspace)
    _, personal = await town.key(workspace_id=workspace, user_id=user_id)
    token = await town.token("user:profile", email)
    await town.opens(token, f"{ORGANIZATION}/me")
    beta = {"anthropic_beta": "admin-user-sign-out-2026-10-08"}
    assert (await send(town.first, "POST", f"{USERS}/{user_id}/sign_out?beta=true", **beta)).status == 200
    await town.turns(token, 401, f"{ORGANIZATION}/me")
    await town.opens(personal)


async def test_a_lower_role_in_a_workspace_ends_inference_and_a_higher_one_brings_it_back(town: Town) -> None:
    workspace = await town.workspace()
    user_id, _ = await town.resident(workspace)
    _, personal = await town.key(workspace_id=workspace, user_id=user_id)
    await town.opens(personal, MESSAGES, "POST")
    place = f"{WORKSPACES}/{workspace}/members/{user_id}"
    for role, status in (("workspace_user", 403), ("workspace_restricted_developer", 200)):
        await town.act("POST", place, {"workspace_role": role})
        await town.turns(personal, status, MESSAGES, "POST")
    await town.act("DELETE", place)
    await town.turns(personal, 401, MESSAGES, "POST")


async def test_a_lower_role_in_the_organization_takes_what_it_lacks_from_a_token(town: Town) -> None:
    workspace = await town.workspace()
    user_id, email = await town.person("admin")
    token = await town.token("org:admin", email)
    _, personal = await town.key(workspace_id=workspace, user_id=user_id)
    for target in (USERS, _SPENDS):
        await town.opens(token, target)
    await town.opens(personal)
    await town.operate("people.appoint", email=email, role="billing")
    await town.turns(token, 403, USERS)
    await town.opens(token, _SPENDS)
    # who sees the costs of every workspace calls no models there
    await town.turns(personal, 403)
    await town.act("POST", f"{USERS}/{user_id}", {"role": "user"})
    await town.turns(token, 403, _SPENDS)
    await town.turns(personal, 401)


async def test_who_may_no_longer_use_claude_code_loses_its_key(town: Town) -> None:
    user_id, email = await town.person("claude_code_user")
    secret = (await town.operate("claude_code_key.make", email=email))["secret"]
    await town.opens(secret)
    await town.act("POST", f"{USERS}/{user_id}", {"role": "user"})
    await town.turns(secret, 401)


async def test_an_archived_workspace_closes_all_of_its_keys(town: Town) -> None:
    workspace = await town.workspace()
    user_id, _ = await town.resident(workspace)
    made = [await town.key(workspace_id=workspace, **whose) for whose in ({}, {}, {"user_id": user_id})]
    secrets = [secret for _, secret in made]
    key_id, old = made[0]
    secrets.append((await town.act("POST", f"{KEYS}/{key_id}/rotate", {"revoke_in_seconds": 600}))["secret"])
    for secret in secrets:
        await town.turns(secret, 200)
    await town.act("POST", f"{WORKSPACES}/{workspace}/archive")
    await asyncio.gather(*(town.turns(secret, 401) for secret in (*secrets, old)))
    await town.opens(town.first.key)


async def test_an_admin_key_that_is_revoked_or_expires_is_refused(town: Town) -> None:
    token = await town.token("org:admin")
    kept = await town.act("POST", ADMIN_KEYS, {"name": "to be revoked"}, secret=token)
    short = await town.act("POST", ADMIN_KEYS, {"name": "short", "expires_in_seconds": 2}, secret=token)
    until = time.time() + 2
    for made in (kept, short):
        await town.opens(made["secret"], USERS)
    await town.act("DELETE", f"{ADMIN_KEYS}/{kept['id']}", secret=token)
    await town.turns(kept["secret"], 401, USERS)
    await asyncio.sleep(max(0, until - time.time()))
    await town.turns(short["secret"], 401, USERS)


async def test_a_key_that_is_narrowed_stops_opening_the_rest(town: Town) -> None:
    key_id, secret = await town.key()
    await town.opens(secret, MESSAGES, "POST")
    await town.act("POST", f"{KEYS}/{key_id}", {"models": ["another-model"]})
    await town.turns(secret, 403, MESSAGES, "POST")
    await town.act("POST", f"{KEYS}/{key_id}", {"models": None})
    await town.turns(secret, 200, MESSAGES, "POST")
    await town.act("POST", f"{KEYS}/{key_id}", {"allowed_ips": ["192.0.2.0/24"]})
    await town.turns(secret, 403)


async def test_a_spent_budget_holds_on_every_node(town: Town) -> None:
    key_id, secret = await town.key()
    await town.opens(secret, MESSAGES, "POST")
    scope = {"type": "api_key", "api_key_id": key_id}
    limit = await town.act("POST", _SPENDS, {"scope": scope, "amount": "0", "period": "daily"})
    await town.turns(secret, 400, MESSAGES, "POST")
    await town.act("DELETE", f"{_SPENDS}/{limit['id']}")
    await town.turns(secret, 200, MESSAGES, "POST")
