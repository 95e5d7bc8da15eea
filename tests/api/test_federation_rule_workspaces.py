"""The workspaces that a rule is enabled for, and issuers that many share, on the wire."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from antechamber.database.engine import connection
from tests.api.conftest import House
from tests.api.offices import GITHUB, RULES, Office, open_office, open_other_office


@pytest.fixture
async def office(house: House) -> Office:
    return await open_office(house)


async def rule_in(office: Office, room: str | None) -> dict[str, Any]:
    """A rule that is enabled for one workspace by name, or for all."""
    issuer, account = await office.issuer(), await office.account()
    return await office.rule(issuer, account, workspace_id=room, applies_to_all_workspaces=room is None)


def path_of(rule: dict[str, Any]) -> str:
    return f"{RULES}/{rule['id']}"


async def enabled(office: Office, rule: dict[str, Any]) -> list[str]:
    return [place["workspace_id"] for place in (await office.get(f"{path_of(rule)}/workspaces"))["data"]]


async def test_a_rule_is_enabled_again_and_again_as_once(office: Office) -> None:
    first, second = await office.room("First"), await office.room("Second")
    rule = await rule_in(office, first)
    path = f"{path_of(rule)}/workspaces"
    assert rule["workspace_ids"] == [first]
    made = await office.post(path, {"workspace_id": second})
    assert made == {
        "type": "federation_rule_workspace",
        "federation_rule_id": rule["id"],
        "workspace_id": second,
        "workspace_name": None,
        "created_at": made["created_at"],
        "created_by_actor_id": rule["created_by_actor_id"],
    }
    assert await office.post(path, {"workspace_id": second}, hand=await office.operator()) == made
    listed = await office.get(f"{path}?limit=1&page=whatever")
    assert listed["next_page"] is None
    assert [place["workspace_name"] for place in listed["data"]] == ["First", "Second"]
    assert (await office.get(path_of(rule)))["workspace_ids"] == [first, second]


async def test_a_workspace_is_taken_away_as_often_as_one_likes(office: Office) -> None:
    room = await office.room()
    rule = await rule_in(office, room)
    for _ in range(2):
        assert await office.delete(f"{path_of(rule)}/workspaces/{room}") == {
            "type": "federation_rule_workspace_deleted",
            "federation_rule_id": rule["id"],
            "workspace_id": room,
        }
    assert await enabled(office, rule) == []


async def test_an_update_moves_a_rule_from_its_only_workspace(office: Office) -> None:
    first, second = await office.room("First"), await office.room("Second")
    rule = await rule_in(office, first)
    assert (await office.post(path_of(rule), {"workspace_id": first}))["updated_at"] == rule["updated_at"]
    moved = await office.post(path_of(rule), {"workspace_id": second})
    assert moved["workspace_ids"] == [second]
    assert moved["updated_at"] > rule["updated_at"]
    await office.post(f"{path_of(rule)}/workspaces", {"workspace_id": first})
    message = await office.refused(400, "POST", path_of(rule), {"workspace_id": first})
    assert message.startswith("workspace_id: the rule is enabled for 2 workspaces")


async def test_a_rule_for_all_workspaces_is_not_left_without_any(office: Office) -> None:
    room = await office.room()
    rule = await rule_in(office, None)
    nowhere = {"applies_to_all_workspaces": False}
    assert (await office.refused(400, "POST", path_of(rule), nowhere)).startswith("applies_to_all_workspaces: ")
    moved = await office.post(path_of(rule), {**nowhere, "workspace_id": room})
    assert (moved["applies_to_all_workspaces"], moved["workspace_ids"]) == (False, [room])
    wide = await office.post(path_of(rule), {"applies_to_all_workspaces": True})
    assert (wide["applies_to_all_workspaces"], wide["workspace_ids"]) == (True, [room])
    assert (await office.post(path_of(rule), nowhere))["workspace_ids"] == [room]


async def test_what_is_no_live_workspace_of_the_organization_is_a_bad_field(office: Office, house: House) -> None:
    rule, gone = await rule_in(office, None), await office.room("Gone")
    await office.archive_room(gone)
    theirs = await (await open_other_office(house)).room()
    for workspace in ("nonsense", gone, theirs, None, 5):
        message = await office.refused(400, "POST", f"{path_of(rule)}/workspaces", {"workspace_id": workspace})
        assert message.startswith("workspace_id: ")
    assert await enabled(office, rule) == []


async def test_an_archived_workspace_leaves_every_rule(office: Office) -> None:
    kept, gone = await office.room("Kept"), await office.room("Gone")
    rule = await rule_in(office, gone)
    await office.post(f"{path_of(rule)}/workspaces", {"workspace_id": kept})
    await office.archive_room(gone)
    assert await enabled(office, rule) == [kept]
    removed = next(act for act in await office.acts() if act["type"] == "platform_federation_rule_workspace_removed")
    assert (removed["federation_rule_id"], removed["workspace_id"]) == (rule["id"], gone)


async def test_of_many_who_enable_one_workspace_at_once_all_get_the_same(office: Office) -> None:
    rule, room = await rule_in(office, None), await office.room()
    path = f"{path_of(rule)}/workspaces"
    made = await asyncio.gather(*(office.post(path, {"workspace_id": room}) for _ in range(5)))
    assert (len({str(each) for each in made}), await enabled(office, rule)) == (1, [room])


async def test_a_rule_on_a_shared_issuer_says_whose_assertions_it_takes(office: Office) -> None:
    issuer, account = await office.issuer("github", issuer_url=GITHUB), await office.account()
    loose = office.rule_body(issuer, account, match={"subject_prefix": "repo:*"})
    message = await office.refused(400, "POST", RULES, loose)
    assert message.startswith("match: GitHub Actions is shared")
    assert "repository_owner" in message
    rule = await office.post(RULES, {**loose, "match": {"subject_prefix": "repo:acme/*"}})
    for match in (
        {"claims": {"repository_owner": "acme"}},
        {"condition": "claims.repository_owner == 'acme' && claims.ref.startsWith('refs/tags/')"},
    ):
        assert (await office.post(path_of(rule), {"match": match}))["match"].items() >= match.items()
    for match in ({"claims": {"actor": "ada"}}, {"condition": "claims.ref == 'refs/heads/main'"}):
        assert (await office.refused(400, "POST", path_of(rule), {"match": match})).startswith("match: GitHub Actions")


async def test_on_a_shared_issuer_every_update_mends_what_does_not_say_whose(office: Office) -> None:
    issuer, account = await office.issuer(), await office.account()
    rule = await office.rule(issuer, account, match={"subject_prefix": "repo:*"})
    async with office.storage.database.begin() as unit:
        # as if it had been made before the issuer was known to be shared
        statement = text("UPDATE federation_issuers SET url = :url WHERE id = :id")
        await connection(unit).execute(statement, {"url": GITHUB, "id": issuer["id"]})
    assert (await office.refused(400, "POST", path_of(rule), {"description": "x"})).startswith("match: GitHub")
    match = {"subject_prefix": "repo:acme/site:*"}
    assert (await office.post(path_of(rule), {"description": "x", "match": match}))["description"] == "x"
    assert (await office.post(path_of(rule), {"name": "renamed"}))["name"] == "renamed"
