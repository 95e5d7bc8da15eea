"""Workspaces on the wire, as the published Admin API has them (wire-admin.md 2.4)."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest

from antechamber.base.ids import Kind, parse
from tests.api.conftest import House
from tests.asgi import Answer, call

ROOT = "/v1/organizations/workspaces"
VERSIONS = ("2023-06-01", "2026-10-21")
FIELDS = {
    "id", "type", "name", "display_color", "created_at", "archived_at", "compartment_id", "data_residency",
    "external_key_id", "tags", "user_profile_id",
}  # fmt: skip


async def ask(
    house: House, method: str, path: str, body: object = None, version: str = VERSIONS[1], **headers: str
) -> Answer:
    """Send a request with the admin key; `body` None sends none, bytes are sent as they are."""
    assert house.founded.admin_key is not None
    sent = {"x-api-key": house.founded.admin_key.reveal(), "anthropic-version": version}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return await call(house.app.shell, method, path, headers=sent, body=raw)


async def make(house: House, name: str = "Production", **fields: object) -> dict[str, Any]:
    answer = await ask(house, "POST", ROOT, {"name": name, **fields})
    assert answer.status == 200, answer.body
    made: dict[str, Any] = answer.json()
    return made


async def update(house: House, workspace: dict[str, Any], **fields: object) -> Answer:
    return await ask(house, "POST", f"{ROOT}/{workspace['id']}", fields)


async def names(house: House, query: str = "") -> list[str]:
    answer = await ask(house, "GET", f"{ROOT}{query}")
    assert answer.status == 200, answer.body
    return [workspace["name"] for workspace in answer.json()["data"]]


def refused(answer: Answer, status: int, kind: str, words: str = "", code: str | None = None) -> dict[str, Any]:
    assert answer.status == status, answer.body
    error: dict[str, Any] = answer.json()["error"]
    assert error["type"] == kind, error
    assert words in error["message"], error
    assert error.get("details", {}).get("error_code") == code, error
    return error


def invalid(answer: Answer, words: str = "", code: str | None = None) -> dict[str, Any]:
    return refused(answer, 400, "invalid_request_error", words, code)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_workspace_has_the_documented_shape_in_both_versions(house: House, version: str) -> None:
    made = (await ask(house, "POST", ROOT, {"name": "Production"}, version)).json()
    assert made.keys() == FIELDS
    assert parse(Kind.WORKSPACE, made["id"])
    assert (made["type"], made["name"], made["archived_at"]) == ("workspace", "Production", None)
    assert made["created_at"].endswith("Z")
    assert made["display_color"].startswith("#")
    assert made["data_residency"] == {
        "workspace_geo": "us",
        "allowed_inference_geos": "unrestricted",
        "default_inference_geo": "global",
    }
    assert (made["external_key_id"], made["user_profile_id"], made["tags"]) == (None, None, {})
    assert (await ask(house, "GET", f"{ROOT}/{made['id']}", version=version)).json() == made


async def test_everything_can_be_said_at_creation(house: House) -> None:
    residency = {"workspace_geo": "us", "allowed_inference_geos": ["us"], "default_inference_geo": "us"}
    made = await make(house, display_color="#ABCDEF", tags={"team": "a"}, data_residency=residency)
    assert (made["display_color"], made["tags"], made["data_residency"]) == ("#ABCDEF", {"team": "a"}, residency)


async def test_null_is_the_default_at_creation(house: House) -> None:
    made = await make(
        house, display_color=None, tags=None, data_residency=None, external_key_id=None, user_profile_id=None
    )
    assert (made["tags"], made["data_residency"]["allowed_inference_geos"]) == ({}, "unrestricted")


async def test_the_published_curl_works_though_it_calls_json_a_form(house: House) -> None:
    form = "application/x-www-form-urlencoded"
    made = await ask(house, "POST", ROOT, b'{"name": "Production"}', VERSIONS[0], content_type=form)
    assert made.status == 200
    path = f"{ROOT}/{made.json()['id']}/archive"
    assert (await ask(house, "POST", path, None, VERSIONS[0])).json()["archived_at"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "name: Field required"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"name": ""}, "name: must be 1 to 40"),
        ({"name": "x" * 41}, "name: must be 1 to 40"),
        ({"name": "x", "colour": "#000000"}, "colour: Extra inputs are not permitted"),
        ({"name": "x", "display_color": "red"}, "display_color: must be a hex color code"),
        ({"name": "x", "tags": {"a": 1}}, "tags.a"),
        ({"name": "x", "tags": {"a": None}}, "tags.a"),
        ({"name": "x", "tags": {"anthropic-a": "b"}}, "keys may not begin with `anthropic`"),
        ({"name": "x", "data_residency": {"workspace_geo": "eu"}}, "workspace_geo"),
        ({"name": "x", "data_residency": {"default_inference_geo": "eu"}}, "default_inference_geo"),
        ({"name": "x", "data_residency": {"allowed_inference_geos": "all"}}, "allowed_inference_geos"),
        ({"name": "x", "data_residency": {"allowed_inference_geos": []}}, "at least one geo"),
        ({"name": "x", "data_residency": {"allowed_inference_geos": ["us"]}}, "global is not one of"),
    ],
)
async def test_a_bad_draft_is_refused(house: House, body: dict[str, Any], words: str) -> None:
    invalid(await ask(house, "POST", ROOT, body), words)
    assert await names(house) == []


async def test_an_update_takes_any_subset(house: House) -> None:
    workspace = await make(house, tags={"team": "a", "tier": "1"})
    changes: list[dict[str, Any]] = [
        {"name": "Renamed"},
        {"display_color": "#010203"},
        {"tags": {"tier": None, "new": "x"}},
        {"data_residency": {"default_inference_geo": "us"}},
        {"data_residency": {"allowed_inference_geos": ["us"]}},
        {},
    ]
    for change in changes:
        answer = await update(house, workspace, **change)
        assert answer.status == 200, answer.body
    changed = (await ask(house, "GET", f"{ROOT}/{workspace['id']}")).json()
    assert changed == workspace | {
        "name": "Renamed",
        "display_color": "#010203",
        "tags": {"team": "a", "new": "x"},
        "data_residency": {
            "workspace_geo": "us",
            "allowed_inference_geos": ["us"],
            "default_inference_geo": "us",
        },
    }


async def test_null_tags_and_null_data_residency_leave_them_as_they_are(house: House) -> None:
    workspace = await make(house, tags={"team": "a"})
    nulls = {"allowed_inference_geos": None, "default_inference_geo": None}
    changes: list[dict[str, Any]] = [{"tags": None, "data_residency": None}, {"data_residency": nulls}, {"tags": {}}]
    for change in changes:
        answer = await update(house, workspace, **change)
        assert answer.json() == workspace


@pytest.mark.parametrize("field", ["name", "display_color", "external_key_id", "user_profile_id"])
async def test_an_update_to_null_is_refused_where_there_is_no_null(house: House, field: str) -> None:
    workspace = await make(house)
    invalid(await update(house, workspace, **{field: None}), f"{field}: ")


async def test_workspace_geo_is_immutable(house: House) -> None:
    workspace = await make(house)
    invalid(await update(house, workspace, data_residency={"workspace_geo": "us"}), "workspace_geo")


async def test_a_default_geo_outside_the_allowed_ones_is_refused(house: House) -> None:
    workspace = await make(house)
    answer = await update(house, workspace, data_residency={"allowed_inference_geos": ["us"]})
    invalid(answer, "default_inference_geo: global is not one of allowed_inference_geos (us)")


async def test_a_duplicate_name_is_409_and_not_to_be_retried(house: House) -> None:
    first, second = await make(house, "Production"), await make(house, "Staging")
    for answer in (
        await ask(house, "POST", ROOT, {"name": "production"}),
        await update(house, second, name="Production"),
    ):
        refused(answer, 409, "conflict_error", first["id"])
        assert answer.header("x-should-retry") == "false"


async def test_an_external_key_that_there_is_not_is_not_found(house: House) -> None:
    workspace = await make(house)
    for answer in (
        await ask(house, "POST", ROOT, {"name": "x", "external_key_id": "ekey_01"}),
        await update(house, workspace, external_key_id="ekey_01"),
    ):
        assert answer.status == 404
        assert answer.json()["error"]["message"] == "External key not found: ekey_01"


async def test_a_user_profile_is_not_found(house: House) -> None:
    workspace = await make(house)
    for answer in (
        await ask(house, "POST", ROOT, {"name": "x", "user_profile_id": "uprof_01"}),
        await update(house, workspace, user_profile_id="uprof_01"),
    ):
        invalid(answer, "uprof_01", "user_profile_not_found")


async def test_the_default_workspace_can_be_fetched_and_changed_but_not_renamed_or_archived(house: House) -> None:
    default = (await ask(house, "GET", f"{ROOT}/{house.founded.workspace_id}")).json()
    assert default["name"] == "Default"
    assert (await update(house, default, tags={"team": "a"})).json()["tags"] == {"team": "a"}
    invalid(await update(house, default, name="Ours"), "cannot be renamed")
    invalid(await ask(house, "POST", f"{ROOT}/{default['id']}/archive"), "cannot be archived")
    invalid(await update(house, default, user_profile_id="uprof_01"), "cannot have a user profile")


async def test_the_default_workspace_is_listed_only_when_asked_for(house: House) -> None:
    await make(house)
    assert await names(house) == ["Production"]
    assert await names(house, "?include_default=true") == ["Production", "Default"]


async def test_archived_workspaces_are_listed_only_when_asked_for(house: House) -> None:
    workspace = await make(house)
    await ask(house, "POST", f"{ROOT}/{workspace['id']}/archive")
    assert await names(house) == []
    assert await names(house, "?limit=10&include_archived=false") == []
    assert await names(house, "?include_archived=true") == ["Production"]
    assert (await ask(house, "GET", f"{ROOT}/{workspace['id']}")).status == 200


@pytest.mark.parametrize("body", [None, b"", b"{}", b"null"])
async def test_archiving_takes_no_body_and_again_answers_the_same(house: House, body: bytes | None) -> None:
    workspace = await make(house)
    first = await ask(house, "POST", f"{ROOT}/{workspace['id']}/archive", body, content_type="application/json")
    assert first.status == 200, first.body
    assert first.json() == workspace | {"archived_at": first.json()["archived_at"]}
    assert (await ask(house, "POST", f"{ROOT}/{workspace['id']}/archive", body)).json() == first.json()
    invalid(await ask(house, "POST", f"{ROOT}/{workspace['id']}/archive", {"force": True}), "force")
    invalid(await update(house, workspace, name="Back"), "is archived and cannot be changed")


async def test_a_list_has_ids_and_cursors(house: House) -> None:
    made = [await make(house, f"w{number}") for number in range(5)]
    ids = [workspace["id"] for workspace in reversed(made)]
    page = (await ask(house, "GET", f"{ROOT}?limit=2")).json()
    assert page.keys() == {"data", "has_more", "first_id", "last_id"}
    assert (page["first_id"], page["last_id"], page["has_more"]) == (ids[0], ids[1], True)
    page = (await ask(house, "GET", f"{ROOT}?limit=3&after_id={ids[1]}")).json()
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (ids[2:], False)
    page = (await ask(house, "GET", f"{ROOT}?limit=1&before_id={ids[2]}")).json()
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (ids[1:2], True)
    page = (await ask(house, "GET", f"{ROOT}?after_id={ids[4]}")).json()
    assert page == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize("brackets", ["ids[]", "ids%5B%5D", "ids"])
async def test_a_list_can_be_limited_to_ids(house: House, brackets: str) -> None:
    one, _, three = [await make(house, f"w{number}") for number in range(3)]
    query = f"?{brackets}={one['id']}&{brackets}={three['id']}&{brackets}=wrkspc_unknown"
    assert await names(house, query) == ["w2", "w0"]
    assert await names(house, f"?{brackets}={house.founded.workspace_id}") == []
    assert await names(house, f"?{brackets}={house.founded.workspace_id}&include_default=true") == ["Default"]


async def test_at_most_100_ids_are_taken(house: House) -> None:
    assert await names(house, "?" + "&".join("ids[]=x" for _ in range(100))) == []
    invalid(await ask(house, "GET", f"{ROOT}?" + "&".join("ids[]=x" for _ in range(101))), "ids")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "after_id=x", "before_id=x", "after_id=x&before_id=y", "order=asc", "limit=a",
              "include_default=perhaps", "after_id=%00"],
)  # fmt: skip
async def test_a_bad_query_is_refused(house: House, query: str) -> None:
    invalid(await ask(house, "GET", f"{ROOT}?{query}"))


@pytest.mark.parametrize("bad", ["wrkspc_01" + "1" * 22, "wrkspc_x", "user_01" + "1" * 22, "\0", "ä"])
async def test_an_id_that_is_nowhere_is_not_found(house: House, bad: str) -> None:
    path = f"{ROOT}/{quote(bad)}"
    for method, where, body in (("GET", path, None), ("POST", path, {"name": "x"}), ("POST", f"{path}/archive", None)):
        refused(
            await ask(house, method, where.replace("%00", "\0").replace(quote("ä"), "ä"), body), 404, "not_found_error"
        )


async def test_another_organizations_workspace_is_not_found_in_the_same_words(house: House) -> None:
    theirs = await house.app.storage.founder.found("Other", None, admin_key=True, api_key=False)
    missing = "wrkspc_01" + "1" * 22
    answers = [await ask(house, "GET", f"{ROOT}/{bad}") for bad in (theirs.workspace_id, missing)]
    messages = [refused(answer, 404, "not_found_error")["message"] for answer in answers]
    assert messages[0].replace(theirs.workspace_id, missing) == messages[1]


async def test_a_workspace_key_may_not_administer_workspaces(house: House) -> None:
    answers = [await ask(house, "GET", ROOT, x_api_key=house.api_key)]
    answers.append(await ask(house, "POST", ROOT, {"name": "x"}, x_api_key=house.api_key))
    for answer in answers:
        refused(answer, 403, "permission_error", "needs [workspaces:")


async def key_in(house: House, workspace_id: str, user_id: str | None = None) -> dict[str, Any]:
    """Make a key of a workspace, a personal one for a person; its text is under `secret`."""
    body = {"name": "k", "workspace_id": workspace_id} | ({} if user_id is None else {"user_id": user_id})
    made = await ask(house, "POST", "/v1/organizations/api_keys", body)
    assert made.status == 200, made.body
    key: dict[str, Any] = made.json()
    return key


async def await_status(house: House, key: dict[str, Any], status: int) -> None:
    """Wait until a key is answered with a status; a change is in force within a second."""
    headers = {"x-api-key": key["secret"], "anthropic-version": VERSIONS[1]}
    async with asyncio.timeout(5):
        while (await call(house.app.shell, "GET", "/v1/models", headers=headers)).status != status:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_archiving_a_workspace_revokes_its_keys_at_once(house: House) -> None:
    workspace = await make(house)
    key = await key_in(house, workspace["id"])
    await await_status(house, key, 200)
    assert (await ask(house, "POST", f"{ROOT}/{workspace['id']}/archive")).status == 200
    await await_status(house, key, 401)
    kept = (await ask(house, "GET", f"/v1/organizations/api_keys/{key['id']}")).json()
    assert kept["status"] == "archived"
