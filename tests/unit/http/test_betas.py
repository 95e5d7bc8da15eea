"""The header that opens endpoints of a beta, and the workspace that they are asked in."""

import pytest

from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import AdminKeyId, ApiKeyId, OrganizationId, WorkspaceId
from antechamber.base.principal import AdminKey, ApiKey
from antechamber.http.betas import MANAGED_AGENTS, check_workspace, require_beta

ORGANIZATION = OrganizationId("00000000-0000-4000-8000-000000000000")
KEY = ApiKey(ApiKeyId("apikey_01"), ORGANIZATION, WorkspaceId("wrkspc_01a"), True, None, None)
ADMIN = AdminKey(AdminKeyId("adminkey_01"), ORGANIZATION, None)


@pytest.mark.parametrize(
    "values",
    [
        [MANAGED_AGENTS],
        [f"context-1m-2025-08-07,{MANAGED_AGENTS}"],
        [f" {MANAGED_AGENTS} , no-such-beta-2020-01-01"],
        ["context-1m-2025-08-07", MANAGED_AGENTS],
        [MANAGED_AGENTS, MANAGED_AGENTS],
    ],
)
def test_a_beta_that_is_named_opens_beside_any_other(values: list[str]) -> None:
    require_beta(values, MANAGED_AGENTS)


@pytest.mark.parametrize(
    "values", [[], [""], ["environments-2025-11-01"], [MANAGED_AGENTS + "x"], [MANAGED_AGENTS[:-1]]]
)
def test_one_that_is_not_named_is_nothing_found_and_says_what_to_send(values: list[str]) -> None:
    with pytest.raises(NotFound, match="anthropic-beta: managed-agents-2026-04-01"):
        require_beta(values, MANAGED_AGENTS)


def test_a_credential_of_a_workspace_may_name_it_or_none() -> None:
    check_workspace(None, KEY)
    check_workspace(" wrkspc_01a ", KEY)
    check_workspace("wrkspc_01b", ADMIN)
    with pytest.raises(InvalidRequest, match="anthropic-workspace-id: this credential belongs to wrkspc_01a"):
        check_workspace("wrkspc_01b", KEY)
