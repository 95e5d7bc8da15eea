"""Service accounts in workspaces on the wire, from either side (SDK type `ServiceAccountWorkspaceMember`)."""

import asyncio
from typing import Any

import pytest

from tests.api.conftest import House
from tests.api.offices import ACCOUNTS, NOTHING, WORKSPACES, Office, open_office, open_other_office

SIDES = ("account", "workspace")
DEVELOPER = "workspace_developer"


@pytest.fixture
async def office(house: House) -> Office:
    return await open_office(house)


def listed(account: str) -> str:
    return f"{ACCOUNTS}/{account}/workspaces"


def mirrored(workspace: str) -> str:
    return f"{WORKSPACES}/{workspace}/service_accounts"


def place(side: str, account: str, workspace: str) -> str:
    if side == "account":
        return f"{listed(account)}/{workspace}"
    return f"{mirrored(workspace)}/{account}"


async def add(office: Office, account: str, workspace: str, role: str = DEVELOPER, side: str = "account") -> Any:  # noqa: ANN401 - JSON
    if side == "account":
        return await office.post(listed(account), {"workspace_id": workspace, "workspace_role": role})
    return await office.post(mirrored(workspace), {"service_account_id": account, "workspace_role": role})


@pytest.mark.parametrize("side", SIDES)
async def test_one_is_added_from_either_side_and_seen_from_both(office: Office, side: str) -> None:
    account, room = (await office.account())["id"], await office.room()
    added = await add(office, account, room, side=side)
    assert added == {
        "type": "service_account_workspace_member",
        "service_account_id": account,
        "workspace_id": room,
        "workspace_role": DEVELOPER,
        "implicit": False,
        "created_by_actor_id": added["created_by_actor_id"],
    }
    assert added["created_by_actor_id"].startswith("user_")
    assert added in (await office.get(listed(account)))["data"]
    assert (await office.get(mirrored(room)))["data"] == [added]
    assert await office.get(place("workspace", account, room)) == added


async def test_adding_again_changes_the_role_and_keeps_who_added_it(office: Office) -> None:
    account, room = (await office.account())["id"], await office.room()
    added = await add(office, account, room)
    body = {"workspace_id": room, "workspace_role": "workspace_admin"}
    again = await office.post(listed(account), body, hand=await office.operator())
    assert again == {**added, "workspace_role": "workspace_admin"}


async def test_a_role_is_changed_at_the_workspace(office: Office) -> None:
    account, room = (await office.account())["id"], await office.room()
    path = place("workspace", account, room)
    body = {"workspace_role": "workspace_restricted_developer"}
    assert "not a member" in await office.refused(404, "POST", path, body)
    await add(office, account, room)
    assert (await office.post(path, body))["workspace_role"] == "workspace_restricted_developer"


@pytest.mark.parametrize("side", SIDES)
async def test_one_is_taken_out_as_often_as_one_likes(office: Office, side: str) -> None:
    account, room = (await office.account())["id"], await office.room()
    await add(office, account, room)
    for _ in range(2):
        assert await office.delete(place(side, account, room)) == {
            "type": "service_account_workspace_member_deleted",
            "service_account_id": account,
            "workspace_id": room,
        }
    assert (await office.get(mirrored(room)))["data"] == []
    assert "not a member" in await office.refused(404, "GET", place("workspace", account, room))


async def test_everyone_is_in_the_default_workspace_implicitly_and_stays_in_it(office: Office) -> None:
    account, default = (await office.account())["id"], await office.default_room()
    path = place("workspace", account, default)
    implicit = await office.get(path)
    assert (implicit["workspace_role"], implicit["implicit"]) == ("workspace_user", True)
    assert implicit["created_by_actor_id"] is None
    await office.delete(path)
    assert await office.get(path) == implicit
    assert (await office.get(listed(account)))["data"] == [implicit]
    assert (await office.get(mirrored(default)))["data"] == []
    assert "implicitly" in await office.refused(400, "POST", path, {"workspace_role": DEVELOPER})


async def test_a_role_given_in_the_default_workspace_takes_the_implicit_ones_place_until_taken_back(
    office: Office,
) -> None:
    account, default = (await office.account())["id"], await office.default_room()
    added = await add(office, account, default, "workspace_user", "workspace")
    assert (added["implicit"], (await office.get(listed(account)))["data"]) == (False, [added])
    await office.delete(place("account", account, default))
    assert (await office.get(place("workspace", account, default)))["implicit"]


async def test_the_implicit_one_leads_the_first_page_which_has_another_beside_it(office: Office) -> None:
    account = (await office.account())["id"]
    rooms = [await office.room(f"Room {number}") for number in range(3)]
    for room in rooms:
        await add(office, account, room)
    first = await office.get(f"{listed(account)}?limit=1")
    assert [member["implicit"] for member in first["data"]] == [True, False]
    second = await office.get(f"{listed(account)}?limit=1&page={first['next_page']}")
    third = await office.get(f"{listed(account)}?limit=1&page={second['next_page']}")
    seen = [member["workspace_id"] for page in (first, second, third) for member in page["data"][-1:]]
    assert (sorted(seen), third["next_page"]) == (sorted(rooms), None)
    whole = await office.get(f"{listed(account)}?limit=2")
    assert len(whole["data"]) == 2


async def test_a_workspaces_service_accounts_come_in_pages_without_archived_ones(office: Office) -> None:
    room = await office.room()
    accounts = [(await office.account(f"ci-{number}"))["id"] for number in range(4)]
    for account in accounts:
        await add(office, account, room)
    await office.post(f"{ACCOUNTS}/{accounts[1]}/archive")
    first = await office.get(f"{mirrored(room)}?limit=2")
    second = await office.get(f"{mirrored(room)}?limit=2&page={first['next_page']}")
    seen = [member["service_account_id"] for member in first["data"] + second["data"]]
    assert (seen, second["next_page"]) == ([accounts[3], accounts[2], accounts[0]], None)


async def test_a_cursor_whose_membership_is_gone_is_refused(office: Office) -> None:
    account = (await office.account())["id"]
    rooms = [await office.room(f"Room {number}") for number in range(2)]
    for room in rooms:
        await add(office, account, room)
    page = await office.get(f"{listed(account)}?limit=1")
    await office.delete(place("account", account, page["data"][-1]["workspace_id"]))
    path = f"{listed(account)}?limit=1&page={page['next_page']}"
    assert (await office.refused(400, "GET", path)).startswith("page: ")
    assert (await office.refused(400, "GET", f"{mirrored(rooms[0])}?page=x")).startswith("page: ")


async def test_an_archived_account_is_in_nothing_any_more(office: Office) -> None:
    account, room, default = (await office.account())["id"], await office.room(), await office.default_room()
    await add(office, account, room)
    await office.post(f"{ACCOUNTS}/{account}/archive")
    assert await office.get(listed(account)) == {"data": [], "next_page": None}
    assert (await office.get(mirrored(room)))["data"] == []
    for workspace in (room, default):
        await office.refused(404, "GET", place("workspace", account, workspace))
        body = {"workspace_id": workspace, "workspace_role": DEVELOPER}
        assert "archived" in await office.refused(400, "POST", listed(account), body)
        assert "archived" in await office.refused(
            400, "POST", place("workspace", account, workspace), {"workspace_role": DEVELOPER}
        )


async def test_an_archived_workspace_takes_and_gives_nobody_but_can_be_audited(office: Office) -> None:
    account, room = (await office.account())["id"], await office.room()
    added = await add(office, account, room)
    await office.archive_room(room)
    assert added in (await office.get(listed(account)))["data"]
    one, body = place("workspace", account, room), {"workspace_role": DEVELOPER}
    asked: list[tuple[str, str, object]] = [
        ("GET", mirrored(room), None),
        ("POST", mirrored(room), {**body, "service_account_id": account}),
        ("POST", listed(account), {**body, "workspace_id": room}),
        ("GET", one, None),
        ("POST", one, body),
        ("DELETE", one, None),
        ("DELETE", place("account", account, room), None),
    ]
    for method, path, sent in asked:
        assert await office.refused(400, method, path, sent) == f"{room} is archived."


async def test_a_bad_field_is_named_first(office: Office) -> None:
    account, room = (await office.account())["id"], await office.room()
    good = {"workspace_role": DEVELOPER}
    sides: dict[str, dict[str, Any]] = {
        listed(account): {"workspace_id": room},
        mirrored(room): {"service_account_id": account},
        place("workspace", account, room): {},
    }
    for path, own in sides.items():
        bad: list[dict[str, Any]] = [{"workspace_role": role} for role in ("workspace_billing", "owner", None)]
        bad += [{name: value} for name in own for value in (None, 5)] + [{"color": "blue"}]
        for fields in bad:
            message = await office.refused(400, "POST", path, {**good, **own, **fields})
            assert message.startswith(f"{next(iter(fields))}: ")


async def test_other_organizations_and_nobodys_are_not_found(office: Office, house: House) -> None:
    other = await open_other_office(house)
    ours, theirs = (await office.account())["id"], (await other.account())["id"]
    room, their_room = await office.room(), await other.room()
    for account in (theirs, f"svac_{NOTHING}", "nonsense"):
        assert account in await office.refused(404, "GET", place("workspace", account, room))
        assert account in await office.refused(404, "DELETE", place("workspace", account, room))
        body = {"service_account_id": account, "workspace_role": DEVELOPER}
        assert account in await office.refused(404, "POST", mirrored(room), body)
    for workspace in (their_room, f"wrkspc_{NOTHING}", "nonsense"):
        assert workspace in await office.refused(404, "GET", mirrored(workspace))
        assert workspace in await office.refused(404, "DELETE", place("account", ours, workspace))
        body = {"workspace_id": workspace, "workspace_role": DEVELOPER}
        assert workspace in await office.refused(404, "POST", listed(ours), body)


async def test_a_token_in_a_workspace_may_what_its_account_may_there_within_a_second(office: Office) -> None:
    account, room = await office.account(), await office.room()
    await add(office, account["id"], room)
    token = await office.workload(account, "workspace:developer", room)
    assert (await office.ask("GET", "/v1/models", hand=token)).status == 200
    await add(office, account["id"], room, "workspace_user")
    await asyncio.sleep(1)
    assert (await office.ask("GET", "/v1/models", hand=token)).status == 403
    await add(office, account["id"], room)
    await asyncio.sleep(1)
    assert (await office.ask("GET", "/v1/models", hand=token)).status == 200
    await office.delete(place("account", account["id"], room))
    await asyncio.sleep(1)
    assert (await office.ask("GET", "/v1/models", hand=token)).status in {401, 403}


async def test_the_implicit_membership_narrows_no_token_and_one_given_there_does(office: Office) -> None:
    account, default = await office.account(), await office.default_room()
    token = await office.workload(account, "workspace:inference", default)
    assert (await office.ask("GET", "/v1/models", hand=token)).status == 200
    await add(office, account["id"], default, "workspace_user")
    await asyncio.sleep(1)
    assert (await office.ask("GET", "/v1/models", hand=token)).status == 403


async def test_every_change_is_in_the_feed_under_its_hosted_name(office: Office) -> None:
    account, room = (await office.account())["id"], await office.room()
    await add(office, account, room)
    await add(office, account, room)
    await add(office, account, room, "workspace_admin", "workspace")
    await office.delete(place("account", account, room))
    await office.delete(place("account", account, room))
    feed = "platform_service_account_workspace_member_"
    acts = [act for act in await office.acts() if act["type"].startswith(feed)]
    assert [act["type"].removeprefix(feed) for act in acts] == ["removed", "updated", "added"]
    assert {(act["service_account_id"], act["workspace_id"]) for act in acts} == {(account, room)}
    change = {"type": "workspace_role", "previous_value": DEVELOPER, "current_value": "workspace_admin"}
    assert acts[1]["updates"] == [change]
