"""The anthropic package administers an organisation: every endpoint of ours that it has, answers validated strictly."""

from functools import cache
from typing import Any

import pytest

from tests.clients.environments import run_python
from tests.clients.towns import GENERATIONS, SPACES
from tests.live import LiveServer


@cache
def results(generation: str, server: LiveServer) -> dict[str, Any]:
    return run_python(generation, "admin_sdk", server)


@pytest.fixture(params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def told(generation: str, server: LiveServer, case: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    outcome = results(generation, server)[case]
    if "failed" in outcome:
        pytest.fail(f"{generation}, {case}:\n{outcome['failed']}", pytrace=False)
    return outcome.get("value")


def spaces(generation: str, server: LiveServer, case: str) -> dict[str, Any]:
    found = told(generation, server, case)
    assert set(found) == set(SPACES)
    return dict(found)


def test_the_organization_is_told(generation: str, town: LiveServer) -> None:
    for found in spaces(generation, town, "organization").values():
        assert found == {"id": town.organization_id, "type": "organization", "name": "Acme"}


def test_workspaces_are_made_changed_listed_and_archived(generation: str, town: LiveServer) -> None:
    for space, found in spaces(generation, town, "workspaces").items():
        mark = f"{GENERATIONS[generation][0]} {space}"
        made, changed = found["made"], found["changed"]
        assert (made["name"], made["tags"], made["archived_at"]) == (mark, {"team": "core", "gone": "soon"}, None)
        assert (changed["name"], changed["tags"]) == (f"{mark}!", {"team": "core"})
        assert found["same"]
        assert found["paged"] == [True] * 4, "a list of two pages goes on by itself"
        assert town.workspace_id in found["default"]
        assert found["archived"]["archived_at"]
        assert found["left"] == [False] * 4
        assert found["kept"]
        assert (found["refused"]["status"], found["unknown"]["status"]) == (400, 404)


def test_members_are_found_and_get_other_roles(generation: str, town: LiveServer) -> None:
    for found in spaces(generation, town, "users").values():
        assert len(found["people"]) >= 1
        assert (found["found"]["type"], found["found"]["role"], found["changed"]) == ("user", "user", "developer")
        assert found["by_email"]
        assert set(found["by_role"]) == {"admin"}
        assert found["admin"]["status"] == 400


def test_a_removed_member_is_gone(generation: str, town: LiveServer) -> None:
    for found in spaces(generation, town, "removal").values():
        assert found["removed"] == {"id": found["id"], "type": "user_deleted"}
        assert found["again"]["status"] == 404


def test_invites_are_made_once_and_taken_back_once(generation: str, town: LiveServer) -> None:
    for space, found in spaces(generation, town, "invites").items():
        made = found["made"]
        assert made["email"] == f"guest-{GENERATIONS[generation][0]}-{space}@example.com"
        assert (made["status"], made["role"], made["type"]) == ("pending", "developer", "invite")
        assert found["found"]
        assert found["pending"]
        assert found["again"]["details"]["error_code"] == "invite_already_exists"
        assert found["member"]["details"]["error_code"] == "already_member"
        assert found["deleted"] == {"id": made["id"], "type": "invite_deleted"}
        assert found["deleted_again"]["status"] in {400, 404}


def test_the_newest_generation_has_a_class_for_each_error_code(town: LiveServer) -> None:
    for found in spaces("anthropic-2", town, "invites").values():
        assert (found["again"]["class"], found["member"]["class"]) == ("InviteAlreadyExistsError", "AlreadyMemberError")


def test_workspace_members_are_added_changed_and_removed(generation: str, town: LiveServer) -> None:
    for found in spaces(generation, town, "members").values():
        user_id, workspace_id = found["ids"]
        named = {"type": "workspace_member", "user_id": user_id, "workspace_id": workspace_id}
        assert found["added"] == {**named, "workspace_role": "workspace_developer"}
        assert found["found"]
        assert found["changed"] == "workspace_admin"
        assert found["listed"]
        assert found["removed"] == {**named, "type": "workspace_member_deleted"}
        assert found["gone"]["status"] == 404


def test_keys_are_listed_renamed_and_switched_off_and_on(generation: str, town: LiveServer) -> None:
    for found in spaces(generation, town, "api_keys").values():
        key = found["found"]
        assert key["scope"] == {"type": "workspace", "workspace_id": town.workspace_id}
        assert key["partial_key_hint"].startswith("sk-ant-api03-")
        if GENERATIONS[generation][1] == "2023-06-01":
            assert key["workspace_id"] is None
        else:
            assert "workspace_id" not in key
        assert (found["off"], found["inactive"], found["on"]) == ("inactive", True, "active")
        assert found["unknown"]["status"] == 404


def test_a_workspace_gets_rate_limits_of_its_own(generation: str, town: LiveServer) -> None:
    for found in spaces(generation, town, "rate_limits").values():
        group = next(limit for limit in found["listed"] if limit["group"]["type"] == "model_group")
        assert "sim-1" in group["models"]
        ours = {"type": "requests_per_minute", "value": 50}
        assert [{name: limit[name] for name in ours} for limit in found["changed"]["limits"]] == [ours]
        assert [limit["group"] for limit in found["own"]] == [group["group"]]
        assert len(found["inherited"]) >= len(found["own"])
        assert found["unknown"]["status"] == 404


def test_effective_spend_limits_are_told(generation: str, town: LiveServer) -> None:
    found = spaces(generation, town, "spend_limits")
    assert any(row is not None for row in found.values())


def test_usage_and_cost_are_told_by_any_dimension(town: LiveServer) -> None:
    found = told("anthropic-2", town, "analytics")
    (usage,) = [row for row in found["usage"] if row["group"]["model"] == "sim-1"]
    assert usage["usage"]["requests"] == 3
    assert usage["usage"]["total_tokens"] > 0
    assert usage["group"]["workspace_id"] == town.workspace_id
    assert {row["group"]["token_type"] for row in found["cost"]} >= {"output_tokens", "uncached_input_tokens"}
    assert all(float(row["cost"]["amount"]) > 0 for row in found["cost"])
    assert found["daily"]


@pytest.mark.parametrize("generation", ["anthropic-1", "anthropic-2"])
def test_the_reports_of_claude_enterprise_are_told(generation: str, town: LiveServer) -> None:
    found = told(generation, town, "enterprise")
    assert len(found["usage"]) == 3, "two pages of days go on by themselves"
    results = [row for bucket in found["usage"] for row in bucket["results"] if row["model"] == "sim-1"]
    assert sum(row["requests"] for row in results) >= 3
    hours = [row for bucket in found["hours"] for row in bucket["results"]]
    assert [row["model"] for row in hours] == [None] * len(hours)
    for name in ("output_tokens", "requests", "uncached_input_tokens"):
        assert sum(row[name] for row in hours) == sum(row[name] for row in results)
    costs = [row for bucket in found["cost"] for row in bucket["results"]]
    assert {row["token_type"] for row in costs} >= {"output_tokens", "uncached_input_tokens"}
    assert all(float(row["amount"]) > 0 for row in costs)
    assert not any(bucket["results"] for bucket in found["nobody"])
    assert {row["actor"]["type"] for row in (*found["users"], *found["costs"])} <= {"user_actor"}
    assert found["refused"]["status"] == 400
