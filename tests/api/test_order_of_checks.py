"""What is checked first, on every endpoint of the administration: the credential, its permission, the version."""

import pytest

from tests.api.conftest import House
from tests.api.limiting import desk
from tests.asgi import call

INVITES = "/v1/organizations/invites"


@pytest.mark.parametrize("body", [b"{", b'{"email":"\xff"}', b"[" * 100_000, b""])
async def test_a_broken_body_is_looked_at_after_credential_permission_and_version(house: House, body: bytes) -> None:
    version = {"anthropic-version": "2026-10-21"}
    admin, member = {"x-api-key": desk(house).secret}, {"x-api-key": house.api_key}
    for headers, status in ((version, 401), ({**version, **member}, 403), (admin, 400), ({**version, **admin}, 400)):
        answer = await call(house.app.shell, "POST", INVITES, headers=headers, body=body)
        assert answer.status == status, answer.body
        assert ("anthropic-organization-id" in dict(answer.headers)) == (status != 401)
        named = "anthropic-version" in answer.json()["error"]["message"]
        assert named == (headers is admin)


async def test_no_workspace_is_named_on_calls_of_the_administration(house: House) -> None:
    refused = await desk(house).ask("GET", "/v1/organizations/me", secret=house.api_key)
    assert refused.status == 403
    assert "anthropic-organization-id" in dict(refused.headers)
    assert "anthropic-workspace-id" not in dict(refused.headers)
    models = await desk(house).ask("GET", "/v1/models", secret=house.api_key)
    assert "anthropic-workspace-id" in dict(models.headers)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/messages"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/v1/models"),
        ("GET", "/v1/me"),
        ("GET", "/v1/usage/me"),
        ("POST", "/v1/metrics"),
        ("POST", "/v1/logs"),
        ("GET", "/v1/sessions"),
    ],
)
async def test_a_workspace_that_is_not_the_credentials_is_refused_everywhere(
    house: House, method: str, path: str
) -> None:
    headers = {"x-api-key": house.api_key, "anthropic-version": "2026-10-21"}
    named = "anthropic-workspace-id: "
    for workspace_id, is_refused in ((house.founded.workspace_id, False), ("wrkspc_01other", True)):
        sent = {**headers, "anthropic-workspace-id": workspace_id}
        answer = await call(house.app.shell, method, path, headers=sent, body=b"")
        told = answer.status == 400 and answer.json()["error"]["message"].startswith(named)
        assert told == is_refused, answer.body


async def test_a_credential_of_the_whole_organization_may_name_any_workspace(house: House) -> None:
    headers = {"x-api-key": desk(house).secret, "anthropic-version": "2026-10-21"}
    sent = {**headers, "anthropic-workspace-id": "wrkspc_01other"}
    assert (await call(house.app.shell, "GET", "/v1/me", headers=sent)).status == 200
