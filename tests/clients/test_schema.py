"""Schemathesis over our OpenAPI document, against live servers on both databases.

Whatever it thinks of, no endpoint fails (5xx), none answers with a status or a body that the document does not name.
"""

import json
import secrets
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from antechamber.wiring.endpoints.building import openapi
from antechamber.wiring.endpoints.registered import unserved
from tests.clients.towns import operate, post
from tests.live import LiveServer
from tests.postgres import PrivatePostgres, private_postgres

EXAMPLES = 12
BETAS = (
    "analytics-usage-cost-2026-08-24,managed-agents-2026-04-01,telemetry-destinations-2026-08-11,webhooks-2026-10-07"
)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROOT = "/v1/organizations"
KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "6SN5jEk1M7xtBt_9XPIceGG0ukOmvYRXKy55yUXphxo",
    "y": "rcCJcqzM3q0uKtds22wQr4QzX8EYlQYmn3df-7cfqmo",
    "kid": "key-1",
}
# overload and an unreachable database are in the document for every endpoint, and would hide a failure here
FORBIDDEN = (503, 529)


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document, as the server describes itself."""
    with unserved() as application:
        return dict(openapi(application))


def labels() -> list[str]:
    return [
        f"{method.upper()} {path}"
        for path, operations in sorted(document()["paths"].items())
        for method in sorted(operations)
    ]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    with private_postgres() as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of its own for each database: what is thought of may archive and delete."""
    environment = {}
    if request.param == "postgresql":
        environment["ANTE_SERVER_DATABASE_URL"] = request.getfixturevalue("postgres").create()
    made = LiveServer(tmp_path_factory.mktemp("schema"), environment=environment)
    try:
        yield made.start()
        assert '"event": "unhandled"' not in made.log()
    finally:
        made.stop()


@cache
def schema() -> Any:  # noqa: ANN401 - schemathesis makes its class by version
    return schemathesis.openapi.from_dict(document())


def real_ids(server: LiveServer) -> dict[str, str]:
    """Ids that exist, so that not every question ends at 404."""
    listed = {
        "workspace_id": "workspaces?include_default=true",
        "api_key_id": "api_keys",
        "user_id": "users",
        "rbac_group_id": "rbac_groups",
        "rbac_role_id": "rbac_roles",
        "external_key_id": "external_keys",
    }
    headers = {"x-api-key": server.admin_key, "anthropic-version": "2026-10-21"}
    found: dict[str, str] = {}
    for name, path in listed.items():
        data = server.ask("GET", f"/v1/organizations/{path}", headers).json().get("data") or [{"id": "none"}]
        found[name] = data[0]["id"]
    return found


def destination_id(server: LiveServer) -> str:
    """The id of a destination that exists: the newest, or a new one, as there are ten at most."""
    headers = {"x-api-key": server.admin_key, "anthropic-version": "2026-10-21", "anthropic-beta": BETAS}
    path = f"{ROOT}/telemetry_destinations"
    if found := server.ask("GET", path, headers).json()["data"]:
        return str(found[0]["id"])
    body = json.dumps({"endpoint_url": "https://gateway.invalid", "workspaces": {"type": "include"}})
    return str(server.ask("POST", path, headers, body).json()["id"])


@cache
def token(server: LiveServer) -> str:
    """A token of the operator's, as no key opens service accounts and federation."""
    minted = operate(server, "token", "mint", "--scope", "org:admin", "--ttl", "1h")
    return str(minted["access_token"])


@cache
def federation_ids(server: LiveServer) -> dict[str, str]:
    """Ids of federation that exist, until one of its endpoints archives what they name."""
    inline = {"type": "inline", "keys": [KEY]}
    issuer = post(
        server, f"{ROOT}/federation_issuers", {"name": "a", "issuer_url": "https://a", "jwks": inline}, token(server)
    )
    account = post(server, f"{ROOT}/service_accounts", {"name": "a"}, token(server))
    body = {
        "name": "a",
        "issuer_id": issuer["id"],
        "match": {"subject_prefix": "a"},
        "target": {"type": "service_account", "service_account_id": account["id"]},
        "oauth_scope": "workspace:developer",
        "applies_to_all_workspaces": True,
    }
    rule = post(server, f"{ROOT}/federation_rules", body, token(server))
    names = ("federation_issuer_id", "service_account_id", "federation_rule_id")
    return dict(zip(names, (issuer["id"], account["id"], rule["id"]), strict=True))


def environment_ids(server: LiveServer) -> tuple[str, dict[str, str]]:
    """A key and the id of an environment that exists, both new as what is thought of may end those that were there."""
    key = str(post(server, f"{ROOT}/api_keys", {"name": secrets.token_hex(8)}, token(server))["secret"])
    headers = {"x-api-key": key, "anthropic-version": "2026-10-21", "anthropic-beta": BETAS}
    body = json.dumps({"name": secrets.token_hex(8)})
    return key, {"environment_id": server.ask("POST", "/v1/environments", headers, body).json()["id"]}


@pytest.mark.parametrize("label", labels())
def test_an_endpoint_keeps_to_its_description(server: LiveServer, label: str) -> None:
    method, _, path = label.partition(" ")
    operation = schema()[path][method]
    ids = real_ids(server)
    model = "/organizations" not in path and "/compliance" not in path
    key = server.api_key if model else server.admin_key
    if "federation" in path or "service_accounts" in path:
        key, ids = token(server), {**ids, **federation_ids(server)}
    if "destination_id" in path:
        ids["destination_id"] = destination_id(server)
    if "environment_id" in path:
        key, made = environment_ids(server)
        ids |= made

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(), real=st.booleans(), version=st.sampled_from(["2023-06-01", "2026-10-21"]))
    def ask(case: Any, real: bool, version: str) -> None:  # noqa: ANN401, FBT001 - as above
        if real:
            case.path_parameters = {name: ids.get(name, value) for name, value in (case.path_parameters or {}).items()}
        headers = {"x-api-key": key, "anthropic-version": version, "anthropic-beta": BETAS}
        response = case.call(base_url=server.base_url, headers=headers, timeout=20)
        case.validate_response(response, checks=CHECKS)
        assert response.status_code not in FORBIDDEN, response.text

    ask()
