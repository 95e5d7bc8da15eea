"""The wire of a live server, as raw HTTP."""

import json
from typing import Any

import pytest

from antechamber.base.ids import Kind, parse
from tests.live import Answer, LiveServer

MESSAGE = {"model": "sim-1", "max_tokens": 16, "messages": [{"role": "user", "content": "Hello"}]}
VERSIONS = ("2023-06-01", "2026-10-21")


def refusal(answer: Answer, status: int, kind: str) -> str:
    assert answer.status == status, answer.body
    body = answer.json()
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert parse(Kind.REQUEST, body["request_id"]) == answer.headers["request-id"]
    return str(body["error"]["message"])


def post(live: LiveServer, body: Any = MESSAGE, path: str = "/v1/messages", **headers: str) -> Answer:  # noqa: ANN401 - JSON
    sent = {"x-api-key": live.api_key, "anthropic-version": VERSIONS[0]}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return live.ask("POST", path, sent, body if isinstance(body, bytes) else json.dumps(body))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages?beta=true"])
def test_a_message_is_answered_and_says_whose_it_was(live: LiveServer, version: str, path: str) -> None:
    answer = post(live, path=path, anthropic_version=version, anthropic_beta="never-heard-of-2031-01-01")
    assert answer.status == 200, answer.body
    assert answer.json()["type"] == "message"
    assert answer.headers["anthropic-organization-id"] == live.organization_id
    assert answer.headers["anthropic-workspace-id"] == live.workspace_id
    assert "x-upstream-request-id" in answer.headers


@pytest.mark.parametrize("endpoint", ["/v1/messages/count_tokens", "/v1/complete", "/v1/chat/completions"])
def test_the_other_endpoints_answer_too(live: LiveServer, endpoint: str) -> None:
    bodies: dict[str, Any] = {
        "/v1/messages/count_tokens": {name: MESSAGE[name] for name in ("model", "messages")},
        "/v1/complete": {"model": "claude-2.1", "prompt": "\n\nHuman: Hi\n\nAssistant:", "max_tokens_to_sample": 9},
        "/v1/chat/completions": MESSAGE,
    }
    answer = post(live, bodies[endpoint], endpoint)
    assert answer.status == 200, answer.body


def test_a_legacy_completion_needs_no_version(live: LiveServer) -> None:
    body = json.dumps({"model": "claude-2.1", "prompt": "\n\nHuman: Hi\n\nAssistant:", "max_tokens_to_sample": 9})
    assert live.ask("POST", "/v1/complete", {"x-api-key": live.api_key}, body).status == 200


@pytest.mark.parametrize(
    ("headers", "status", "kind", "message"),
    [
        ({"x_api_key": "wrong"}, 401, "authentication_error", "invalid x-api-key"),
        ({"x_api_key": "wrong", "authorization": "Bearer {api}"}, 401, "authentication_error", "invalid x-api-key"),
        ({"x_api_key": "", "authorization": "Bearer wrong"}, 401, "authentication_error", "Invalid bearer token"),
        ({"x_api_key": "{admin}"}, 403, "permission_error", "This admin_key holds"),
        ({"anthropic_version": ""}, 400, "invalid_request_error", "anthropic-version: "),
        ({"anthropic_version": "1999-01-01"}, 400, "invalid_request_error", "anthropic-version: '1999-01-01'"),
        ({"anthropic_workspace_id": "wrkspc_01other"}, 400, "invalid_request_error", "anthropic-workspace-id: "),
    ],
)
def test_who_may_not_is_told_why(
    live: LiveServer, headers: dict[str, str], status: int, kind: str, message: str
) -> None:
    sent = {name: value.format(api=live.api_key, admin=live.admin_key) for name, value in headers.items()}
    assert refusal(post(live, **sent), status, kind).startswith(message)


def test_a_key_may_name_its_own_workspace(live: LiveServer) -> None:
    assert post(live, anthropic_workspace_id=live.workspace_id).status == 200


@pytest.mark.parametrize(
    ("body", "status", "kind", "message"),
    [
        (b"{", 400, "invalid_request_error", "The request body is not valid JSON"),
        (b"", 400, "invalid_request_error", "The request body is not valid JSON"),
        ({"model": "sim-1"}, 400, "invalid_request_error", "messages: Field required"),
        ({**MESSAGE, "max_tokens": "9"}, 400, "invalid_request_error", "max_tokens: Expected"),
        ({**MESSAGE, "model": "sim-2"}, 404, "not_found_error", "model: sim-2; did you mean sim-1?"),
        (b" " * (33 << 20), 413, "request_too_large", "Request exceeds the maximum size of 32 MB."),
    ],
)
def test_a_wrong_body_is_told_why(live: LiveServer, body: object, status: int, kind: str, message: str) -> None:
    assert refusal(post(live, body), status, kind).startswith(message)
    assert post(live).status == 200


def test_a_chat_is_refused_in_its_own_dialect(live: LiveServer) -> None:
    answer = post(live, {"model": "none", "messages": []}, "/v1/chat/completions")
    assert answer.status == 404
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_models_are_listed_in_both_shapes_and_paged(live: LiveServer) -> None:
    as_anthropic = {"x-api-key": live.api_key, "anthropic-version": VERSIONS[1]}
    first = live.ask("GET", "/v1/models?limit=1", as_anthropic).json()
    assert first["has_more"]
    rest = live.ask("GET", f"/v1/models?after_id={first['last_id']}", as_anthropic).json()
    ids = [model["id"] for model in first["data"] + rest["data"]]
    assert {"sim-1", "claude-sim-1"} <= set(ids)
    assert not rest["has_more"]
    shown = live.ask("GET", "/v1/models", {"authorization": f"Bearer {live.api_key}"}).json()
    assert shown["object"] == "list"
    assert live.ask("GET", "/v1/models/sim-1", as_anthropic).json()["type"] == "model"
    refusal(live.ask("GET", "/v1/models/none", as_anthropic), 404, "not_found_error")
    refusal(live.ask("GET", "/v1/models?limit=0", as_anthropic), 400, "invalid_request_error")
    refusal(live.ask("GET", "/v1/models?unheard=1", as_anthropic), 400, "invalid_request_error")
    refusal(live.ask("GET", "/v1/models?after_id=a&before_id=b", as_anthropic), 400, "invalid_request_error")


@pytest.mark.parametrize("path", ["/", "/api/hello"])
def test_hello_needs_nothing(live: LiveServer, path: str) -> None:
    answer = live.ask("HEAD", path)
    assert (answer.status, answer.body) == (200, b"")
    assert "request-id" in answer.headers


@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
@pytest.mark.parametrize("version", VERSIONS)
def test_an_admin_key_reads_its_organization(live: LiveServer, header: str, version: str) -> None:
    value = f"Bearer {live.admin_key}" if header == "authorization" else live.admin_key
    answer = live.ask("GET", "/v1/organizations/me", {header: value, "anthropic-version": version})
    assert answer.json() == {"id": live.organization_id, "type": "organization", "name": "Acme"}
    assert answer.headers["anthropic-organization-id"] == live.organization_id
    assert "anthropic-workspace-id" not in answer.headers
    unheard = live.ask("GET", "/v1/organizations/me?x=1", {header: value, "anthropic-version": version})
    refusal(unheard, 400, "invalid_request_error")


def test_an_api_key_does_not_administer(live: LiveServer) -> None:
    headers = {"x-api-key": live.api_key, "anthropic-version": VERSIONS[0]}
    refusal(live.ask("GET", "/v1/organizations/me", headers), 403, "permission_error")


def test_the_system_paths_are_public(live: LiveServer) -> None:
    assert live.ask("GET", "/health/live").json() == {"status": "ok"}
    ready = live.ask("GET", "/health/ready").json()
    assert ready == {"status": "ok", "problems": {}, "details": {"sandboxes": "idle"}}
    document = live.ask("GET", "/openapi.json").json()
    assert {"/v1/messages", "/v1/models/{id}", "/v1/organizations/me"} <= set(document["paths"])
    assert '"422"' not in json.dumps(document)
    home = live.ask("GET", "/")
    assert home.headers["content-type"].startswith("text/html")
    assert live.base_url in home.body.decode()


def test_metrics_are_for_callers_on_this_machine(live: LiveServer) -> None:
    answer = live.ask("GET", "/metrics")
    assert b"antechamber_requests_total" in answer.body
    refusal(live.ask("GET", "/metrics", {"x-forwarded-for": "203.0.113.9"}), 403, "permission_error")


@pytest.mark.parametrize("token", ["", "?token=", "?token=sk-ant-setup01-wrong"])
def test_a_set_up_link_that_opens_nothing_says_so_in_a_page(live: LiveServer, token: str) -> None:
    answer = live.ask("GET", f"/setup{token}")
    assert answer.status == 404
    assert b"opens nothing" in answer.body
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_no_secret_that_was_sent_gets_into_the_log(live: LiveServer) -> None:
    canary = "sk-ant-api03-canary0000"
    headers = {"x-api-key": canary, "authorization": f"Bearer {canary}", "cookie": canary, "anthropic-version": canary}
    for path in (f"/v1/models/{canary}", f"/v1/{canary}?key={canary}", f"/setup?token={canary}"):
        live.ask("GET", path, headers)
    post(live, {**MESSAGE, "model": canary, "metadata": {"user_id": canary}})
    post(live, f'{{"model": "{canary}"'.encode())
    post(live)
    assert "request" in live.log()
    assert canary not in live.log()
    assert live.api_key not in live.log()
    assert live.admin_key not in live.log()
    assert canary.encode() not in live.ask("GET", "/metrics").body


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/v1/messages", "POST"), ("POST", "/v1/models", "GET"), ("DELETE", "/v1/models/sim-1", "GET")],
)
def test_another_method_on_the_data_plane_is_405_and_told_which_there_is(
    live: LiveServer, method: str, path: str, allow: str
) -> None:
    answer = live.ask(method, path, {"x-api-key": live.api_key, "anthropic-version": VERSIONS[0]})
    assert refusal(answer, 405, "invalid_request_error") == f"{method} is not allowed on {path}."
    assert answer.headers["allow"] == allow
