"""Quotas of persons, and what a holder may know of themselves, over the whole application."""

from decimal import Decimal
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.permissions import OrganizationRole
from antechamber.features.audit.model import ActivityType
from tests.api.conftest import House
from tests.api.limiting import Desk, desk, other_desk

PATH = "/v1/organizations/quotas"
ME = "/v1/usage/me"


async def quota(office: Desk, user_id: str | None = None, **values: object) -> Any:  # noqa: ANN401 - JSON
    return await office.post(PATH, {"user_id": user_id, **values})


async def test_a_default_and_persons_own_quotas_are_set_listed_and_removed(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com")
    assert (await office.get(PATH)) == {"data": [], "next_page": None}
    default = await quota(office, requests_per_minute=60, requests_per_day=2000, fallback_model="sim-1")
    own = await quota(office, member.id, requests_per_day=5)
    assert default == {
        "type": "quota",
        "user_id": None,
        "requests_per_minute": 60,
        "requests_per_day": 2000,
        "fallback_model": "sim-1",
        "updated_at": default["updated_at"],
    }
    assert own["requests_per_minute"] is None
    assert (await office.get(PATH))["data"] == [default, own]
    first = await office.get(f"{PATH}?limit=1")
    assert first["data"] == [default]
    assert await office.get(f"{PATH}?limit=1&page={first['next_page']}") == {"data": [own], "next_page": None}
    for named, shown in ((member.id, member.id), ("default", None)):
        answer = await office.ask("DELETE", f"{PATH}/{named}")
        assert (answer.status, answer.json()) == (200, {"user_id": shown, "type": "quota_deleted"})
        await office.refused(404, "DELETE", f"{PATH}/{named}")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "give at least one"),
        ({"fallback_model": "sim-1"}, "give at least one"),
        ({"requests_per_minute": 0}, "requests_per_minute: must be from 1"),
        ({"requests_per_day": -1}, "requests_per_day: must be from 1"),
        ({"requests_per_day": "5"}, "requests_per_day"),
        ({"requests_per_day": 5, "fallback_model": "never-heard-of"}, "never-heard-of is not served here"),
        ({"requests_per_day": 5, "tokens_per_day": 5}, "tokens_per_day"),
    ],
)
async def test_a_quota_outside_the_rules_is_refused(house: House, values: dict[str, object], message: str) -> None:
    assert message in await desk(house).refused(400, "POST", PATH, values)
    assert (await desk(house).get(PATH))["data"] == []


async def test_a_quota_is_for_members_of_the_organization_only(house: House) -> None:
    mine, theirs = desk(house), await other_desk(house)
    member = await theirs.member("them@example.com")
    await quota(theirs, member.id, requests_per_day=5)
    await mine.refused(404, "POST", PATH, {"user_id": member.id, "requests_per_day": 5})
    await mine.refused(404, "DELETE", f"{PATH}/{member.id}")
    assert (await mine.get(PATH))["data"] == []


async def test_every_change_of_quotas_is_audited_and_in_force_after_the_feeds_next_look(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com")
    key, _ = await office.api_key(user_id=member.id)
    await quota(office, member.id, requests_per_day=5)
    await house.app.changes.look()
    book = house.app.limits.book
    found = book.rules_for(office.organization_id, key.workspace_id, key.id, member.id, "claude-sim-1").quota
    assert found is not None
    assert found.requests_per_day == 5
    await office.ask("DELETE", f"{PATH}/{member.id}")
    await house.app.changes.look()
    assert book.rules_for(office.organization_id, key.workspace_id, key.id, member.id, "claude-sim-1").quota is None
    kinds = [kind for kind, _ in await office.acts()]
    assert kinds == [ActivityType.QUOTA_UPDATED, ActivityType.QUOTA_DELETED]


async def test_a_keys_holder_learns_of_every_limit_and_of_money_only_their_own(house: House) -> None:
    office = desk(house)
    workspace = await office.workspace()
    member = await office.member("dev@example.com", OrganizationRole.ADMIN)
    key, secret = await office.api_key(workspace_id=workspace.id, user_id=member.id)
    for scope, amount in (
        ({"type": "organization"}, "1000"),
        ({"type": "workspace", "workspace_id": workspace.id}, "500"),
        ({"type": "user", "user_id": member.id}, "50"),
        ({"type": "api_key", "api_key_id": key.id}, "5"),
    ):
        await office.post("/v1/organizations/spend_limits", {"scope": scope, "amount": amount, "period": "daily"})
    await quota(office, requests_per_minute=60)
    (entry,) = (await office.get("/v1/organizations/rate_limits?model=claude-sim-1"))["data"]
    rates = {"limits": [{"type": "requests_per_minute", "value": 7}]}
    await office.post(f"/v1/organizations/rate_limits/{entry['id']}", rates)
    await office.post(f"/v1/organizations/api_keys/{key.id}/rate_limits/{entry['id']}", rates)

    own_key, own_secret = await office.api_key("Ownerless", workspace_id=workspace.id)
    ownerless = await office.get(ME, secret=own_secret)
    assert ownerless["holder"]["user_id"] is None
    assert ownerless["quota"] is None
    shown = {budget["scope"]["type"]: budget for budget in ownerless["spend_limits"]}
    assert set(shown) == {"organization", "workspace"}
    for budget in shown.values():
        assert (budget["amount"], budget["period_to_date_spend"]) == (None, None)
    assert shown["organization"]["remaining"] == "1000"
    assert shown["workspace"]["remaining"] == "500"
    assert own_key.id == ownerless["holder"]["api_key_id"]

    found = await office.get(ME, secret=secret)
    assert found["holder"] == {
        "type": "api_key",
        "api_key_id": key.id,
        "workspace_id": workspace.id,
        "user_id": member.id,
    }
    shown = {budget["scope"]["type"]: budget for budget in found["spend_limits"]}
    assert set(shown) == {"organization", "workspace", "user", "api_key"}
    assert (shown["user"]["amount"], shown["user"]["period_to_date_spend"]) == ("50", "0")
    assert shown["api_key"]["remaining"] == "5"
    assert all(budget["resets_at"].endswith("T00:00:00Z") for budget in shown.values())
    (group,) = found["rate_limits"]
    assert group["group_id"] == entry["group"]["id"]
    assert [(rate["scope"]["type"], rate["value"]) for rate in group["limits"]] == [("organization", 7), ("api_key", 7)]
    assert found["quota"] == {"requests_per_minute": 60, "requests_per_day": None, "fallback_model": None}
    assert found["today"]["requests"] == 0


ASK = b'{"model":"claude-sim-1","max_tokens":16,"messages":[{"role":"user","content":"Hello"}]}'


async def drain(house: House) -> None:
    while house.app.ledger.backlog:
        await house.app.ledger.drain()


async def test_what_a_key_used_today_and_this_month_is_told_to_its_holder(house: House) -> None:
    assert (await house.post(ASK)).status == 200
    await drain(house)
    found = await desk(house).get(ME, secret=house.api_key)
    for window in ("today", "this_month"):
        assert found[window]["requests"] == 1
        assert found[window]["output_tokens"] > 0
        assert float(found[window]["cost"]) > 0
        assert found[window]["starting_at"].endswith("T00:00:00Z")


async def test_what_a_persons_key_spends_is_spent_of_every_limit_above_it(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com")
    key, secret = await office.api_key(user_id=member.id)
    scopes = (
        {"type": "organization"},
        {"type": "user", "user_id": member.id},
        {"type": "api_key", "api_key_id": key.id},
    )
    for scope in scopes:
        for period in ("daily", "weekly", "monthly"):
            await office.post("/v1/organizations/spend_limits", {"scope": scope, "amount": "900", "period": period})
    await house.app.changes.look()
    assert (await house.post(ASK, x_api_key=secret)).status == 200
    assert (await house.post(ASK)).status == 200
    await drain(house)
    found = await office.get(ME, secret=secret)
    cost = found["today"]["cost"]
    assert found["this_month"] == {**found["today"], "starting_at": found["this_month"]["starting_at"]}
    shown = [each for each in found["spend_limits"] if each["scope"]["type"] != "organization"]
    assert {each["period_to_date_spend"] for each in shown} == {cost}
    for each in shown:
        assert Decimal(each["remaining"]) + Decimal(cost) == Decimal(each["amount"])
    rest = {each["remaining"] for each in found["spend_limits"] if each["scope"]["type"] == "organization"}
    assert all(Decimal(remaining) < Decimal(900) - Decimal(cost) for remaining in rest)
    rows = (await office.get(f"/v1/organizations/spend_limits/effective?user_ids[]={member.id}"))["data"]
    # the hosted shape of a summary has three places (SDK types/organization/spend_summary.py)
    assert [Decimal(row["period_to_date_spend"]) for row in rows] == [round(Decimal(cost), 3)] * 3


async def test_own_usage_and_the_reports_say_the_same_to_the_nano_dollar(house: House) -> None:
    office = desk(house)
    for _ in range(3):
        assert (await house.post(ASK)).status == 200
    await drain(house)
    own = await office.get(ME, secret=house.api_key)
    began = own["this_month"]["starting_at"]
    days = (await office.get(f"/v1/organizations/cost_report?starting_at={began}&limit=31"))["data"]
    (reported,) = [line["amount"] for day in days for line in day["results"]]
    assert own["this_month"]["cost"] == own["today"]["cost"] == reported
    assert len(reported.partition(".")[2]) > 3


async def test_a_person_sees_their_own_and_a_credential_of_nobody_is_refused(house: House) -> None:
    office = desk(house)
    member = await office.member("dev@example.com")
    await office.post(
        "/v1/organizations/spend_limits",
        {"scope": {"type": "user", "user_id": member.id}, "amount": "50"},
    )
    tokens = house.app.storage.tokens
    _, own = await tokens.mint(office.organization_id, "user:profile", 3600, OPERATOR, email=member.email)
    _, nobodys = await tokens.mint(office.organization_id, "user:profile", 3600, OPERATOR)
    await house.app.changes.look()
    found = await office.get(ME, secret=own.reveal())
    assert found["holder"] == {"type": "user", "api_key_id": None, "workspace_id": None, "user_id": member.id}
    assert [budget["amount"] for budget in found["spend_limits"]] == ["50"]
    assert (await office.ask("GET", ME, secret=nobodys.reveal())).status == 400
    assert (await office.ask("GET", ME)).status == 400
