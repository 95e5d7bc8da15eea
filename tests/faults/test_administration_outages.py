"""Administration while nothing can be written: a clear 503, nothing half done, and all of it possible afterwards."""

import asyncio
from dataclasses import dataclass

import pytest

from tests.faults.books import check_rules
from tests.faults.test_full_disk import _limit_files
from tests.faults.towns import ADMIN_KEYS, INVITES, KEYS, ORGANIZATION, USERS, WORKSPACES, Town, send
from tests.unit.simulated.caller import Reply

pytestmark = pytest.mark.faults


@dataclass(frozen=True)
class Act:
    """One administrative write."""

    method: str
    path: str
    body: object = None
    secret: str | None = None


async def _acts(town: Town) -> list[Act]:
    """Return a write of every kind; each can be done once."""
    workspace, doomed = await town.workspace(), await town.workspace()
    user_id, _ = await town.resident(workspace)
    leaver, _ = await town.resident(workspace)
    newcomer, _ = await town.person("developer")
    key_id, _ = await town.key()
    token = await town.token("org:admin")
    admin_key = await town.act("POST", ADMIN_KEYS, {"name": "to be revoked"}, secret=token)
    invite = await town.act(
        "POST", INVITES, {"email": f"{town.name('back').replace(' ', '')}@example.com", "role": "user"}
    )
    place = f"{WORKSPACES}/{workspace}"
    organization = {"type": "organization"}
    return [
        Act("POST", WORKSPACES, {"name": town.name("outage")}),
        Act("POST", place, {"name": town.name("renamed")}),
        Act("POST", f"{WORKSPACES}/{doomed}/archive"),
        Act("POST", f"{place}/members", {"user_id": newcomer, "workspace_role": "workspace_developer"}),
        Act("POST", f"{place}/members/{user_id}", {"workspace_role": "workspace_user"}),
        Act("DELETE", f"{place}/members/{leaver}"),
        Act("POST", KEYS, {"name": "outage"}),
        Act("POST", f"{KEYS}/{key_id}", {"name": "renamed"}),
        Act("POST", f"{KEYS}/{key_id}/rotate", {"revoke_in_seconds": 600}),
        Act("POST", f"{KEYS}/{key_id}/expire"),
        Act("POST", ADMIN_KEYS, {"name": "outage"}, token),
        Act("DELETE", f"{ADMIN_KEYS}/{admin_key['id']}", None, token),
        Act("POST", INVITES, {"email": f"{town.name('new').replace(' ', '')}@example.com", "role": "user"}),
        Act("DELETE", f"{INVITES}/{invite['id']}"),
        Act("POST", f"{USERS}/{user_id}", {"role": "developer"}),
        Act("POST", f"{ORGANIZATION}/spend_limits", {"scope": organization, "amount": "100000", "period": "weekly"}),
        Act("POST", f"{ORGANIZATION}/quotas", {"requests_per_minute": 1000}),
        # the last, for it takes from some of the others what they are about
        Act("DELETE", f"{USERS}/{leaver}"),
    ]


async def _do(town: Town, act: Act, number: int = 0) -> Reply:
    return await send(town.nodes[number % len(town.nodes)], act.method, act.path, act.body, act.secret)


async def _do_all(town: Town, acts: list[Act]) -> list[Reply]:
    return list(await asyncio.gather(*(_do(town, act, number) for number, act in enumerate(acts))))


def _check_unavailable(replies: list[Reply]) -> None:
    for reply in replies:
        assert reply.status == 503, reply.body
        error = reply.json()["error"]
        assert error["message"] == "The database is not reachable; try again shortly."
        assert reply.headers["retry-after"]


async def _count(town: Town) -> list[object]:
    return [
        (await town.rows(f"SELECT COUNT(*) AS n FROM {table}"))[0]["n"]  # noqa: S608 - our own names
        for table in ("activities", "api_key_secrets", "invites", "spend_limits", "workspace_members", "admin_keys")
    ]


async def _check_possible(town: Town, acts: list[Act]) -> None:
    for act in acts:
        reply = await _do(town, act)
        assert reply.status == 200, (act, reply.body)
    await check_rules(town)


async def test_on_a_full_disk_no_administrative_write_is_half_done(alone: Town) -> None:
    acts = await _acts(alone)
    _, secret = await alone.key()
    before = await _count(alone)
    _limit_files(alone.first, 1)
    try:
        replies = await _do_all(alone, acts)
        await alone.opens(secret)
        await alone.act("GET", WORKSPACES)
    finally:
        _limit_files(alone.first, -1)
    _check_unavailable(replies)
    assert await _count(alone) == before
    await _check_possible(alone, acts)


@pytest.mark.postgres
async def test_without_postgresql_administration_is_refused_and_possible_again_afterwards(pair: Town) -> None:
    acts = await _acts(pair)
    _, secret = await pair.key()
    await pair.opens(secret)
    before = await _count(pair)
    assert pair.postgres is not None
    pair.postgres.stop()
    try:
        replies = await _do_all(pair, acts)
        await pair.opens(secret)
    finally:
        pair.postgres.start()
    _check_unavailable(replies)
    assert await _count(pair) == before
    async with asyncio.timeout(30):
        for node in pair.nodes:
            while (await send(node, "GET", "/health/ready")).status != 200:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)
    await _check_possible(pair, acts)
