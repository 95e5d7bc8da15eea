"""The anthropic package administers federation: every endpoint in both name spaces, answers validated strictly."""

from functools import cache
from typing import Any

import pytest

from tests.clients.environments import run_python
from tests.clients.towns import GENERATIONS, SPACES, operate
from tests.live import LiveServer


@cache
def results(generation: str, server: LiveServer) -> dict[str, Any]:
    words = ("token", "mint", "--scope", "org:admin", "--ttl", "1h", "--user", "boss@example.com")
    token = operate(server, *words)["access_token"]
    return run_python(generation, "federation_sdk", server, {"ANTE_TEST_TOKEN": token})


@pytest.fixture(params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def spaces(generation: str, server: LiveServer, case: str) -> dict[str, Any]:
    outcome = results(generation, server)[case]
    if "failed" in outcome:
        pytest.fail(f"{generation}, {case}:\n{outcome['failed']}", pytrace=False)
    assert set(outcome["value"]) == set(SPACES)
    return {f"{GENERATIONS[generation][0]}-{space}": found for space, found in outcome["value"].items()}


def test_service_accounts_are_made_changed_listed_and_archived(generation: str, town: LiveServer) -> None:
    for mark, found in spaces(generation, town, "service_accounts").items():
        made, changed, archived = found["made"], found["changed"], found["archived"]
        assert (made["name"], made["description"], made["organization_role"]) == (
            f"{mark}-accounts",
            "Builds",
            "developer",
        )
        assert made["created_by_actor_id"].startswith("user_")
        assert (changed["description"], changed["organization_role"]) == ("", "admin")
        assert found["same"]["name"] == f"{mark}-accounts-0"
        assert found["paged"] == [True] * 4, "a list of two pages goes on by itself"
        assert archived["archived_at"]
        assert (found["again"], found["left"], found["kept"]) == (True, False, True)
        refused = [found[name]["status"] for name in ("taken", "unknown", "bad")]
        assert refused == [409, 404, 400]
        assert found["bad"]["message"].startswith("name: ")


def test_service_accounts_are_in_workspaces_seen_from_either_side(generation: str, town: LiveServer) -> None:
    for found in spaces(generation, town, "workspaces_of_service_accounts").values():
        account, room = found["ids"]
        named = {"service_account_id": account, "workspace_id": room}
        assert found["added"].items() >= {**named, "workspace_role": "workspace_developer", "implicit": False}.items()
        assert [member["implicit"] for member in found["listed"]] == [True, False]
        assert (found["changed"], found["role"], found["inside"]) == (True, "workspace_admin", True)
        assert found["removed"] == {**named, "type": "service_account_workspace_member_deleted"}
        assert (found["again"], found["back"]) == (True, "workspace_user")


def test_issuers_are_made_changed_listed_and_archived(generation: str, town: LiveServer) -> None:
    for mark, found in spaces(generation, town, "issuers").items():
        made, changed = found["made"], found["changed"]
        assert (made["name"], made["jwks"]["type"], made["check_jti"]) == (f"{mark}-issuer", "inline", True)
        assert (changed["issuer_url"], changed["jwks"]["keys"][0]["kid"]) == ("https://other.example", "key-2")
        assert (changed["check_jti"], changed["max_jwt_lifetime_seconds"]) == (False, 7200)
        assert (found["same"], found["listed"], found["left"]) == (True, True, False)
        assert found["archived"]
        assert found["private"]["status"] == 400
        assert found["private"]["message"].startswith("jwks.url: ")


def test_rules_are_made_changed_enabled_and_archived(generation: str, town: LiveServer) -> None:
    for mark, found in spaces(generation, town, "rules").items():
        issuer, account, first, second = found["ids"]
        made, changed = found["made"], found["changed"]
        assert (made["issuer_id"], made["issuer_name"], made["workspace_ids"]) == (issuer, f"{mark}-rules", [first])
        assert made["target"] == {
            "type": "service_account",
            "service_account_id": account,
            "service_account_name": f"{mark}-rules",
        }
        assert (made["match"]["subject_prefix"], made["token_lifetime_seconds"]) == ("repo:acme/*", 600)
        assert (found["enabled"]["workspace_id"], found["enabled"]["workspace_name"]) == (second, None)
        assert found["places"] == [f"{mark} rules 0", f"{mark} rules 1"]
        assert found["disabled"]["type"] == "federation_rule_workspace_deleted"
        assert (changed["match"]["subject_prefix"], changed["oauth_scope"]) == (None, "workspace:inference")
        assert (found["same"], found["listed"]) == (True, True)
        assert [refused["status"] for refused in found["in_use"]] == [400, 400]
        assert found["loose"]["message"].startswith("match: GitHub Actions")
        assert (found["archived"]["workspace_ids"], found["archived"]["archived_at"] is None) == ([], False)


def test_admin_keys_are_told_that_only_tokens_do(generation: str, town: LiveServer) -> None:
    for found in spaces(generation, town, "admin_keys").values():
        assert [refused["status"] for refused in found] == [403] * 3
        assert all("org:admin token" in refused["message"] for refused in found)
