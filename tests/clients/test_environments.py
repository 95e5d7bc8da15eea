"""The official packages keep environments: every endpoint, the published configurations, typed refusals."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.conftest import Told

GENERATIONS = ("anthropic-0", "anthropic-1", "anthropic-2")
MANAGERS = ("apt", "cargo", "gem", "go", "npm", "pip")
EMPTY = {"type": "packages", **{manager: [] for manager in MANAGERS}}


@pytest.fixture(params=GENERATIONS)
def told(request: pytest.FixtureRequest, drive: Callable[[str, str], Told]) -> Told:
    return drive(request.param, "environments_sdk")


def mark(told: Told) -> str:
    return str(told("version")).replace(".", "-")


def test_the_published_configurations_are_resolved(told: Told) -> None:
    development, analysis, limited = told("published")
    assert development["name"] == f"{mark(told)} python-dev"
    assert development["config"] == {"type": "cloud", "networking": {"type": "unrestricted"}, "packages": EMPTY}
    assert analysis["config"]["packages"] == {
        **EMPTY, "npm": ["express"], "pip": ["pandas", "numpy", "scikit-learn"]
    }  # fmt: skip
    assert limited["config"]["networking"] == {
        "type": "limited",
        "allowed_hosts": ["api.example.com"],
        "allow_mcp_servers": True,
        "allow_package_managers": True,
    }


def test_an_environment_is_made_changed_archived_and_deleted(told: Told) -> None:
    found = told("life")
    made, changed, archived = found["made"], found["changed"], found["archived"]
    assert (made["type"], made["scope"], made["description"]) == ("environment", "organization", "d")
    assert made["metadata"] == {"team": "core", "gone": "soon"}
    assert (changed["name"], changed["description"]) == (f"{mark(told)} life!", None)
    assert (changed["metadata"], changed["config"]["packages"]["cargo"]) == ({"team": "core"}, ["ripgrep@14.0.0"])
    assert found["same"]
    assert archived["archived_at"]
    assert (found["listed"], found["kept"]) == (False, True)
    assert found["deleted"] == {"id": made["id"], "type": "environment_deleted"}
    assert (found["refused"]["status"], found["refused"]["code"]) == (400, "environment_archived")
    for refusal in (found["again"], found["gone"]):
        assert (refusal["status"], refusal["type"], refusal["class"]) == (404, "not_found_error", "NotFoundError")


def test_the_newest_package_knows_our_refusals_by_name(drive: Callable[[str, str], Told]) -> None:
    told = drive("anthropic-2", "environments_sdk")
    assert told("life")["refused"]["class"] == "BetaEnvironmentArchivedError"
    assert told("self_hosted")["turned"]["class"] == "BetaInvalidConfigTypeChangeError"
    assert "BadRequestError" in told("self_hosted")["turned"]["bases"]


def test_a_list_of_several_pages_goes_on_by_itself(told: Told) -> None:
    assert told("pages") == {"first": 2, "more": True, "order": True}


def test_self_hosted_stays_self_hosted_and_the_beta_is_asked_for(told: Told) -> None:
    found = told("self_hosted")
    assert found["made"]["config"] == {"type": "self_hosted"}
    assert (found["turned"]["status"], found["turned"]["code"]) == (400, "invalid_config_type_change")
    assert found["bare"]["status"] == 404
    assert "anthropic-beta: managed-agents-2026-04-01" in found["bare"]["message"]
    assert found["beside"] == 1


def test_refusals_say_what_is_wrong(told: Told) -> None:
    found = told("refusals")
    taken = found.pop("taken")
    assert (taken["status"], taken["type"], taken["class"]) == (409, "invalid_request_error", "ConflictError")
    assert {refusal["status"] for refusal in found.values()} == {400}
    assert {refusal["type"] for refusal in found.values()} == {"invalid_request_error"}
    words = {
        "managers": "allow_package_managers: must be true",
        "host": "http:// is not https://",
        "many": "at most 1000 packages",
        "option": "config.packages.npm.0: '--registry=",
        "unknown": "conda: Extra inputs are not permitted",
        "scope": "scope: ",
        "metadata": "metadata: a key must be",
        "page": "page: not a cursor",
    }
    for name, text in words.items():
        assert text in found[name]["message"]


def test_many_are_kept_at_once(told: Told) -> None:
    assert told("at_once") == {"listed": True, "names": True}


def test_the_typescript_package_keeps_environments(drive: Callable[[str, str], Told]) -> None:
    found: dict[str, Any] = drive("npm", "environments_sdk")("life")
    networking = {
        "type": "limited",
        "allowed_hosts": ["https://api.example.com"],
        "allow_mcp_servers": True,
        "allow_package_managers": True,
    }
    assert found["changed"]["config"]["networking"] == networking
    assert found["made"]["config"]["networking"] == {**networking, "allow_mcp_servers": False}
    assert (found["made"]["metadata"], found["changed"]["metadata"]) == ({"team": "core"}, {})
    assert found["found"] == found["changed"]
    assert found["taken"]["status"] == 409
    assert found["archived"]["archived_at"]
    assert found["refused"]["body"]["error"]["details"] == {"error_code": "environment_archived"}
    assert found["deleted"]["type"] == "environment_deleted"
    assert found["gone"]["status"] == 404


def test_the_typescript_package_pages_by_itself(drive: Callable[[str, str], Told]) -> None:
    found = drive("npm", "environments_sdk")("pages")
    assert found["listed"] == found["made"][::-1]
