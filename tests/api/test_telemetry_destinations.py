"""Telemetry destinations over the wire, as the SDKs' types have them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from antechamber.base.actor import OPERATOR
from antechamber.base.permissions import OrganizationRole
from antechamber.database.engine import connection
from tests.api.observing import BETA, NOTHING, ROOT, URL, Observatory, observatory

SECRET = "Bearer very-secret-value"
NOBODY = f"tdst_{NOTHING}"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Observatory]:
    async with observatory(tmp_path) as opened:
        yield opened


def changes(act: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {each["type"]: (each["previous_value"], each["current_value"]) for each in act["updates"]}


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
async def test_a_destination_has_the_documented_shape_and_shows_no_value(office: Observatory, version: str) -> None:
    office.version = version
    made = await office.destination(display_name="Acme", headers={"authorization": SECRET, "x-team": "a"})
    stamp = made.pop("created_at")
    assert made.pop("updated_at") == stamp
    assert made.pop("id").startswith("tdst_01")
    assert made == {
        "type": "telemetry_destination",
        "display_name": "Acme",
        "endpoint_url": URL,
        "header_names": ["authorization", "x-team"],
        "traces": {
            "content_mode": "metadata_only",
            "enabled": True,
            "endpoint_url": None,
            "max_content_bytes": None,
        },
        "workspaces": {"type": "all"},
        "state": {"type": "enabled"},
        "delivery_health": {"last_error": None, "last_error_at": None, "last_success_at": None},
    }


@pytest.mark.parametrize("beta", [None, "webhooks-2026-10-07", "telemetry-destinations-2025-01-01"])
async def test_without_the_beta_there_is_nothing(office: Observatory, beta: str | None) -> None:
    known = (await office.destination())["id"]
    office.beta = beta
    for method, path in (
        ("GET", ROOT),
        ("POST", ROOT),
        ("GET", f"{ROOT}/{known}"),
        ("DELETE", f"{ROOT}/{known}"),
        ("POST", f"{ROOT}/{known}/test"),
        ("GET", f"{ROOT}/{known}/workspaces"),
    ):
        refusal = await office.refused(404, method, path, {} if method == "POST" and path == ROOT else None)
        assert BETA in refusal


async def test_the_beta_is_found_among_others(office: Observatory) -> None:
    office.beta = f"files-api-2025-04-14, {BETA}"
    assert (await office.get(ROOT)) == {"data": [], "next_page": None}


async def test_header_values_are_sealed_in_the_database_and_told_nowhere(office: Observatory) -> None:
    made = await office.destination(headers={"authorization": SECRET})
    answer = await office.ask("GET", f"{ROOT}/{made['id']}")
    assert SECRET.encode() not in answer.body
    async with office.app.storage.database.read() as unit:
        query = text("SELECT sealed_headers FROM telemetry_destinations")
        sealed = bytes((await connection(unit).execute(query)).scalar_one())
    assert b"secret" not in sealed
    feed = await office.ask("GET", "/v1/compliance/activities")
    assert b"very-secret" not in feed.body


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"endpoint_url": "http://gateway.example.com"}, "endpoint_url"),
        ({"endpoint_url": "https://gateway.example.com:4318"}, "endpoint_url"),
        ({"endpoint_url": "https://10.0.0.1"}, "endpoint_url"),
        ({"endpoint_url": "https://localhost"}, "endpoint_url"),
        ({"endpoint_url": "https://user:word@gateway.example.com"}, "endpoint_url"),
        ({"endpoint_url": "https://gateway.example.com/?a=b"}, "endpoint_url"),
        ({"endpoint_url": "https://gateway.example.com/#a"}, "endpoint_url"),
        ({"endpoint_url": f"https://gateway.example.com/{'a' * 2048}"}, "endpoint_url"),
        ({"endpoint_url": "nothing"}, "endpoint_url"),
        ({"endpoint_url": "https://[::1/"}, "endpoint_url"),
        ({"endpoint_url": 5}, "endpoint_url"),
        ({"display_name": ""}, "display_name"),
        ({"display_name": "a" * 256}, "display_name"),
        ({"headers": {"host": "a"}}, "host"),
        ({"headers": {"Cookie": "a"}}, "Cookie"),
        ({"headers": {"user_agent": "a"}}, "user_agent"),
        ({"headers": {"content-type": "a"}}, "content-type"),
        ({"headers": {"X_Forwarded_For": "a"}}, "X_Forwarded_For"),
        ({"headers": {"anthropic-key": "a"}}, "anthropic-key"),
        ({"headers": {"a b": "a"}}, "headers"),
        ({"headers": {"": "a"}}, "headers"),
        ({"headers": {"a" * 129: "a"}}, "headers"),
        ({"headers": {"x-a": "1", "X-A": "2"}}, "X-A"),
        ({"headers": {"x-a": "a\r\nb: c"}}, "x-a"),
        ({"headers": {"x-a": " a"}}, "x-a"),
        ({"headers": {"x-a": "ü"}}, "x-a"),
        ({"headers": {"x-a": "a" * 4097}}, "x-a"),
        ({"headers": {"x-a": None}}, "x-a"),
        ({"headers": {f"x-{number}": "a" for number in range(21)}}, "headers"),
        ({"headers": {f"x-{number}": "a" * 4096 for number in range(4)}}, "headers"),
        ({"traces": {"content_mode": "content"}}, "traces.content_mode"),
        ({"traces": {"content_mode": "all"}}, "content_mode"),
        ({"traces": {"max_content_bytes": 0}}, "traces.max_content_bytes"),
        ({"traces": {"max_content_bytes": (1 << 20) + 1}}, str(1 << 20)),
        ({"traces": {"endpoint_url": "https://other.example.com/traces"}}, "traces.endpoint_url"),
        ({"traces": {"endpoint_url": "http://gateway.example.com/traces"}}, "traces.endpoint_url"),
        ({"traces": {"enabled": None}}, "enabled"),
        ({"traces": {"metrics": True}}, "metrics"),
        ({"workspaces": {"type": "all", "workspace_ids": []}}, "workspace_ids"),
        ({"workspaces": {"type": "some"}}, "workspaces"),
        ({"workspaces": {}}, "workspaces"),
        ({"workspaces": {"type": "include", "workspace_ids": [f"wrkspc_{NOTHING}"]}}, f"wrkspc_{NOTHING}"),
        ({"workspaces": {"type": "include", "workspace_ids": ["nonsense"]}}, "nonsense"),
        ({"workspaces": {"type": "include", "workspace_ids": [f"wrkspc_{NOTHING}"] * 101}}, "100"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_name(
    office: Observatory, fields: dict[str, object], named: str
) -> None:
    body = {"endpoint_url": URL, "workspaces": {"type": "all"}, **fields}
    refusal = await office.refused(400, "POST", ROOT, body)
    assert named in refusal
    assert (await office.get(ROOT))["data"] == []


async def test_contents_are_refused_with_a_code_of_their_own(office: Observatory) -> None:
    body = {"endpoint_url": URL, "workspaces": {"type": "all"}, "traces": {"content_mode": "content"}}
    answer = await office.ask("POST", ROOT, body)
    assert answer.status == 400
    assert answer.json()["error"]["details"] == {"error_code": "content_mode_not_available"}


async def test_the_eleventh_is_refused_and_disabled_ones_count(office: Observatory) -> None:
    made = [(await office.destination(f"https://h{number}.example.com"))["id"] for number in range(10)]
    await office.post(f"{ROOT}/{made[0]}", {"state": {"type": "disabled"}})
    body = {"endpoint_url": URL, "workspaces": {"type": "all"}}
    assert "10" in await office.refused(400, "POST", ROOT, body)
    await office.delete(f"{ROOT}/{made[0]}")
    await office.destination()


async def test_the_list_is_newest_first_and_pages_lead_on(office: Observatory) -> None:
    made = [(await office.destination(f"https://h{number}.example.com"))["id"] for number in range(3)]
    first = await office.get(f"{ROOT}?limit=2")
    assert [each["id"] for each in first["data"]] == made[:0:-1]
    last = await office.get(f"{ROOT}?limit=2&page={first['next_page']}")
    assert ([each["id"] for each in last["data"]], last["next_page"]) == (made[:1], None)
    named = await office.refused(400, "GET", f"{ROOT}?page={first['next_page']}&workspace_ids[]=wrkspc_{NOTHING}")
    assert "cursor" in named
    assert "limit" in await office.refused(400, "GET", f"{ROOT}?limit=1001")
    assert "page" in await office.refused(400, "GET", f"{ROOT}?page=page_nonsense")


async def test_the_list_is_narrowed_to_what_covers_a_workspace(office: Observatory) -> None:
    one, two = await office.workspace("One"), await office.workspace("Two")
    everything = (await office.destination())["id"]
    only = (await office.destination(workspaces={"type": "include", "workspace_ids": [one]}))["id"]
    but = (await office.destination(workspaces={"type": "exclude", "workspace_ids": [one]}))["id"]

    async def covering(*ids: str) -> set[str]:
        query = "&".join(f"workspace_ids[]={each}" for each in ids)
        return {each["id"] for each in (await office.get(f"{ROOT}?{query}"))["data"]}

    assert await covering(one) == {everything, only}
    assert await covering(two) == {everything, but}
    assert await covering(one, two) == {everything, only, but}
    assert await covering(f"wrkspc_{NOTHING}", "nonsense") == set()


async def test_a_change_says_only_what_it_says(office: Observatory) -> None:
    made = await office.destination(display_name="Old", headers={"x-a": "1"}, traces={"max_content_bytes": 100})
    path = f"{ROOT}/{made['id']}"
    assert "at least one field" in await office.refused(400, "POST", path, {})
    changed = await office.post(path, {"display_name": None})
    assert changed["display_name"] is None
    kept = {**made, "display_name": None, "updated_at": changed["updated_at"]}
    assert changed == kept
    assert changed["updated_at"] > made["updated_at"]
    same = await office.post(path, {"display_name": None})
    assert same == changed
    changed = await office.post(path, {"traces": {"enabled": False}})
    assert changed["traces"] == {**made["traces"], "enabled": False}
    changed = await office.post(path, {"traces": None})
    assert changed["traces"] == {**made["traces"], "max_content_bytes": None}
    for field in ("headers", "state", "workspaces", "endpoint_url"):
        assert field in await office.refused(400, "POST", path, {field: None})


async def test_headers_are_merged_by_name(office: Observatory) -> None:
    made = await office.destination(headers={"Authorization": "one", "x-a": "1", "x-b": "2"})
    path = f"{ROOT}/{made['id']}"
    assert "endpoint_url" in await office.refused(400, "POST", path, {"headers": {"x-a": "3"}})
    changed = await office.post(path, {"endpoint_url": URL, "headers": {"authorization": "two", "X-B": None}})
    assert sorted(changed["header_names"]) == ["authorization", "x-a"]
    changed = await office.post(path, {"headers": {"x-a": None}})
    assert changed["header_names"] == ["authorization"]
    again = await office.post(path, {"endpoint_url": URL, "headers": {"authorization": "two"}})
    assert again["updated_at"] > changed["updated_at"]


async def test_what_is_not_sent_again_counts_with_its_longest_length(office: Observatory) -> None:
    made = await office.destination(headers={f"x-{number}": "a" for number in range(4)})
    path, new = f"{ROOT}/{made['id']}", {"x-new": "b"}
    assert "4096" in await office.refused(400, "POST", path, {"endpoint_url": URL, "headers": new})
    everything = {f"x-{number}": "a" for number in range(4)} | new
    changed = await office.post(path, {"endpoint_url": URL, "headers": everything})
    assert len(changed["header_names"]) == 5


async def test_headers_go_to_no_other_host_unasked(office: Observatory) -> None:
    made = await office.destination(headers={"authorization": SECRET})
    path = f"{ROOT}/{made['id']}"
    moved = await office.post(path, {"endpoint_url": "https://gateway.example.com/elsewhere"})
    assert moved["header_names"] == ["authorization"]
    moved = await office.post(path, {"endpoint_url": "https://other.example.com"})
    assert moved["header_names"] == []
    moved = await office.post(path, {"endpoint_url": URL, "headers": {"x-new": "a"}})
    assert moved["header_names"] == ["x-new"]


async def test_an_address_for_traces_moves_with_its_host(office: Observatory) -> None:
    traces = "https://gateway.example.com/custom"
    made = await office.destination(traces={"endpoint_url": traces})
    path = f"{ROOT}/{made['id']}"
    assert made["traces"]["endpoint_url"] == traces
    other = {"endpoint_url": "https://other.example.com"}
    assert "traces.endpoint_url" in await office.refused(400, "POST", path, other)
    moved = await office.post(path, {**other, "traces": {"endpoint_url": None}})
    assert (moved["endpoint_url"], moved["traces"]["endpoint_url"]) == (other["endpoint_url"], None)


async def test_a_caller_disables_and_enables(office: Observatory) -> None:
    made = await office.destination()
    path = f"{ROOT}/{made['id']}"
    disabled = {"type": "disabled", "reason": {"type": "caller"}}
    assert (await office.post(path, {"state": {"type": "disabled"}}))["state"] == disabled
    assert (await office.post(path, {"state": {"type": "disabled"}}))["state"] == disabled
    assert (await office.post(path, {"state": {"type": "enabled"}}))["state"] == {"type": "enabled"}


async def test_a_list_is_replaced_kept_or_begun_anew(office: Observatory) -> None:
    one, two = await office.workspace("One"), await office.workspace("Two")
    made = await office.destination(workspaces={"type": "include", "workspace_ids": [one, one]})
    path = f"{ROOT}/{made['id']}"

    async def listed() -> dict[str, str]:
        page = await office.get(f"{path}/workspaces")
        return {entry["workspace_id"]: entry["created_at"] for entry in page["data"]}

    first = await listed()
    assert list(first) == [one]
    same = await office.post(path, {"workspaces": {"type": "include"}})
    assert (await listed(), same["updated_at"]) == (first, made["updated_at"])
    await office.post(path, {"workspaces": {"type": "include", "workspace_ids": [two, one]}})
    both = await listed()
    assert (set(both), both[one]) == ({one, two}, first[one])
    await office.post(path, {"workspaces": {"type": "exclude"}})
    assert await listed() == {}
    await office.post(path, {"workspaces": {"type": "exclude", "workspace_ids": [two]}})
    assert list(await listed()) == [two]
    changed = await office.post(path, {"workspaces": {"type": "all"}})
    assert (changed["workspaces"], await listed()) == ({"type": "all"}, {})


async def test_workspaces_join_and_leave_a_list_one_by_one(office: Observatory) -> None:
    one, two = await office.workspace("One"), await office.workspace("Two")
    made = await office.destination(workspaces={"type": "include"})
    path = f"{ROOT}/{made['id']}/workspaces"
    entry = await office.post(f"{path}/{one}")
    assert entry == {
        "type": "telemetry_destination_workspace",
        "telemetry_destination_id": made["id"],
        "workspace_id": one,
        "created_at": entry["created_at"],
    }
    assert await office.post(f"{path}/{one}") == entry
    await office.post(f"{path}/{two}")
    first = await office.get(f"{path}?limit=1")
    last = await office.get(f"{path}?limit=1&page={first['next_page']}")
    assert [first["data"][0]["workspace_id"], last["data"][0]["workspace_id"]] == [two, one]
    assert last["next_page"] is None
    assert await office.delete(f"{path}/{one}") == {
        "type": "telemetry_destination_workspace_deleted",
        "telemetry_destination_id": made["id"],
        "workspace_id": one,
    }
    assert one in await office.refused(404, "DELETE", f"{path}/{one}")
    assert (await office.get(f"{ROOT}/{made['id']}"))["updated_at"] == made["updated_at"]


async def test_archived_workspaces_stay_on_a_list_but_join_none(office: Observatory) -> None:
    kept, late = await office.workspace("Kept"), await office.workspace("Late")
    made = await office.destination(workspaces={"type": "include", "workspace_ids": [kept]})
    path = f"{ROOT}/{made['id']}"
    for workspace_id in (kept, late):
        await office.archive(workspace_id)
    await office.post(path, {"workspaces": {"type": "include", "workspace_ids": [kept]}})
    assert "archived" in await office.refused(400, "POST", f"{path}/workspaces/{late}")
    body = {"workspaces": {"type": "include", "workspace_ids": [kept, late]}}
    assert "archived" in await office.refused(400, "POST", path, body)
    await office.post(f"{path}/workspaces/{kept}")
    await office.delete(f"{path}/workspaces/{kept}")


async def test_one_that_covers_everything_has_no_list(office: Observatory) -> None:
    workspace_id = await office.workspace("One")
    made = await office.destination()
    path = f"{ROOT}/{made['id']}/workspaces"
    assert (await office.get(path)) == {"data": [], "next_page": None}
    for method in ("POST", "DELETE"):
        assert "no list" in await office.refused(400, method, f"{path}/{workspace_id}")


async def test_a_removed_one_is_gone(office: Observatory) -> None:
    made = await office.destination(workspaces={"type": "include"})
    path = f"{ROOT}/{made['id']}"
    assert await office.delete(path) == {"id": made["id"], "type": "telemetry_destination_deleted"}
    for method in ("GET", "DELETE"):
        assert made["id"] in await office.refused(404, method, path)


async def test_another_organizations_is_as_one_that_is_not_there(office: Observatory) -> None:
    made = await office.destination(workspaces={"type": "include"})
    storage = office.app.storage
    other = Observatory(office.app, await storage.founder.found("Other", None, admin_key=True, api_key=False))
    own = await other.workspace("Own")
    for destination_id in (made["id"], NOBODY, "nonsense"):
        path = f"{ROOT}/{destination_id}"
        for method, target, body in (
            ("GET", path, None),
            ("POST", path, {"display_name": "Mine"}),
            ("DELETE", path, None),
            ("POST", f"{path}/test", None),
            ("GET", f"{path}/workspaces", None),
            ("POST", f"{path}/workspaces/{own}", None),
            ("DELETE", f"{path}/workspaces/{own}", None),
        ):
            refusal = await other.refused(404, method, target, body)
            assert refusal == f"Telemetry destination not found: {destination_id}"
    assert "not found" in (await office.refused(404, "POST", f"{ROOT}/{made['id']}/workspaces/{own}")).lower()
    assert (await other.get(ROOT))["data"] == []


async def test_developers_see_destinations_and_administrators_change_them(office: Observatory) -> None:
    storage, organization = office.app.storage, office.founded.organization_id
    member = await storage.members.add(organization, "dev@example.com", "Dev", OrganizationRole.DEVELOPER, OPERATOR)
    async with storage.database.begin() as unit:
        _, token = await storage.tokens.issue(
            unit, organization, scope="user:developer", ttl_seconds=600, user_id=member.id
        )
    assert (await office.ask("GET", ROOT, key=token.reveal())).status == 200
    body = {"endpoint_url": URL, "workspaces": {"type": "all"}}
    assert (await office.ask("POST", ROOT, body, key=token.reveal())).status == 403
    assert office.founded.api_key is not None
    assert (await office.ask("GET", ROOT, key=office.founded.api_key.reveal())).status == 403


async def test_every_act_is_in_the_audit_log(office: Observatory) -> None:
    workspace_id = await office.workspace("One")
    made = await office.destination(workspaces={"type": "include"}, headers={"x-a": "secret-a"})
    path = f"{ROOT}/{made['id']}"
    await office.post(f"{path}/workspaces/{workspace_id}")
    await office.delete(f"{path}/workspaces/{workspace_id}")
    await office.post(path, {"state": {"type": "disabled"}, "endpoint_url": URL, "headers": {"x-b": "secret-b"}})
    await office.delete(path)
    (created,) = await office.acts("telemetry_destination_created")
    assert (created["telemetry_destination_id"], created["endpoint_url"]) == (made["id"], URL)
    (updated,) = await office.acts("telemetry_destination_updated")
    assert changes(updated) == {
        "header_names": ('["x-a"]', '["x-a","x-b"]'),
        "state": ("enabled", "disabled"),
    }
    assert updated["header_values_set"] is True
    for kind in ("workspace_added", "workspace_removed"):
        (act,) = await office.acts(f"telemetry_destination_{kind}")
        assert (act["telemetry_destination_id"], act["workspace_id"]) == (made["id"], workspace_id)
    assert len(await office.acts("telemetry_destination_deleted")) == 1
