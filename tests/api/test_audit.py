"""The audit log over the wire: the hosted feed's shape, its proof, and the refusals beside it."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.clock import from_rfc3339, to_rfc3339
from antechamber.base.errors import NotFound
from antechamber.base.ids import Kind, parse
from antechamber.base.permissions import OrganizationRole
from antechamber.database.engine import connection
from antechamber.features.audit.model import ActivityType
from tests.api.conftest import House
from tests.asgi import Answer, call

FEED = "/v1/compliance/activities"
NOBODY = f"user_01{'1' * 22}"


def admin_key(house: House) -> str:
    assert house.founded.admin_key is not None
    return house.founded.admin_key.reveal()


async def ask(house: House, target: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    sent = {"x-api-key": admin_key(house), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await call(house.app.shell, method, target, headers=sent, body=body)


async def read(house: House, target: str = FEED) -> Any:  # noqa: ANN401 - a document
    answer = await ask(house, target)
    assert answer.status == 200, answer.body
    return answer.json()


async def record(house: House, act: ActivityType, by: Actor = OPERATOR, **details: object) -> None:
    async with house.app.storage.database.begin() as unit:
        await house.app.storage.audit.record(unit, house.founded.organization_id, by, act, **details)


async def test_the_founding_and_its_keys_are_the_operators_first_acts(house: House) -> None:
    page = await read(house)
    assert [entry["type"] for entry in page["data"]] == [
        "platform_api_key_created",
        "admin_api_key_created",
        "organization_created",
    ]
    founding = page["data"][-1]
    assert page["last_id"] == parse(Kind.ACTIVITY, founding.pop("id"))
    created_at = founding.pop("created_at")
    assert to_rfc3339(from_rfc3339(created_at)) == created_at
    assert founding == {
        "type": "organization_created",
        "organization_id": house.founded.organization_id,
        "organization_uuid": house.founded.organization_id,
        "actor": {"type": "operator_actor", "token_id": None, "ip_address": None, "user_agent": None},
        "request_id": None,
        "name": "Acme",
        "workspace_id": house.founded.workspace_id,
    }
    assert (page["has_more"], page["first_id"]) == (False, page["data"][0]["id"])


async def test_an_act_over_the_wire_names_key_address_agent_and_request(house: House) -> None:
    answer = await ask(
        house,
        "/v1/organizations/workspaces",
        "POST",
        b'{"name":"Lab"}',
        anthropic_version="2023-06-01",
        user_agent="curl/8",
    )
    assert answer.status == 200, answer.body
    entry = (await read(house))["data"][0]
    assert (entry["type"], entry["workspace_id"]) == ("platform_workspace_created", answer.json()["id"])
    assert entry["request_id"] == answer.header("request-id")
    actor = entry["actor"]
    assert parse(Kind.ADMIN_KEY, actor.pop("admin_api_key_id"))
    assert actor == {"type": "admin_api_key_actor", "ip_address": "127.0.0.1", "user_agent": "curl/8"}


async def test_a_person_is_named_with_their_address_even_after_they_left(house: House) -> None:
    members, organization_id = house.app.storage.members, house.founded.organization_id
    ada = await members.add(organization_id, "ada@example.com", "Ada", OrganizationRole.DEVELOPER, OPERATOR)
    await members.add(organization_id, "bob@example.com", "Bob", OrganizationRole.USER, OPERATOR)
    await record(house, ActivityType.API_KEY_UPDATED, Actor(ActorKind.USER, ada.id, "192.0.2.1", "x"))
    await members.remove(organization_id, ada.id, OPERATOR)
    page = await read(house, f"{FEED}?actor_ids[]={ada.id}")
    assert [entry["actor"] for entry in page["data"]] == [
        {
            "type": "user_actor",
            "user_id": ada.id,
            "email_address": "ada@example.com",
            "ip_address": "192.0.2.1",
            "user_agent": "x",
        }
    ]


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (ActorKind.API, "api_key_id"),
        (ActorKind.ADMIN_API_KEY, "admin_api_key_id"),
        (ActorKind.USER, "user_id"),
        (ActorKind.UNAUTHENTICATED, "unauthenticated_email_address"),
        (ActorKind.SYSTEM, "service"),
        (ActorKind.OPERATOR, "token_id"),
    ],
)
async def test_each_kind_of_actor_is_shown_under_its_own_name(house: House, kind: ActorKind, named: str) -> None:
    await record(house, ActivityType.MEMBER_ADDED, Actor(kind, "somebody"))
    actor = (await read(house, f"{FEED}?limit=1"))["data"][0]["actor"]
    assert (actor["type"], actor[named]) == (kind.value, "somebody")
    assert {"ip_address", "user_agent"} <= actor.keys()


async def test_minting_a_token_is_recorded_without_its_text(house: House) -> None:
    token, secret = await house.app.storage.tokens.mint(house.founded.organization_id, "org:admin", 60, OPERATOR)
    answer = await ask(house, f"{FEED}?activity_types[]=access_token_minted")
    assert [entry["token_id"] for entry in answer.json()["data"]] == [token.id]
    assert secret.reveal() not in answer.body.decode()
    assert answer.json()["data"][0]["actor"]["type"] == "operator_actor"


async def test_the_feed_is_paged_both_ways(house: House) -> None:
    for number in range(3):
        await record(house, ActivityType.QUOTA_UPDATED, number=number)
    whole = [entry["id"] for entry in (await read(house))["data"]]
    assert len(whole) == 6
    first = await read(house, f"{FEED}?limit=2")
    assert ([entry["id"] for entry in first["data"]], first["has_more"]) == (whole[:2], True)
    second = await read(house, f"{FEED}?limit=2&after_id={first['last_id']}")
    assert [entry["id"] for entry in second["data"]] == whole[2:4]
    back = await read(house, f"{FEED}?limit=2&before_id={second['first_id']}")
    assert ([entry["id"] for entry in back["data"]], back["has_more"]) == (whole[:2], False)


async def test_the_feed_is_filtered_by_type_time_actor_and_organization(house: House) -> None:
    whole = (await read(house))["data"]
    middle = quote(whole[1]["created_at"])
    mine, theirs = house.founded.organization_id, "00000000-0000-4000-8000-000000000000"

    async def types(query: str) -> list[str]:
        return [entry["type"] for entry in (await read(house, f"{FEED}?{query}"))["data"]]

    api, admin, founded = (entry["type"] for entry in whole)
    assert await types(f"activity_types[]={api}&activity_types[]={founded}") == [api, founded]
    assert await types("activity_types%5B%5D=claude_chat_created") == []
    assert await types(f"exclude_activity_types[]={admin}") == [api, founded]
    assert await types(f"created_at.gte={middle}") == [api, admin]
    assert await types(f"created_at.gt={middle}") == [api]
    assert await types(f"created_at.lte={middle}") == [admin, founded]
    assert await types(f"created_at.lt={middle}") == [founded]
    assert await types(f"created_at.lt={middle}&created_at.gte={middle}") == []
    assert await types(f"organization_ids[]={mine}&organization_ids[]={theirs}") == [api, admin, founded]
    assert await types(f"organization_ids[]={theirs}") == []
    assert await types("actor_ids[]=nobody") == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit: "),
        ("limit=5001", "limit: "),
        ("created_at.gte=yesterday", "created_at.gte: 'yesterday' is not an RFC 3339"),
        ("created_at.lte=2026", "created_at.lte: "),
        ("after_id=a&before_id=b", "after_id, before_id: only one"),
        (f"after_id=activity_01{'1' * 22}", "after_id: there is no "),
        ("activity_types[]=a&exclude_activity_types[]=b", "exclude_activity_types: cannot be combined"),
        ("types=a", "types: Extra inputs are not permitted"),
    ],
)
async def test_what_the_feed_does_not_take_is_400_and_named(house: House, query: str, message: str) -> None:
    answer = await ask(house, f"{FEED}?{query}")
    assert answer.status == 400
    assert answer.json()["error"]["message"].startswith(message)


async def test_no_version_header_is_asked_for_and_none_is_in_the_way(house: House) -> None:
    for version in ("2023-06-01", "2026-10-21", "2026-03-29"):
        assert (await ask(house, FEED, anthropic_version=version)).status == 200
    assert (await ask(house, FEED)).status == 200


async def test_an_organisation_sees_nothing_of_anothers_log(house: House) -> None:
    other = await house.app.storage.founder.found("Other", None, admin_key=True, api_key=False)
    assert other.admin_key is not None
    answer = await call(house.app.shell, "GET", FEED, headers={"x-api-key": other.admin_key.reveal()})
    assert {entry["organization_id"] for entry in answer.json()["data"]} == {other.organization_id}
    theirs = answer.json()["first_id"]
    assert (await ask(house, f"{FEED}?after_id={theirs}")).status == 400


async def test_a_refused_act_leaves_no_trace_in_the_chain(house: House) -> None:
    before = (await read(house))["first_id"]
    with pytest.raises(NotFound):
        await house.app.storage.members.remove(house.founded.organization_id, NOBODY, OPERATOR)  # type: ignore[arg-type] # an id of nothing
    assert (
        await ask(house, f"/v1/organizations/users/{NOBODY}", "DELETE", anthropic_version="2023-06-01")
    ).status == 404
    assert (await read(house))["first_id"] == before


async def test_the_log_is_proven_with_a_head_to_compare_later(house: House) -> None:
    verdict = await read(house, f"{FEED}/verify")
    newest = (await read(house))["first_id"]
    assert verdict == {
        "type": "audit_verification",
        "ok": True,
        "activities": 3,
        "head_id": newest,
        "head_mark": verdict["head_mark"],
        "problem": None,
    }
    await record(house, ActivityType.QUOTA_UPDATED)
    noted = f"{newest}:{verdict['head_mark']}"
    assert (await read(house, f"{FEED}/verify?expect={noted}"))["ok"] is True
    missing = await read(house, f"{FEED}/verify?expect=activity_01{'1' * 22}:{verdict['head_mark']}")
    assert (missing["ok"], missing["problem"]["code"]) == (False, "expected_missing")
    assert (await ask(house, f"{FEED}/verify?expect=nonsense")).status == 400


async def test_a_row_that_was_removed_shows_on_the_wire(house: House) -> None:
    async with house.app.storage.database.begin() as unit:
        await connection(unit).execute(text("DROP TRIGGER activities_stay"))
        await connection(unit).execute(text("DELETE FROM activities WHERE sequence = 2"))
    verdict = await read(house, f"{FEED}/verify")
    assert (verdict["ok"], verdict["activities"]) == (False, 1)
    assert verdict["problem"] == {
        "code": "activity_missing",
        "sequence": 2,
        "activity_id": None,
        "message": "Activity number 2 is missing.",
    }


async def refusals(house: House, query: str = "") -> list[dict[str, Any]]:
    await house.app.refusals.refusals.flush()
    found: list[dict[str, Any]] = (await read(house, f"/v1/compliance/refusals{query}"))["data"]
    return found


async def test_refusals_are_counted_by_route_with_the_last_as_sample(house: House) -> None:
    path = "/v1/organizations/users/sk-ant-secret"
    first = await call(house.app.shell, "GET", path, headers={"user-agent": "y"})
    answer = await call(house.app.shell, "GET", path, headers={"user-agent": "x"})
    assert (first.status, answer.status) == (401, 401)
    denied = await house.post(b"{}", "/v1/organizations/workspaces")
    assert denied.status == 403
    key, nobody = sorted(await refusals(house), key=lambda entry: str(entry["status"]), reverse=True)
    assert nobody == {
        "type": "refusal_count",
        "hour": nobody["hour"],
        "organization_id": None,
        "status": 401,
        "method": "GET",
        "path": "/v1/organizations/users/{user_id}",
        "principal_id": None,
        "count": 2,
        "last_at": nobody["last_at"],
        "last": {"ip_address": "127.0.0.1", "user_agent": "x", "request_id": answer.header("request-id")},
    }
    assert (key["status"], key["count"], key["path"]) == (403, 1, "/v1/organizations/workspaces")
    assert key["organization_id"] == house.founded.organization_id
    assert parse(Kind.API_KEY, key["principal_id"])
    assert key["last"]["request_id"] == denied.header("request-id")
    assert "sk-ant" not in json.dumps([key, nobody])
    assert [entry["status"] for entry in await refusals(house, "?statuses[]=403")] == [403]
    assert await refusals(house, "?created_at.lt=2020-01-01T00:00:00Z") == []


async def test_refusals_of_models_and_of_files_that_are_not_there_are_told_apart(house: House) -> None:
    assert (await house.post(b"{}", x_api_key=admin_key(house))).status == 403
    assert (await house.post(b"{}")).status == 400
    assert (await ask(house, "/v1/nothing")).status == 404
    assert [(entry["status"], entry["path"]) for entry in await refusals(house)] == [(403, "/v1/messages")]


async def test_refusals_of_nobody_are_hidden_once_there_are_two_organisations(house: House) -> None:
    assert (await call(house.app.shell, "GET", FEED)).status == 401
    assert len(await refusals(house)) == 1
    await house.app.storage.founder.found("Other", None, admin_key=False, api_key=False)
    assert await refusals(house) == []


@pytest.mark.parametrize("query", ["?page=nonsense", "?limit=0", "?limit=1001", "?statuses[]=200", "?statuses[]=x"])
async def test_what_the_list_of_refusals_does_not_take_is_400(house: House, query: str) -> None:
    assert (await ask(house, f"/v1/compliance/refusals{query}")).status == 400


async def test_refusals_are_kept_over_a_stop(house: House) -> None:
    assert (await call(house.app.shell, "GET", FEED)).status == 401
    await house.app.refusals.stop()
    assert house.app.refusals.refusals.waiting == 0
    assert [entry["count"] for entry in await refusals(house)] == [1]
    house.app.refusals.start()
