"""Requests for higher spend limits, over the whole application: filed by persons, decided by administrators."""

import asyncio
import json
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.ids import Kind, parse
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.features.organizations.model import Member
from antechamber.features.workspaces.model import Workspace
from tests.api.conftest import House
from tests.api.limiting import OLD, Desk, desk, other_desk
from tests.asgi import Answer, call

PATH = "/v1/organizations/spend_limit_increase_requests"
OWN = "/v1/usage/me/spend_limit_increase_requests"
LIMITS = "/v1/organizations/spend_limits"


class Person:
    """A member with a key of their own."""

    def __init__(self, office: Desk, member: Member, secret: str) -> None:
        self.office, self.member, self.secret = office, member, secret

    @property
    def id(self) -> str:
        return self.member.id

    async def try_asking(self, **body: object) -> Answer:
        return await self.office.ask("POST", OWN, body, secret=self.secret)

    async def asks(self, **body: object) -> Any:  # noqa: ANN401 - JSON
        return await self.office.post(OWN, body, secret=self.secret)

    async def own(self) -> list[Any]:
        found: list[Any] = (await self.office.get(OWN, secret=self.secret))["data"]
        return found


async def room(office: Desk) -> Workspace:
    return await office.workspace("Room")


async def person(office: Desk, workspace: Workspace, name: str = "dev") -> Person:
    member = await office.member(f"{name}@example.com")
    members = office.house.app.storage.workspace_members
    await members.add(office.organization_id, workspace.id, member.id, WorkspaceRole.DEVELOPER, OPERATOR)
    _, secret = await office.api_key(name, workspace.id, member.id)
    return Person(office, member, secret)


async def limit(office: Desk, amount: str | None = "500", period: str = "monthly", user_id: str | None = None) -> None:
    scope = {"type": "organization"} if user_id is None else {"type": "user", "user_id": user_id}
    await office.post(LIMITS, {"scope": scope, "amount": amount, "period": period})


@pytest.fixture
async def asker(house: House) -> Person:
    """A person whom the organisation's limit holds."""
    office = desk(house)
    await limit(office)
    return await person(office, await room(office))


async def test_a_person_asks_and_sees_what_they_asked_for(asker: Person) -> None:
    made = await asker.asks(reason="a release", amount="2000")
    assert parse(Kind.INCREASE_REQUEST, made["id"])
    actor = {
        "type": "user_actor",
        "user_id": asker.id,
        "email_address": "dev@example.com",
        "name": "Dev",
        "deleted": False,
    }
    assert made == {
        "id": made["id"],
        "type": "spend_limit_increase_request",
        "actor": actor,
        "period": "monthly",
        "status": "pending",
        "requested_amount": "2000",
        "reason": "a release",
        "created_at": made["created_at"],
        "resolved_at": None,
        "resolved_by": None,
        "spend_summary": {
            "actor": actor,
            "scope": {"type": "user", "user_id": asker.id},
            "source": {"type": "organization"},
            "amount": "500",
            "currency": "USD",
            "period": "monthly",
            "period_to_date_spend": "0",
            "spend_limit_id": made["spend_summary"]["spend_limit_id"],
        },
    }
    assert await asker.own() == [made]
    for version in (OLD, "2026-10-21"):
        assert await asker.office.get(f"{PATH}/{made['id']}", version=version) == made
    assert await asker.office.get(PATH) == {"data": [made], "next_page": None}


async def test_only_a_person_whom_a_limit_holds_asks_once_for_more(house: House, asker: Person) -> None:
    office = asker.office
    nobody = await office.ask("POST", OWN, {}, secret=house.api_key)
    assert (nobody.status, "No person" in nobody.json()["error"]["message"]) == (400, True)
    assert (await office.ask("POST", OWN, {})).status == 403, "an administrator's key is nobody"
    for body in ({"period": "daily"}, {"amount": "500"}, {"amount": "1.5"}, {"reason": "r" * 2049}, {"other": 1}):
        assert (await asker.try_asking(**body)).status == 400, body
    first = await asker.asks()
    again = await asker.try_asking()
    assert again.status == 409
    error = again.json()["error"]
    assert error["details"]["error_code"] == "spend_limit_increase_request_pending"
    assert first["id"] in error["message"]
    await limit(office, "1", "daily")
    assert (await asker.asks(period="daily"))["period"] == "daily"


async def test_a_persons_token_asks_as_their_key_does(house: House, asker: Person) -> None:
    office, tokens = asker.office, house.app.storage.tokens
    _, secret = await tokens.mint(office.organization_id, "user:inference", 600, OPERATOR, email="dev@example.com")
    headers = {"authorization": f"Bearer {secret.reveal()}", "anthropic-version": OLD}
    answer = await call(house.app.shell, "POST", OWN, headers=headers, body=b"{}")
    assert answer.status == 200, answer.body
    assert await asker.own() == [answer.json()]
    _, secret = await tokens.mint(office.organization_id, "org:admin", 600, OPERATOR)
    headers["authorization"] = f"Bearer {secret.reveal()}"
    approve = json.dumps({"amount": "900"}).encode()
    path = f"{PATH}/{answer.json()['id']}/approve"
    approved = (await call(house.app.shell, "POST", path, headers=headers, body=approve)).json()
    assert (approved["status"], approved["resolved_by"]) == ("approved", None), "the wire has no name for the operator"


async def test_an_administrators_token_decides_in_their_name(house: House, asker: Person) -> None:
    made, office = await asker.asks(), asker.office
    boss = await office.member("boss@example.com", OrganizationRole.ADMIN)
    tokens = house.app.storage.tokens
    _, secret = await tokens.mint(office.organization_id, "org:admin", 600, OPERATOR, email=boss.email)
    headers = {"authorization": f"Bearer {secret.reveal()}", "anthropic-version": OLD}
    answer = await call(house.app.shell, "POST", f"{PATH}/{made['id']}/deny", headers=headers)
    assert answer.status == 200, answer.body
    assert answer.json()["resolved_by"]["user_id"] == boss.id


async def test_an_approval_sets_a_limit_of_the_persons_own(asker: Person) -> None:
    made = await asker.asks()
    office = asker.office
    approved = await office.post(f"{PATH}/{made['id']}/approve", {"amount": "9000"})
    assert (approved["status"], approved["spend_summary"]) == ("approved", None)
    assert approved["resolved_by"]["type"] == "scoped_api_key_actor"
    assert approved["resolved_at"] >= made["created_at"]
    assert approved["spend_limit"]["scope"] == {"type": "user", "user_id": asker.id}
    assert (approved["spend_limit"]["amount"], approved["spend_limit"]["period"]) == ("9000", "monthly")
    assert await office.get(f"{LIMITS}/{approved['spend_limit']['id']}") == approved["spend_limit"]
    shown = await office.get(f"{PATH}/{made['id']}")
    assert shown == {name: value for name, value in approved.items() if name != "spend_limit"}
    message = await office.refused(400, "POST", f"{PATH}/{made['id']}/approve", {"amount": "9000"})
    assert message.endswith("is approved already.")
    assert "is approved already" in await office.refused(400, "POST", f"{PATH}/{made['id']}/deny", {})
    assert (await asker.asks(amount="10000"))["spend_summary"]["source"] == {"type": "user", "user_id": asker.id}


async def test_an_approval_may_be_for_another_period(asker: Person) -> None:
    made = await asker.asks()
    approved = await asker.office.post(f"{PATH}/{made['id']}/approve", {"amount": "70", "period": "daily"})
    assert (approved["period"], approved["spend_limit"]["period"]) == ("monthly", "daily")


@pytest.mark.parametrize(
    "body", [{}, {"amount": None}, {"amount": "-1"}, {"amount": "5", "period": "yearly"}, {"amount": "5", "x": 1}]
)
async def test_an_approval_of_another_shape_is_refused(asker: Person, body: object) -> None:
    made = await asker.asks()
    await asker.office.refused(400, "POST", f"{PATH}/{made['id']}/approve", body)
    assert (await asker.own())[0]["status"] == "pending"


async def test_denying_twice_is_once_and_after_it_nothing_is_approved(asker: Person) -> None:
    made = await asker.asks()
    office = asker.office
    denied = await office.post(f"{PATH}/{made['id']}/deny", {})
    assert (denied["status"], denied["spend_summary"]) == ("denied", None)
    assert await office.post(f"{PATH}/{made['id']}/deny", {"suppress_notification": True}) == denied
    assert "is denied already" in await office.refused(400, "POST", f"{PATH}/{made['id']}/approve", {"amount": "9"})
    assert [kept["scope"]["type"] for kept in (await office.get(LIMITS))["data"]] == ["organization"]
    assert (await asker.asks())["status"] == "pending", "one may ask again"


async def test_the_list_is_filtered_and_goes_on_by_pages(asker: Person) -> None:
    office = asker.office
    other = await person(office, await room_of(office), "other")
    made = [await asker.asks(), await other.asks()]
    await office.post(f"{PATH}/{made[0]['id']}/deny", {})
    made.append(await asker.asks())
    newest = [each["id"] for each in reversed(made)]

    async def listed(query: str) -> list[str]:
        return [each["id"] for each in (await office.get(f"{PATH}?{query}"))["data"]]

    assert await listed("limit=100") == newest
    assert await listed(f"actor_ids[]={other.id}") == [made[1]["id"]]
    assert await listed("status[]=denied") == [made[0]["id"]]
    assert await listed("status[]=denied&status[]=pending") == newest
    assert await listed("actor_ids[]=nonsense") == []
    first = await office.get(f"{PATH}?limit=2")
    second = await office.get(f"{PATH}?limit=2&page={first['next_page']}")
    assert [each["id"] for each in (*first["data"], *second["data"])] == newest
    assert second["next_page"] is None
    await office.refused(400, "GET", f"{PATH}?limit=2&status[]=denied&page={first['next_page']}")
    for query in ("limit=0", "limit=101", "status[]=lost", "page=nonsense"):
        await office.refused(400, "GET", f"{PATH}?{query}")


async def room_of(office: Desk) -> Workspace:
    return await office.workspace("Another")


async def test_what_somebody_asked_who_has_left_is_gone(asker: Person) -> None:
    made = await asker.asks()
    office = asker.office
    await office.member("stays@example.com")
    await office.house.app.storage.members.dismiss(office.organization_id, asker.member.id, OPERATOR)
    assert (await office.get(PATH))["data"] == []
    for method, path, body in (
        ("GET", "", None),
        ("POST", "/approve", {"amount": "5"}),
        ("POST", "/deny", {}),
    ):
        message = await office.refused(404, method, f"{PATH}/{made['id']}{path}", body)
        assert message == f"Spend limit increase request {made['id']} not found."


async def test_another_organizations_request_is_not_found_in_the_same_words(house: House, asker: Person) -> None:
    made = await asker.asks()
    theirs = await other_desk(house)
    assert (await theirs.get(PATH))["data"] == []
    for method, path, body in (
        ("GET", "", None),
        ("POST", "/approve", {"amount": "5"}),
        ("POST", "/deny", {}),
    ):
        message = await theirs.refused(404, method, f"{PATH}/{made['id']}{path}", body)
        assert message == f"Spend limit increase request {made['id']} not found."
    await theirs.refused(404, "GET", f"{PATH}/nonsense")


async def test_a_decision_goes_out_by_mail_unless_it_is_suppressed(house: House, asker: Person) -> None:
    office = asker.office
    told = []
    for verb, body in (
        ("deny", {}),
        ("deny", {"suppress_notification": True}),
        ("approve", {"amount": "9", "suppress_notification": True}),
        ("approve", {"amount": "9"}),
    ):
        made = await asker.asks()
        await office.post(f"{PATH}/{made['id']}/{verb}", body)
        if "suppress_notification" not in body:
            told.append(made["id"])
    folder = house.app.storage.folder.mail
    async with asyncio.timeout(60):
        while not all((folder / f"{each}.eml").is_file() for each in told):  # noqa: ASYNC110 - a folder has no event
            await asyncio.sleep(0.05)
    assert sorted(path.stem for path in folder.glob("slir_*.eml")) == sorted(told)
    letters = [(folder / f"{each}.eml").read_text(encoding="utf-8") for each in told]
    assert all("To: dev@example.com" in letter for letter in letters)
    assert ["was denied" in letter for letter in letters] == [True, False]
    assert "was approved" in letters[1]


async def test_every_step_is_in_the_audit_log(asker: Person) -> None:
    office = asker.office
    first = await asker.asks(reason="because")
    await office.post(f"{PATH}/{first['id']}/deny", {})
    second = await asker.asks()
    await office.post(f"{PATH}/{second['id']}/approve", {"amount": "9"})
    activities = (await office.get("/v1/compliance/activities?limit=100"))["data"]
    ours = [each for each in reversed(activities) if each["type"].startswith("spend_limit_increase_")]
    names = ["requested", "denied", "requested", "approved"]
    assert [each["type"].rpartition("_")[2] for each in ours] == names
    assert {each["user_id"] for each in ours} == {asker.id}
    assert [each["actor"]["type"] for each in ours[:2]] == ["api_actor", "admin_api_key_actor"]
    assert "because" not in json.dumps(activities)
    assert any(
        each["type"] == "platform_spend_limit_created" and each.get("user_id") == asker.id for each in activities
    )
