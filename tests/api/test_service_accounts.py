"""Service accounts on the wire (wire-auth.md 4; SDK type `organization.ServiceAccount`)."""

import asyncio
from typing import Any

import pytest

from antechamber.base.ids import Kind, parse
from tests.api.conftest import House
from tests.api.offices import ACCOUNTS, NOTHING, ROOT, Office, open_office, open_other_office

FIELDS = {
    "id", "type", "name", "description", "organization_role", "created_at", "created_by_actor_id", "updated_at",
    "updated_by_actor_id", "archived_at", "archived_by_actor_id",
}  # fmt: skip
FEED = {f"platform_service_account_{act}" for act in ("created", "updated", "archived")}

# what is wrong, and what the refusal begins with
BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "name"),
    ({"name": ""}, "name"),
    ({"name": "Capital"}, "name"),
    ({"name": "under_score"}, "name"),
    ({"name": "new\nline"}, "name"),
    ({"name": "a" * 256}, "name"),
    ({"name": 5}, "name"),
    ({"name": None}, "name"),
    ({"name": "ci", "description": 5}, "description"),
    ({"name": "ci", "description": "x" * 1001}, "description"),
    ({"name": "ci", "organization_role": "owner"}, "organization_role"),
    ({"name": "ci", "organization_role": None}, "organization_role"),
    ({"name": "ci", "color": "blue"}, "color"),
)


@pytest.fixture
async def office(house: House) -> Office:
    return await open_office(house)


async def names(office: Office, query: str = "") -> list[str]:
    return [account["name"] for account in (await office.get(f"{ACCOUNTS}{query}"))["data"]]


async def test_one_has_the_documented_shape(office: Office) -> None:
    made = await office.account("ci", description="Builds")
    assert made.keys() == FIELDS
    assert parse(Kind.SERVICE_ACCOUNT, made["id"])
    assert (made["type"], made["name"], made["description"]) == ("service_account", "ci", "Builds")
    assert (made["organization_role"], made["archived_at"], made["archived_by_actor_id"]) == ("developer", None, None)
    assert made["created_at"] == made["updated_at"]
    assert made["created_by_actor_id"] == made["updated_by_actor_id"]
    assert made["created_by_actor_id"].startswith("user_")
    assert await office.get(f"{ACCOUNTS}/{made['id']}") == made


async def test_the_stamps_name_workloads_and_leave_the_operator_out(office: Office) -> None:
    workload = await office.admin_workload()
    by_workload = await office.post(ACCOUNTS, {"name": "made-by-a-workload"}, hand=workload)
    by_operator = await office.post(ACCOUNTS, {"name": "made-by-the-operator"}, hand=await office.operator())
    assert by_workload["created_by_actor_id"].startswith("svac_")
    assert by_operator["created_by_actor_id"] is None


async def test_description_and_role_change_and_the_name_never(office: Office) -> None:
    made = await office.account("ci", description="Builds")
    path = f"{ACCOUNTS}/{made['id']}"
    changed = await office.post(path, {"description": "Builds more", "organization_role": "admin"})
    assert (changed["description"], changed["organization_role"]) == ("Builds more", "admin")
    assert changed["updated_at"] > made["updated_at"]
    assert (await office.post(path, {"description": None, "organization_role": None}))["description"] == ""
    assert (await office.get(path))["organization_role"] == "admin"
    assert "name: Value error, cannot be changed" in await office.refused(400, "POST", path, {"name": "other"})


async def test_what_changes_nothing_leaves_the_stamps_and_the_feed_alone(office: Office) -> None:
    made = await office.account("ci")
    assert await office.post(f"{ACCOUNTS}/{made['id']}", {}) == made
    assert await office.post(f"{ACCOUNTS}/{made['id']}", {"organization_role": "developer"}) == made
    assert [act["type"] for act in await office.acts()][:1] == ["platform_service_account_created"]


async def test_a_bad_field_is_named_first(office: Office) -> None:
    for body, field in BAD:
        message = await office.refused(400, "POST", ACCOUNTS, body)
        assert (body, message.startswith(f"{field}: ")) == (body, True), message


async def test_a_name_of_255_characters_is_taken(office: Office) -> None:
    assert (await office.account("a-9" * 85))["name"] == "a-9" * 85


async def test_a_name_is_one_live_accounts_only_and_free_again_once_that_is_archived(office: Office) -> None:
    made = await office.account("ci")
    assert made["id"] in await office.refused(409, "POST", ACCOUNTS, {"name": "ci"})
    await office.post(f"{ACCOUNTS}/{made['id']}/archive")
    assert (await office.account("ci"))["id"] != made["id"]


async def test_of_many_who_take_one_name_at_once_one_gets_it(office: Office) -> None:
    answers = await asyncio.gather(*(office.ask("POST", ACCOUNTS, {"name": "ci"}) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7


async def test_only_a_person_or_the_operator_gives_the_role_admin(office: Office) -> None:
    workload = await office.admin_workload()
    body = {"name": "second", "organization_role": "admin"}
    assert "person's token" in await office.refused(403, "POST", ACCOUNTS, body, hand=workload)
    made = await office.post(ACCOUNTS, body, hand=await office.operator())
    same = {"organization_role": "admin"}
    refused = await office.refused(403, "POST", f"{ACCOUNTS}/{made['id']}", same, hand=workload)
    assert refused.startswith("organization_role: ")
    lowered = await office.post(f"{ACCOUNTS}/{made['id']}", {"organization_role": "developer"}, hand=workload)
    assert lowered["organization_role"] == "developer"


async def test_admin_keys_and_tokens_of_less_do_not_open_it(office: Office, house: House) -> None:
    key = house.founded.admin_key
    assert key is not None
    assert "service_accounts:read" in await office.refused(403, "GET", ACCOUNTS, hand=key.reveal())
    developer = await office.workload(await office.account("dev"))
    assert "service_accounts:write" in await office.refused(403, "POST", ACCOUNTS, {"name": "x"}, hand=developer)


async def test_the_list_is_newest_first_in_pages_without_archived_ones(office: Office) -> None:
    made = [await office.account(f"ci-{number}") for number in range(5)]
    await office.post(f"{ACCOUNTS}/{made[2]['id']}/archive")
    assert await names(office) == ["ci-4", "ci-3", "ci-1", "ci-0"]
    assert await names(office, "?include_archived=true") == ["ci-4", "ci-3", "ci-2", "ci-1", "ci-0"]
    first = await office.get(f"{ACCOUNTS}?limit=2")
    second = await office.get(f"{ACCOUNTS}?limit=2&page={first['next_page']}")
    assert first.keys() == {"data", "next_page"}
    assert [account["name"] for account in first["data"] + second["data"]] == ["ci-4", "ci-3", "ci-1", "ci-0"]
    assert second["next_page"] is None


async def test_a_cursor_belongs_to_its_list(office: Office) -> None:
    for number in range(2):
        await office.account(f"ci-{number}")
    page = (await office.get(f"{ACCOUNTS}?limit=1"))["next_page"]
    other = f"{ACCOUNTS}?limit=1&include_archived=true&page={page}"
    assert (await office.refused(400, "GET", other)).startswith("page: ")
    assert (await office.refused(400, "GET", f"{ROOT}/federation_rules?page={page}")).startswith("page: ")
    for query in ("page=nonsense", "limit=0", "limit=101", "limit=x", "include_archived=maybe"):
        message = await office.refused(400, "GET", f"{ACCOUNTS}?{query}")
        assert message.startswith(f"{query.partition('=')[0]}: ")


async def test_an_archived_one_stays_as_it_is(office: Office) -> None:
    made = await office.account("ci")
    path = f"{ACCOUNTS}/{made['id']}"
    archived = await office.post(f"{path}/archive", {})
    assert archived["archived_at"]
    assert archived["archived_by_actor_id"] == made["created_by_actor_id"]
    assert await office.post(f"{path}/archive", hand=await office.operator()) == archived
    assert await office.get(path) == archived
    assert "archived" in await office.refused(400, "POST", path, {"description": "new"})


async def test_one_that_a_live_rule_stands_for_is_not_archived(office: Office) -> None:
    account, issuer = await office.account("ci"), await office.issuer()
    rule = await office.rule(issuer, account)
    path = f"{ACCOUNTS}/{account['id']}/archive"
    assert "(build)" in await office.refused(400, "POST", path)
    await office.post(f"{ROOT}/federation_rules/{rule['id']}/archive")
    assert (await office.post(path))["archived_at"]


async def test_the_token_of_an_archived_one_opens_nothing_within_a_second(office: Office) -> None:
    account = await office.account("ci", organization_role="admin")
    token = await office.workload(account)
    assert (await office.get(f"{ROOT}/me", hand=token))["id"] == office.organization_id
    await office.post(f"{ACCOUNTS}/{account['id']}/archive")
    await asyncio.sleep(1)
    assert (await office.ask("GET", f"{ROOT}/me", hand=token)).status == 401


async def test_a_lowered_role_counts_within_a_second(office: Office) -> None:
    account = await office.account("ci", organization_role="admin")
    token = await office.workload(account)
    assert await names(office) == [a["name"] for a in (await office.get(ACCOUNTS, hand=token))["data"]]
    await office.post(f"{ACCOUNTS}/{account['id']}", {"organization_role": "developer"})
    await asyncio.sleep(1)
    assert (await office.ask("GET", ACCOUNTS, hand=token)).status == 403


async def test_an_admin_that_is_made_a_developer_has_no_hand_in_anybodys_keys(office: Office) -> None:
    account = await office.account("terraform", organization_role="admin")
    # a token that administers, and one that calls models too
    tokens = [
        await office.workload(account),
        await office.workload(account, "org:admin workspace:developer", await office.default_room()),
    ]
    key = await office.post(f"{ROOT}/api_keys", {"name": "own", "user_id": await office.developer()})
    path = f"{ROOT}/api_keys/{key['id']}"
    for token in tokens:
        assert (await office.get(f"{ROOT}/api_keys", hand=token))["data"][0]["id"] == key["id"]
    await office.post(f"{ACCOUNTS}/{account['id']}", {"organization_role": "developer"})
    await office.house.app.changes.look()
    for token in tokens:
        for method, asked in (("GET", f"{ROOT}/api_keys"), ("GET", path), ("POST", f"{path}/rotate")):
            assert "needs [api_keys:" in await office.refused(403, method, asked, hand=token)
    # what is done in its workspace is by its role there, and stays
    assert (await office.ask("GET", "/v1/models", hand=tokens[1])).status == 200
    assert (await office.ask("GET", "/v1/models", hand=key["secret"])).status == 200


async def test_another_organizations_and_nobodys_ids_are_not_found_in_the_same_words(
    office: Office, house: House
) -> None:
    other = await open_other_office(house)
    theirs = (await other.account("ci"))["id"]
    for method, tail in (("GET", ""), ("POST", ""), ("POST", "/archive"), ("GET", "/workspaces")):
        body: object = {} if method == "POST" else None
        for named in (theirs, f"svac_{NOTHING}", "nonsense"):
            message = await office.refused(404, method, f"{ACCOUNTS}/{named}{tail}", body)
            assert message == f"Service account not found: {named}"
    assert await names(office) == []


async def test_every_change_is_in_the_feed_under_its_hosted_name(office: Office) -> None:
    made = await office.account("ci")
    path = f"{ACCOUNTS}/{made['id']}"
    await office.post(path, {"description": "Builds", "organization_role": "admin"})
    await office.post(f"{path}/archive")
    acts = [act for act in await office.acts() if act["type"] in FEED]
    assert [act["type"].rpartition("_")[2] for act in acts] == ["archived", "updated", "created"]
    assert {act["service_account_id"] for act in acts} == {made["id"]}
    assert acts[1]["updates"] == [
        {"type": "description", "previous_value": "", "current_value": "Builds"},
        {"type": "organization_role", "previous_value": "developer", "current_value": "admin"},
    ]
