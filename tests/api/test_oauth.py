"""The OAuth endpoints on the wire, as `ant`, the SDKs and Claude Code ask them."""

import base64
import json
from typing import Any

import pytest

from antechamber.base.actor import OPERATOR
from antechamber.base.permissions import OrganizationRole
from antechamber.features.oauth.model import ClientDraft
from antechamber.features.oauth.model.clients import ANT
from tests.api.conftest import House
from tests.api.programs import LOOPBACK, TOKEN, Programs
from tests.asgi import Answer, call

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def programs(house: House) -> Programs:
    return Programs(house)


def refused(answer: Answer, status: int, error: str) -> None:
    assert answer.status == status, answer.body
    body = answer.json()
    assert body.keys() == {"error", "error_description"}
    assert body["error"] == error
    assert (answer.header("request-id") or "").startswith("req_01")
    assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize("form", [True, False])
@pytest.mark.parametrize("path", [TOKEN, "/oauth/token"])
async def test_a_code_is_exchanged_and_refreshed_as_form_and_as_json(
    programs: Programs, path: str, *, form: bool
) -> None:
    person = await programs.join("dev@example.com")
    answer = await programs.ask(programs.redeeming(await programs.code(person)), path=path, form=form)
    assert answer.status == 200
    assert answer.header("cache-control") == "no-store"
    assert (answer.header("request-id") or "").startswith("req_01")
    body = answer.json()
    assert body == {
        "access_token": body["access_token"],
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": body["refresh_token"],
        "scope": "user:profile user:inference user:developer",
        "organization": {"uuid": programs.house.founded.organization_id, "name": "Acme"},
        "account": {"uuid": person, "email_address": "dev@example.com"},
        "workspace": {"id": programs.workspace_id, "name": "Default"},
    }
    assert await programs.opens(body["access_token"]) == 200
    fields = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"], "client_id": ANT}
    again = await programs.ask(fields, path=path, form=form, headers={"anthropic-beta": "oauth-2025-04-20"})
    assert again.status == 200
    assert again.json().keys() == body.keys()
    assert again.json()["refresh_token"] != body["refresh_token"]
    assert await programs.opens(again.json()["access_token"]) == 200


async def test_an_admins_token_administers_and_has_its_workspace_in_the_answer(programs: Programs) -> None:
    boss = await programs.join("boss@example.com", OrganizationRole.ADMIN)
    body = await programs.log_in(boss, "org:admin")
    assert (body["scope"], body["workspace"]["id"]) == ("org:admin", programs.workspace_id)
    assert await programs.opens(body["access_token"], "/v1/organizations/users") == 200
    assert await programs.opens(body["access_token"], "/v1/organizations/me") == 200


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": 5}, 400, "invalid_request"),
        ({"grant_type": ["refresh_token"]}, 400, "invalid_request"),
        ({"grant_type": "password", "client_id": ANT}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"grant_type": "\u5927" * 9000}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "client_id": ANT}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "client_id": ANT, "refresh_token": {}}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "client_id": ANT, "refresh_token": "no"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "client_id": "nobody", "refresh_token": "no"}, 401, "invalid_client"),
        ({"grant_type": "refresh_token", "refresh_token": "no"}, 401, "invalid_grant"),
        ({"grant_type": "authorization_code", "client_id": ANT, "code": "no"}, 400, "invalid_request"),
        ({"grant_type": DEVICE_GRANT, "device_code": "no"}, 400, "invalid_grant"),
        ({"grant_type": DEVICE_GRANT}, 400, "invalid_request"),
    ],
)
async def test_refusals_of_user_grants_have_the_rfcs_shape(
    programs: Programs, fields: dict[str, Any], status: int, error: str
) -> None:
    refused(await programs.ask(fields), status, error)


@pytest.mark.parametrize(
    "body",
    [
        b'{"grant_type": "refresh_token", "grant_type": "authorization_code"}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": ' + b"[" * 200_000,
        b"{",
        b"[]",
        b"{}x",
        b"\xff\xfe",
        b"a=1&a=2",
        b"grant_type=x&grant_type=y",
        b"%zz=%",
        b'{"a": "\xff"}',
        b"\x00",
    ],
)
async def test_bodies_that_cannot_be_read_are_invalid_requests(programs: Programs, body: bytes) -> None:
    refused(await programs.ask({}, body=body, form=not body.startswith(b"{")), 400, "invalid_request")


async def test_fields_that_nobody_knows_are_ignored(programs: Programs) -> None:
    person = await programs.join("dev@example.com")
    fields = {**programs.redeeming(await programs.code(person)), "audience": "x", "nested": {"a": [1]}, "n": None}
    assert (await programs.ask(fields)).status == 200


async def test_a_body_over_the_limit_is_too_large(programs: Programs) -> None:
    answer = await programs.ask({}, body=b"{" + b" " * (5 << 20))
    assert answer.status == 413


async def test_assertions_answer_in_the_apis_shape(programs: Programs) -> None:
    answer = await programs.ask({"grant_type": JWT_GRANT, "assertion": "x"})
    assert answer.status == 400
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", ["/v1/oauth/device_authorization", "/oauth/device_authorization"])
@pytest.mark.parametrize("body", [b"", b"{}", b"scope="])
async def test_claude_code_begins_with_an_empty_body_and_polls_without_a_client_id(
    programs: Programs, path: str, body: bytes
) -> None:
    begun = await programs.ask({}, path=path, body=body, form=True)
    assert begun.status == 200, begun.body
    device = begun.json()
    assert device["verification_uri"] == f"{programs.storage.settings.base_url()}/device"
    assert device["verification_uri_complete"] == f"{device['verification_uri']}?user_code={device['user_code']}"
    assert (device["interval"], device["expires_in"]) == (5, 900)
    poll = {"grant_type": DEVICE_GRANT, "device_code": device["device_code"]}
    refused(await programs.ask(poll, form=True, path="/oauth/token"), 400, "authorization_pending")
    refused(await programs.ask(poll, form=True, path="/oauth/token"), 400, "slow_down")
    person = await programs.join("dev@example.com")
    organization_id = programs.house.founded.organization_id
    await programs.storage.oauth.devices.approve(
        person, device["user_code"], organization_id, programs.workspace_id, OPERATOR
    )
    given = await programs.ask(poll, form=True, path="/oauth/token")
    assert given.status == 200, given.body
    assert await programs.opens(given.json()["access_token"]) == 200
    fields = {"grant_type": "refresh_token", "refresh_token": given.json()["refresh_token"]}
    assert (await programs.ask(fields, form=True, path="/oauth/token")).status == 200
    refused(await programs.ask({**fields, "refresh_token": "x"}, form=True), 401, "invalid_grant")


async def test_a_device_log_in_of_a_foreign_client_or_scope_is_refused(programs: Programs) -> None:
    path = "/v1/oauth/device_authorization"
    refused(await programs.ask({"client_id": "nobody"}, path=path, form=True), 401, "invalid_client")
    refused(await programs.ask({"scope": "root"}, path=path, form=True), 400, "invalid_scope")
    assert (await programs.ask({"client_id": ANT, "scope": "org:admin"}, path=path, form=True)).status == 200


async def test_a_client_with_a_secret_shows_it_in_http_basic_and_learns_when_it_is_wrong(programs: Programs) -> None:
    draft = ClientDraft("Res", "res:1", confidential=True, redirect_uris=(LOOPBACK,))
    _, secret = await programs.storage.oauth.clients.register(draft, OPERATOR)
    assert secret is not None
    person = await programs.join("dev@example.com")
    token = (await programs.log_in(person))["access_token"]
    path = "/v1/oauth/introspect"

    async def introspect(text: str) -> Answer:
        basic = f"Basic {base64.b64encode(text.encode()).decode()}"
        return await programs.ask({"token": token}, path=path, form=True, headers={"authorization": basic})

    found = await introspect(f"res%3A1:{secret.reveal()}")
    assert found.json()["active"] is True
    assert found.json()["sub"] == person
    assert found.json()["iss"] == programs.storage.settings.base_url()
    for wrong in ("res%3A1:wrong", "res%3A1:", "res%3A1", "nobody:x", "%ff:x", f"{ANT}:x"):
        answer = await introspect(wrong)
        refused(answer, 401, "invalid_client")
        assert answer.header("www-authenticate") == 'Basic realm="antechamber"'
    answer = await programs.ask({"token": token}, path=path, headers={"authorization": "Basic !!!"})
    refused(answer, 401, "invalid_client")
    unknown = await programs.ask(
        {"token": "x", "client_id": "res:1", "client_secret": secret.reveal()}, path=path, form=True
    )
    assert unknown.json() == {"active": False}


@pytest.mark.parametrize("form", [True, False])
async def test_a_revoked_token_opens_nothing_within_a_second(programs: Programs, *, form: bool) -> None:
    person = await programs.join("dev@example.com")
    body = await programs.log_in(person)
    assert await programs.opens(body["access_token"]) == 200
    fields = {"token": body["refresh_token"], "client_id": ANT, "token_type_hint": "refresh_token"}
    answer = await programs.ask(fields, path="/v1/oauth/revoke", form=form)
    assert (answer.status, answer.body) == (200, b"")
    assert (await programs.ask(fields, path="/v1/oauth/revoke", form=form)).status == 200
    await programs.until(401, body["access_token"])


async def test_someone_who_leaves_loses_their_tokens_within_a_second(programs: Programs) -> None:
    person = await programs.join("dev@example.com")
    await programs.join("boss@example.com", OrganizationRole.ADMIN)
    body = await programs.log_in(person)
    assert await programs.opens(body["access_token"]) == 200
    await programs.storage.members.dismiss(programs.house.founded.organization_id, person, OPERATOR)
    await programs.until(401, body["access_token"])
    fields = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"], "client_id": ANT}
    refused(await programs.ask(fields), 400, "invalid_grant")


async def test_a_lowered_role_counts_within_a_second(programs: Programs) -> None:
    person = await programs.join("dev@example.com")
    body = await programs.log_in(person)
    assert await programs.opens(body["access_token"]) == 200
    organization_id = programs.house.founded.organization_id
    await programs.storage.members.appoint(organization_id, person, OrganizationRole.USER, OPERATOR)
    await programs.until(403, body["access_token"])


async def test_the_metadata_derives_from_the_servers_own_address_and_not_from_the_host_header(house: House) -> None:
    base = house.app.settings.base_url()
    answer = await call(
        house.app.shell, "GET", "/.well-known/oauth-authorization-server", headers={"host": "evil.example"}
    )
    body = answer.json()
    assert body["issuer"] == base
    assert body["authorization_endpoint"] == f"{base}/oauth/authorize"
    assert body["token_endpoint"] == f"{base}/v1/oauth/token"
    assert body["device_authorization_endpoint"] == f"{base}/v1/oauth/device_authorization"
    assert body["code_challenge_methods_supported"] == ["S256"]
    assert body["response_types_supported"] == ["code"]
    assert body["authorization_response_iss_parameter_supported"] is True
    assert {"authorization_code", "refresh_token", DEVICE_GRANT} <= set(body["grant_types_supported"])
    assert "evil" not in json.dumps(body)


@pytest.mark.parametrize(
    ("path", "resource"),
    [("", ""), ("/v1/messages", "/v1/messages"), ("/v1", "/v1")],
)
async def test_the_api_says_which_server_authorizes_it(house: House, path: str, resource: str) -> None:
    base = house.app.settings.base_url()
    answer = await call(house.app.shell, "GET", f"/.well-known/oauth-protected-resource{path}")
    assert answer.status == 200, answer.body
    assert answer.json()["resource"] == f"{base}{resource}"
    assert answer.json()["authorization_servers"] == [base]


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-authorization-server/other",
        "/.well-known/oauth-protected-resource/a%20b",
        "/.well-known/oauth-protected-resource/%22%3E",
        "/.well-known/oauth-protected-resource//",
    ],
)
async def test_metadata_of_what_there_is_not_is_not_found(house: House, path: str) -> None:
    assert (await call(house.app.shell, "GET", path)).status == 404


@pytest.mark.parametrize("path", [TOKEN, "/v1/oauth/revoke", "/v1/oauth/introspect", "/v1/oauth/device_authorization"])
async def test_the_endpoints_take_posts_alone(house: House, path: str) -> None:
    assert (await call(house.app.shell, "GET", path)).status == 405


async def test_no_secret_of_an_exchange_reaches_the_audit_log(programs: Programs) -> None:
    person = await programs.join("dev@example.com")
    body = await programs.log_in(person)
    admin_key = programs.house.founded.admin_key
    assert admin_key is not None
    headers = {"x-api-key": admin_key.reveal(), "anthropic-version": "2023-06-01"}
    answer = await call(programs.house.app.shell, "GET", "/v1/compliance/activities?limit=100", headers=headers)
    assert answer.status == 200, answer.body
    assert "oauth_grant_created" in answer.body.decode()
    for secret in (body["access_token"], body["refresh_token"]):
        assert secret not in answer.body.decode()


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/models"), ("GET", "/v1/organizations/me")])
async def test_a_401_of_the_api_names_the_metadata_of_the_resource(house: House, method: str, path: str) -> None:
    answer = await call(house.app.shell, method, path, headers={"anthropic-version": "2023-06-01"})
    assert answer.status == 401
    base = house.app.settings.base_url()
    named = f'Bearer realm="antechamber", resource_metadata="{base}/.well-known/oauth-protected-resource"'
    assert [value for name, value in answer.headers if name == "www-authenticate"] == [named]
