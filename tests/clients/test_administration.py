"""The anthropic package administers an organisation: every endpoint of ours that it has, answers validated strictly."""

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
    return run_python(generation, "admin_sdk", server, {"ANTE_TEST_TOKEN": token})


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


def test_spend_limits_are_set_changed_listed_and_deleted(generation: str, town: LiveServer) -> None:
    found = told(generation, town, "spend_limits")
    user_id, workspace_id = found["ids"]
    month, day, workspace, user = found["made"]
    assert [limit["scope"] for limit in (month, day, workspace, user)] == [
        {"type": "organization"},
        {"type": "organization"},
        {"type": "workspace", "workspace_id": workspace_id},
        {"type": "user", "user_id": user_id},
    ]
    assert [limit["amount"] for limit in found["made"]] == ["5000000", "900000", "70000", None]
    assert [limit["period"] for limit in found["made"]] == ["monthly", "daily", "monthly", "daily"]
    assert all(limit["is_enabled"] and limit["currency"] == "USD" for limit in found["made"])
    later = {"amount": "80000", "updated_at": found["changed"]["updated_at"]}
    assert (found["changed"], found["same"]) == ({**workspace, **later}, True)
    newest_first = [limit["id"] for limit in (user, workspace, day, month)]
    assert found["listed"] == newest_first, "a list of two pages goes on by itself"
    assert (found["of_workspaces"], found["of_others"]) == ([workspace["id"]], [user["id"], day["id"], month["id"]])
    assert found["deleted"] == [{"id": limit["id"], "type": "spend_limit_deleted"} for limit in found["made"]]
    assert [found[name]["status"] for name in ("gone", "deleted_again", "refused", "elsewhere")] == [404, 404, 400, 400]
    assert found["elsewhere"]["details"]["error_code"] == "organization_type_not_supported"


def test_effective_spend_limits_are_told(generation: str, town: LiveServer) -> None:
    found = told(generation, town, "spend_limits")
    month, day, _, own = found["made"]
    assert set(found["effective"]) == (set(SPACES) if generation == "anthropic-2" else {"beta"})
    for rows in found["effective"].values():
        by_person = {(row["actor"]["user_id"], row["period"]): row for row in rows}
        assert len(by_person) == len(rows) == 2 * len(found["people"]), "a list of pages goes on by itself"
        for (user_id, period), row in by_person.items():
            exempt = own["scope"] == {"type": "user", "user_id": user_id} and period == "daily"
            source = own if exempt else {"monthly": month, "daily": day}[period]
            assert row == {
                "actor": {
                    "type": "user_actor",
                    "user_id": user_id,
                    "email_address": found["people"][user_id],
                    "name": row["actor"]["name"],
                    "deleted": False,
                },
                "scope": {"type": "user", "user_id": user_id},
                "source": source["scope"],
                "amount": source["amount"],
                "currency": "USD",
                "period": period,
                "period_to_date_spend": "0",
                "spend_limit_id": source["id"],
            }
        assert found["own"] == [by_person[found["ids"][0], "daily"]]
    assert found["left"] == []


def test_a_member_is_signed_out(town: LiveServer) -> None:
    found = told("anthropic-2", town, "sign_out")
    assert (found["signed_out"], found["before"]) == (found["boss"], True)
    assert found["boss"]["role"] == "admin"
    refused = {name: (found[name]["class"], found[name]["status"]) for name in ("self", "admin", "after", "unknown")}
    assert refused == {
        "self": ("BetaCannotSignOutSelfError", 400),
        "admin": ("BetaCannotSignOutPrivilegedMemberError", 403),
        "after": ("AuthenticationError", 401),
        "unknown": ("NotFoundError", 404),
    }


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
