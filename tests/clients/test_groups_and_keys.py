"""The anthropic package administers groups, roles and external keys: every endpoint, answers validated strictly."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from antechamber.base.permissions import ROLES, WORKSPACE_ROLES, OrganizationRole
from tests.clients.environments import run_python
from tests.clients.towns import GENERATIONS, SPACES, operate
from tests.key_service import KeyService
from tests.live import LiveServer


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that has a key service, and a person for each name space of each generation."""
    service = KeyService()
    service.refused = "refused.vault.azure.net"
    server = LiveServer(tmp_path_factory.mktemp("village"), environment={"ANTE_SERVER_KMS_URL": service.url})
    try:
        server.start()
        for mark, _ in GENERATIONS.values():
            for space in SPACES:
                operate(server, "people", "add", f"{mark}-{space}@example.com")
        yield server
        assert '"event": "unhandled"' not in server.log()
    finally:
        server.stop()
        service.close()


@cache
def results(generation: str, server: LiveServer) -> dict[str, Any]:
    return run_python(generation, "groups_sdk", server)


@pytest.fixture(params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def spaces(generation: str, server: LiveServer, case: str) -> dict[str, Any]:
    outcome = results(generation, server)[case]
    if "failed" in outcome:
        pytest.fail(f"{generation}, {case}:\n{outcome['failed']}", pytrace=False)
    # the older generation has groups and roles among its betas only
    expected = {"beta"} if case.startswith("rbac") and generation == "anthropic-1" else set(SPACES)
    assert set(outcome["value"]) == expected
    return dict(outcome["value"])


def test_groups_are_made_renamed_listed_and_deleted(generation: str, village: LiveServer) -> None:
    for space, found in spaces(generation, village, "rbac_groups").items():
        mark = f"{GENERATIONS[generation][0]} {space}"
        made, changed = found["made"], found["changed"]
        assert (made["name"], made["source_type"], made["role_ids"]) == (mark, "direct", [])
        assert (changed["name"], found["same"]) == (f"{mark}!", True)
        assert found["paged"] == [True] * 4, "a list of two pages goes on by itself"
        assert found["deleted"] == {"id": made["id"], "type": "rbac_group_deleted"}
        assert (found["unknown"]["status"], found["bad"]["status"]) == (404, 400)


def test_people_join_and_leave_groups_and_invites_name_them(generation: str, village: LiveServer) -> None:
    for space, found in spaces(generation, village, "rbac_groups").items():
        group_id = found["made"]["id"]
        added = found["added"]
        assert (added["rbac_group_id"], added["user_id"]) == (group_id, found["person"])
        assert added["email"] == f"{GENERATIONS[generation][0]}-{space}@example.com"
        assert found["members"] == [added]
        extra = {"group_id": group_id} if GENERATIONS[generation][1] == "2023-06-01" else {}
        named = {"rbac_group_id": group_id, "user_id": found["person"]}
        assert found["removed"] == {"type": "rbac_group_member_deleted", **named, **extra}
        assert (found["left"], found["invited"]) == ([], True)


def test_roles_are_told_with_what_they_permit(generation: str, village: LiveServer) -> None:
    for found in spaces(generation, village, "rbac_roles").values():
        roles = found["roles"]
        assert [role["display_name"] for role in roles] == [*ROLES, *WORKSPACE_ROLES]
        assert all(role["source"] == {"type": "built_in"} for role in roles)
        if GENERATIONS[generation][1] == "2023-06-01":
            assert all(role["name"] == role["display_name"] for role in roles)
        else:
            assert all("name" not in role for role in roles)
        assert found["same"]
        assert {each["action"] for each in found["permissions"]} == ROLES[OrganizationRole.ADMIN]
        resource = {"type": "organization", "organization_id": village.organization_id}
        assert all(each["resource"] == resource for each in found["permissions"])
        expected = "RBACRoleNotFoundError" if generation == "anthropic-2" else "NotFoundError"
        assert (found["unknown"]["status"], found["unknown"]["class"]) == (404, expected)


def test_external_keys_are_made_changed_tried_and_deleted(generation: str, village: LiveServer) -> None:
    for space, found in spaces(generation, village, "external_keys").items():
        mark = f"{GENERATIONS[generation][0]} {space}"
        made, changed = found["made"], found["changed"]
        assert (made["display_name"], made["geo"], made["attachment"]) == (mark, "us", {"type": "unattached"})
        assert (made["provider_config"]["type"], made["provider_config"]["region"]) == ("aws", "us-east-1")
        assert (changed["display_name"], changed["provider_config"]["type"]) == (f"{mark}!", "azure")
        assert found["other"]["type"] == "gcp"
        assert found["paged"] == [True] * 4, "a list of two pages goes on by itself"
        assert found["validated"] == {"type": "external_key_validation", "status": "success", "error": None}
        assert found["deleted"]
        assert (found["unknown"]["status"], found["bad"]["status"]) == (404, 400)


def test_a_workspace_is_tied_to_a_key_that_works(generation: str, village: LiveServer) -> None:
    for found in spaces(generation, village, "external_keys").values():
        assert (found["tied"], found["attachment"], found["in_use"]["status"]) == (True, {"type": "attached"}, 400)
    for found in spaces(generation, village, "refused_keys").values():
        error = "The key service refused: AccessDenied"
        assert found["validated"] == {"type": "external_key_validation", "status": "failure", "error": error}
        expected = "ExternalKeyValidationFailedError" if generation == "anthropic-2" else "BadRequestError"
        assert (found["tied"]["class"], found["tied"]["message"]) == (expected, f"external_key_id: {error}")
