"""Two admins who act at once, each on a node of their own: one after the other, or a conflict, never a broken rule."""

import asyncio
from collections import Counter

import pytest

from tests.faults.books import acts_of, check_rules
from tests.faults.towns import INVITES, KEYS, USERS, WORKSPACES, Town, send
from tests.unit.simulated.caller import Reply

pytestmark = [pytest.mark.faults, pytest.mark.postgres]

_ROUNDS = 6
_MEMBER = {"workspace_role": "workspace_developer"}


def _outcome(reply: Reply) -> str:
    """Return `done`, or why not: the error's code where it has one, its type otherwise."""
    if reply.status == 200:
        return "done"
    assert reply.status in {400, 404, 409}, reply.body
    error = reply.json()["error"]
    return str(error.get("details", {}).get("error_code") or error["type"])


async def _at_once(town: Town, *acts: tuple[str, str, object]) -> list[str]:
    """Do acts at the same time, on the nodes in turn; returns how each ended."""
    works = [send(town.nodes[n % len(town.nodes)], *act) for n, act in enumerate(acts)]
    return [_outcome(reply) for reply in await asyncio.gather(*works)]


async def test_two_admins_who_remove_the_last_two_members_leave_one(pair: Town) -> None:
    await pair.person("user")
    people = (await pair.operate("people.list"))["data"]
    for person in people[1:]:
        await pair.operate("people.remove", email=person["email"])
    await pair.operate("people.appoint", email=people[0]["email"], role="user")
    left = people[0]["id"]
    for _ in range(_ROUNDS):
        other, _ = await pair.person("user")
        ends = await _at_once(pair, ("DELETE", f"{USERS}/{left}", None), ("DELETE", f"{USERS}/{other}", None))
        assert sorted(ends) in (
            ["cannot_remove_last_member", "done"],
            ["concurrent_membership_change", "done"],
        )
        [person] = (await pair.operate("people.list"))["data"]
        assert person["id"] == (left, other)[ends[0] == "done"]
        left = person["id"]
    await check_rules(pair)


async def test_an_admin_is_untouchable_from_the_moment_of_the_appointment(pair: Town) -> None:
    for _ in range(_ROUNDS):
        user_id, email = await pair.person("user")
        removing = send(pair.last, "DELETE", f"{USERS}/{user_id}")
        appointing = pair.ask_operator("people.appoint", email=email, role="admin")
        reply, appointed = await asyncio.gather(removing, appointing)
        people = {person["id"]: person["role"] for person in (await pair.operate("people.list"))["data"]}
        if reply.status == 200:
            assert "error" in appointed
            assert user_id not in people
        else:
            assert _outcome(reply) in {"invalid_request_error", "concurrent_membership_change"}
            assert people[user_id] == "admin"
            await pair.operate("people.remove", email=email)
    await check_rules(pair)


async def test_a_workspace_that_is_archived_takes_no_member_and_no_key_any_more(pair: Town) -> None:
    user_id, _ = await pair.person("user")
    for _ in range(_ROUNDS):
        workspace = await pair.workspace()
        place = f"{WORKSPACES}/{workspace}"
        ends = await _at_once(
            pair,
            ("POST", KEYS, {"name": "late", "workspace_id": workspace}),
            ("POST", f"{place}/archive", None),
            ("POST", KEYS, {"name": "later", "workspace_id": workspace}),
            ("POST", f"{place}/members", {"user_id": user_id, **_MEMBER}),
            ("POST", place, {"name": pair.name("renamed")}),
        )
        assert ends[1] == "done"
        assert set(ends) <= {"done", "invalid_request_error"}, ends
        acts = [act["type"] for act in await acts_of(pair) if act.get("workspace_id") == workspace]
        after = acts[acts.index("platform_workspace_archived") + 1 :]
        # its keys are archived with it, in one act
        assert after in ([], ["platform_api_key_updated"]), acts
        assert Counter(acts)["platform_api_key_created"] == (ends[0], ends[2]).count("done")
    await check_rules(pair)


async def test_a_member_who_is_removed_gets_no_place_and_no_key_any_more(pair: Town) -> None:
    workspace = await pair.workspace()
    await pair.person("user")
    for _ in range(_ROUNDS):
        user_id, _ = await pair.resident(workspace)
        other = await pair.workspace()
        ends = await _at_once(
            pair,
            ("POST", f"{WORKSPACES}/{other}/members", {"user_id": user_id, **_MEMBER}),
            ("DELETE", f"{USERS}/{user_id}", None),
            ("POST", KEYS, {"name": "personal", "workspace_id": workspace, "user_id": user_id}),
            ("POST", f"{USERS}/{user_id}", {"role": "developer"}),
        )
        assert ends[1] == "done"
        assert set(ends) <= {"done", "invalid_request_error", "not_found_error"}, ends
        await pair.act("POST", f"{WORKSPACES}/{other}/archive")
    await check_rules(pair)


async def test_one_address_is_invited_once(pair: Town) -> None:
    for _ in range(_ROUNDS):
        name = pair.name("guest").replace(" ", "")
        bodies = [{"email": f"{spelt}@example.com", "role": "user"} for spelt in (name, name.title(), name.upper())]
        ends = await _at_once(pair, *[("POST", INVITES, body) for body in bodies * 2])
        assert sorted(ends) == ["done"] + ["invite_already_exists"] * 5
    await check_rules(pair)


@pytest.mark.prompt
async def test_a_key_that_is_archived_stays_so_whatever_else_is_done_to_it(pair: Town) -> None:
    for _ in range(_ROUNDS):
        key_id, secret = await pair.key()
        place = f"{KEYS}/{key_id}"
        ends = await _at_once(
            pair,
            ("POST", place, {"status": "inactive"}),
            ("POST", place, {"status": "archived"}),
            ("POST", place, {"status": "active"}),
            ("POST", f"{place}/rotate", None),
        )
        assert ends[1] == "done"
        assert (await pair.act("GET", place))["status"] == "archived"
        await pair.turns(secret, 401)
    await check_rules(pair)


async def test_the_101st_workspace_is_refused_to_whoever_is_later(pair: Town) -> None:
    # the Claude Code workspace, which another test may have brought about, does not count
    made = {
        row["id"] for row in (await pair.act("GET", f"{WORKSPACES}?limit=200"))["data"] if row["name"] != "Claude Code"
    }
    free = 100 - len(made)
    bodies = [("POST", WORKSPACES, {"name": pair.name("many")}) for _ in range(free + 4)]
    ends: list[str] = []
    for first in range(0, len(bodies), 12):
        ends += await _at_once(pair, *bodies[first : first + 12])
    assert ends.count("done") == free
    assert set(ends) == {"done", "invalid_request_error"}
    await check_rules(pair)
    everything = (await pair.act("GET", f"{WORKSPACES}?limit=200"))["data"]
    listed = [row for row in everything if row["name"] != "Claude Code"]
    assert len(listed) == 100
    await _at_once(pair, *[("POST", f"{WORKSPACES}/{each['id']}/archive", None) for each in listed[:40]])
    await pair.workspace()
