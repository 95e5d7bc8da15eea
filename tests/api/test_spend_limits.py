"""Spend limits and what persons resolve, over the whole application."""

from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.clock import from_rfc3339
from antechamber.base.ids import Kind, parse
from antechamber.base.permissions import OrganizationRole
from antechamber.features.audit.model import ActivityType
from tests.api.conftest import House
from tests.api.limiting import OLD, Desk, desk, other_desk

PATH = "/v1/organizations/spend_limits"
WHOLE = {"type": "organization"}


async def limit(office: Desk, scope: dict[str, str], amount: str | None = "50000", period: str = "monthly") -> Any:  # noqa: ANN401 - JSON
    return await office.post(PATH, {"scope": scope, "amount": amount, "period": period})


async def effective(office: Desk, query: str = "") -> list[Any]:
    found: list[Any] = (await office.get(f"{PATH}/effective{query}"))["data"]
    return found


async def test_every_scope_takes_a_limit_for_every_period(house: House) -> None:
    office = desk(house)
    workspace, member = await office.workspace(), await office.member("dev@example.com")
    key, _ = await office.api_key()
    scopes = [
        WHOLE,
        {"type": "workspace", "workspace_id": workspace.id},
        {"type": "user", "user_id": member.id},
        {"type": "api_key", "api_key_id": key.id},
    ]
    for scope in scopes:
        for period in ("daily", "weekly", "monthly"):
            made = await limit(office, scope, "12345", period)
            assert parse(Kind.SPEND_LIMIT, made["id"])
            born = made["created_at"]
            assert made == {
                "id": made["id"],
                "type": "spend_limit",
                "scope": scope,
                "amount": "12345",
                "currency": "USD",
                "period": period,
                "is_enabled": True,
                "created_at": born,
                "updated_at": born,
            }
            assert from_rfc3339(born) > 0
            assert await office.get(f"{PATH}/{made['id']}") == made
            assert await office.get(f"{PATH}/{made['id']}", version=OLD) == made


async def test_a_period_that_is_not_said_is_a_month(house: House) -> None:
    made = await desk(house).post(PATH, {"scope": WHOLE, "amount": "0"})
    assert (made["period"], made["amount"]) == ("monthly", "0")


async def test_setting_a_limit_that_exists_overwrites_it_in_place(house: House) -> None:
    office = desk(house)
    first = await limit(office, WHOLE, "100")
    other = await limit(office, WHOLE, "100", "daily")
    second = await limit(office, WHOLE, "200")
    assert other["id"] != first["id"]
    assert second == {**first, "amount": "200", "updated_at": second["updated_at"]}
    assert second["updated_at"] >= first["updated_at"]
    assert len((await office.get(PATH))["data"]) == 2


@pytest.mark.parametrize("amount", ["1.5", "-1", "", "abc", "1e3", "01", 100, True, "9" * 30])
async def test_an_amount_is_a_whole_number_of_cents_as_a_string(house: House, amount: object) -> None:
    message = await desk(house).refused(400, "POST", PATH, {"scope": WHOLE, "amount": amount})
    assert "amount" in message


@pytest.mark.parametrize(
    "body",
    [
        {"amount": "5"},
        {"scope": WHOLE},
        {"scope": {"type": "seat_tier", "seat_tier": "x"}, "amount": "5"},
        {"scope": {"type": "workspace"}, "amount": "5"},
        {"scope": {"type": "organization", "workspace_id": "x"}, "amount": "5"},
        {"scope": WHOLE, "amount": "5", "period": "yearly"},
        {"scope": WHOLE, "amount": "5", "is_enabled": True},
    ],
)
async def test_a_body_of_another_shape_is_refused(house: House, body: object) -> None:
    await desk(house).refused(400, "POST", PATH, body)


async def test_only_a_persons_limit_may_be_without_an_amount(house: House) -> None:
    office = desk(house)
    workspace, member = await office.workspace(), await office.member("dev@example.com")
    key, _ = await office.api_key()
    for scope in (
        WHOLE,
        {"type": "workspace", "workspace_id": workspace.id},
        {"type": "api_key", "api_key_id": key.id},
    ):
        message = await office.refused(400, "POST", PATH, {"scope": scope, "amount": None})
        assert "always carries one" in message
    made = await limit(office, {"type": "user", "user_id": member.id}, None)
    assert made["amount"] is None


async def test_the_default_workspace_has_no_spend_limit_of_its_own(house: House) -> None:
    scope = {"type": "workspace", "workspace_id": house.founded.workspace_id}
    message = await desk(house).refused(400, "POST", PATH, {"scope": scope, "amount": "5"})
    assert message == "The Default workspace has no limits of its own; set the organization's."


async def test_the_claude_code_workspace_takes_a_spend_limit(house: House) -> None:
    office = desk(house)
    await office.member("coder@example.com", OrganizationRole.CLAUDE_CODE_USER)
    storage = house.app.storage
    async with storage.database.read() as unit:
        workspace = await storage.workspaces.claude_code(unit, office.organization_id)
    assert workspace is not None
    assert (await limit(office, {"type": "workspace", "workspace_id": workspace.id}))["amount"] == "50000"


async def test_an_archived_workspaces_spend_limit_cannot_be_set(house: House) -> None:
    office, workspace = desk(house), await desk(house).workspace()
    await house.app.storage.workspaces.archive(office.organization_id, workspace.id, OPERATOR)
    body = {"scope": {"type": "workspace", "workspace_id": workspace.id}, "amount": "5"}
    assert "is archived" in await office.refused(400, "POST", PATH, body)


async def test_whom_the_organization_has_not_cannot_be_limited(house: House) -> None:
    mine, theirs = desk(house), await other_desk(house)
    workspace, member = await theirs.workspace(), await theirs.member("them@example.com")
    key, _ = await theirs.api_key()
    for scope in (
        {"type": "workspace", "workspace_id": workspace.id},
        {"type": "user", "user_id": member.id},
        {"type": "api_key", "api_key_id": key.id},
        {"type": "user", "user_id": "nonsense"},
    ):
        await mine.refused(404, "POST", PATH, {"scope": scope, "amount": "5"})


async def test_another_organizations_limit_is_not_found_in_the_same_words(house: House) -> None:
    mine, theirs = desk(house), await other_desk(house)
    made = await limit(theirs, WHOLE)
    unknown = "spl_01" + "1" * 22
    for method in ("GET", "DELETE"):
        message = await mine.refused(404, method, f"{PATH}/{made['id']}")
        assert message.replace(made["id"], unknown) == await mine.refused(404, method, f"{PATH}/{unknown}")
        await mine.refused(404, method, f"{PATH}/nonsense")
    assert (await mine.get(PATH))["data"] == []
    assert await theirs.get(f"{PATH}/{made['id']}") == made


async def test_limits_are_listed_newest_first_page_by_page(house: House) -> None:
    office = desk(house)
    made = [await limit(office, WHOLE, "5", period) for period in ("daily", "weekly", "monthly")]
    first = await office.get(f"{PATH}?limit=2")
    assert first["data"] == [made[2], made[1]]
    rest = await office.get(f"{PATH}?limit=2&page={first['next_page']}")
    assert rest == {"data": [made[0]], "next_page": None}
    message = await office.refused(400, "GET", f"{PATH}?scope_type[]=user&page={first['next_page']}")
    assert "cursor does not match current query parameters" in message
    await office.refused(400, "GET", f"{PATH}?limit=0")


async def test_the_list_is_filtered_by_scope_and_workspace(house: House) -> None:
    office = desk(house)
    workspace, member = await office.workspace(), await office.member("dev@example.com")
    whole = await limit(office, WHOLE)
    of_workspace = await limit(office, {"type": "workspace", "workspace_id": workspace.id})
    of_user = await limit(office, {"type": "user", "user_id": member.id})
    key, _ = await office.api_key()
    of_key = await limit(office, {"type": "api_key", "api_key_id": key.id})
    both = await office.get(f"{PATH}?scope_type[]=user&scope_type[]=organization")
    assert both["data"] == [of_user, whole]
    assert (await office.get(f"{PATH}?workspace_id={workspace.id}"))["data"] == [of_workspace]
    assert (await office.get(f"{PATH}?workspace_id=wrkspc_nonsense"))["data"] == []
    assert (await office.get(f"{PATH}?scope_type[]=usage_tier"))["data"] == []
    assert (await office.get(f"{PATH}?scope_type[]=api_key"))["data"] == [of_key]


async def test_a_keys_limit_is_listed_only_to_who_asks_for_it_by_name(house: House) -> None:
    office = desk(house)
    key, _ = await office.api_key()
    made = await limit(office, {"type": "api_key", "api_key_id": key.id})
    assert (await office.get(PATH))["data"] == []
    assert (await office.get(f"{PATH}?scope_type[]=api_key"))["data"] == [made]


@pytest.mark.parametrize("scope_type", ["rbac_group", "seat_tier", "organization_service"])
async def test_a_scope_of_another_kind_of_organization_is_refused(house: House, scope_type: str) -> None:
    answer = await desk(house).ask("GET", f"{PATH}?scope_type[]={scope_type}")
    assert answer.status == 400
    assert answer.json()["error"]["details"]["error_code"] == "organization_type_not_supported"


async def test_a_removed_limit_is_gone_and_its_next_one_is_another(house: House) -> None:
    office = desk(house)
    made = await limit(office, WHOLE)
    answer = await office.ask("DELETE", f"{PATH}/{made['id']}")
    assert (answer.status, answer.json()) == (200, {"id": made["id"], "type": "spend_limit_deleted"})
    await office.refused(404, "GET", f"{PATH}/{made['id']}")
    await office.refused(404, "DELETE", f"{PATH}/{made['id']}")
    assert (await limit(office, WHOLE))["id"] != made["id"]


async def test_a_person_resolves_their_own_limit_or_else_the_organizations(house: House) -> None:
    office = desk(house)
    ann, ben = await office.member("ann@example.com"), await office.member("ben@example.com")
    assert await effective(office) == []
    whole = await limit(office, WHOLE, "90000")
    own = await limit(office, {"type": "user", "user_id": ann.id}, "500")
    daily = await limit(office, {"type": "user", "user_id": ann.id}, None, "daily")
    actor = {"type": "user_actor", "user_id": ann.id, "email_address": ann.email, "name": "Ann", "deleted": False}
    scope = {"type": "user", "user_id": ann.id}
    row = {"actor": actor, "scope": scope, "currency": "USD", "period_to_date_spend": "0"}
    anns = [
        {**row, "source": scope, "amount": None, "period": "daily", "spend_limit_id": daily["id"]},
        {**row, "source": scope, "amount": "500", "period": "monthly", "spend_limit_id": own["id"]},
    ]
    found = await effective(office)
    assert [each for each in found if each["actor"]["user_id"] == ann.id] == anns
    (bens,) = [each for each in found if each["actor"]["user_id"] == ben.id]
    assert (bens["source"], bens["amount"], bens["spend_limit_id"]) == (WHOLE, "90000", whole["id"])
    assert bens["scope"] == {"type": "user", "user_id": ben.id}
    assert await effective(office, f"?user_ids[]={ann.id}") == anns
    assert await effective(office, f"?user_ids[]={ann.id}&period[]=daily") == anns[:1]
    assert await effective(office, "?user_ids[]=user_nonsense") == []


async def test_a_persons_periods_stay_on_one_page(house: House) -> None:
    office = desk(house)
    people = [await office.member(f"p{number}@example.com") for number in range(3)]
    for period in ("daily", "weekly", "monthly"):
        await limit(office, WHOLE, "5", period)
    for query in ("", "".join(f"&user_ids[]={person.id}" for person in people)):
        seen, page, pages = [], "", 0
        while True:
            found = await office.get(f"{PATH}/effective?limit=1{query}{page}")
            assert len({row["actor"]["user_id"] for row in found["data"]}) == 1
            assert [row["period"] for row in found["data"]] == ["daily", "weekly", "monthly"]
            seen.append(found["data"][0]["actor"]["user_id"])
            pages += 1
            if found["next_page"] is None:
                break
            page = f"&page={found['next_page']}"
        assert sorted(seen) == sorted(person.id for person in people)
        assert pages == 3


async def test_at_most_a_hundred_persons_are_asked_for(house: House) -> None:
    query = "&".join(f"user_ids[]=user_{number}" for number in range(101))
    message = await desk(house).refused(400, "GET", f"{PATH}/effective?{query}")
    assert "at most 100" in message


async def test_who_was_removed_resolves_nothing(house: House) -> None:
    office = desk(house)
    member = await office.member("gone@example.com")
    await office.member("stays@example.com", OrganizationRole.ADMIN)
    await limit(office, WHOLE)
    await house.app.storage.members.remove(office.organization_id, member.id, OPERATOR)
    assert await effective(office, f"?user_ids[]={member.id}") == []
    assert len(await effective(office)) == 1


async def test_every_change_of_spend_limits_is_audited(house: House) -> None:
    office = desk(house)
    made = await limit(office, WHOLE, "100")
    await limit(office, WHOLE, "200")
    await office.ask("DELETE", f"{PATH}/{made['id']}")
    created, updated = ActivityType.SPEND_LIMIT_CREATED, ActivityType.SPEND_LIMIT_UPDATED
    acts = await office.acts()
    assert [kind for kind, _ in acts] == [created, updated, ActivityType.SPEND_LIMIT_DELETED]
    assert all(made["id"] in told for _, told in acts)


async def test_a_limit_is_in_force_after_the_feeds_next_look(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com")
    key, _ = await office.api_key(user_id=member.id)
    made = await limit(office, {"type": "user", "user_id": member.id}, "100", "weekly")
    await limit(office, {"type": "user", "user_id": member.id}, None)
    await house.app.changes.look()
    found = house.app.limits.book.rules_for(office.organization_id, key.workspace_id, key.id, member.id, "claude-sim-1")
    (rule,) = found.spends
    assert (rule.id, rule.amount, rule.period) == (made["id"], 1_000_000_000, "weekly")
