"""Who may do what."""

import dataclasses
from ipaddress import ip_network

import pytest

from antechamber.base.errors import PermissionDenied
from antechamber.base.ids import (
    AdminKeyId,
    ApiKeyId,
    EnvironmentId,
    EnvironmentKeyId,
    OrganizationId,
    ServiceAccountId,
    SessionId,
    TokenId,
    UserId,
    WorkId,
    WorkspaceId,
)
from antechamber.base.permissions import (
    HELD,
    ROLES,
    SCOPES,
    SERVICE_ACCOUNT_ROLES,
    WORKSPACE_ROLES,
    Kind,
    OrganizationRole,
    Permission,
    ServiceAccountRole,
    WorkspaceRole,
    holders,
    matrix,
)
from antechamber.base.principal import (
    AccessToken,
    AdminKey,
    ApiKey,
    EnvironmentKey,
    Principal,
    WorkToken,
    demand,
    demand_address,
)

ORGANIZATION = OrganizationId("5d1f0e5b-6c2d-4c6f-9a53-6f2f5d8f0c11")
API_KEY = ApiKey(ApiKeyId("apikey_01a"), ORGANIZATION, WorkspaceId("wrkspc_01a"), True, None, None)
ADMIN_KEY = AdminKey(AdminKeyId("adminkey_01a"), ORGANIZATION, None)
TOKEN = AccessToken(TokenId("token_01a"), ORGANIZATION, "org:admin", 1)
USER = UserId("user_01a")
STRANGE = AccessToken(TokenId("token_01b"), ORGANIZATION, "org:unheard", 1)


DEVELOPER = AccessToken(TokenId("token_01c"), ORGANIZATION, " ".join(SCOPES), 1, USER, OrganizationRole.DEVELOPER)
READER = AdminKey(AdminKeyId("adminkey_01b"), ORGANIZATION, None, ("read:members", "read:analytics"))

ENVIRONMENT = EnvironmentId("env_01a")
WORKER = EnvironmentKey(EnvironmentKeyId("envkey_01a"), ORGANIZATION, API_KEY.workspace_id, ENVIRONMENT, None)
ITEM = WorkToken(WorkId("work_01a"), ORGANIZATION, API_KEY.workspace_id, ENVIRONMENT, SessionId("sesn_01a"))


@pytest.mark.parametrize(
    ("principal", "held"),
    [
        (API_KEY, HELD[Kind.API_KEY]),
        (ADMIN_KEY, HELD[Kind.ADMIN_KEY]),
        (TOKEN, HELD[Kind.ORG_ADMIN_TOKEN]),
        (STRANGE, frozenset[Permission]()),
        (DEVELOPER, HELD[Kind.PERSON_DEVELOPER]),
        (READER, SCOPES["read:members"] | SCOPES["read:analytics"]),
        (WORKER, HELD[Kind.ENVIRONMENT_KEY]),
        (ITEM, HELD[Kind.WORK_TOKEN]),
    ],
)
def test_a_principal_may_what_it_holds_and_nothing_else(principal: Principal, held: frozenset[Permission]) -> None:
    assert principal.permissions == held
    for permission in Permission:
        if permission in held:
            demand(principal, permission)
        else:
            with pytest.raises(PermissionDenied):
                demand(principal, permission)


@pytest.mark.parametrize("role", WorkspaceRole)
def test_a_personal_key_holds_no_more_than_its_owners_role(role: WorkspaceRole) -> None:
    key = dataclasses.replace(API_KEY, user_id=USER, role=role)
    assert key.permissions == HELD[Kind.API_KEY] & WORKSPACE_ROLES[role]
    calls = {WorkspaceRole.ADMIN, WorkspaceRole.DEVELOPER, WorkspaceRole.RESTRICTED_DEVELOPER}
    assert (Permission.INFERENCE in key.permissions) == (role in calls)


@pytest.mark.parametrize("role", OrganizationRole)
def test_a_persons_token_is_limited_by_its_scopes_and_by_the_persons_role(role: OrganizationRole) -> None:
    everything = dataclasses.replace(DEVELOPER, role=role)
    assert everything.permissions == ROLES[role]
    profile = dataclasses.replace(everything, scope="user:profile")
    assert profile.permissions == ROLES[role] & SCOPES["user:profile"]
    admin = dataclasses.replace(everything, scope="org:admin")
    assert (Permission.MEMBERS_WRITE in admin.permissions) == (role is OrganizationRole.ADMIN)


@pytest.mark.parametrize("role", ServiceAccountRole)
def test_org_admin_is_worth_nothing_to_a_service_account_that_is_no_admin(role: ServiceAccountRole) -> None:
    account = ServiceAccountId("svac_01a")
    token = dataclasses.replace(TOKEN, service_account_id=account, service_account_role=role)
    admin = role is ServiceAccountRole.ADMIN
    assert token.permissions == (SCOPES["org:admin"] if admin else frozenset())
    both = dataclasses.replace(token, scope="org:admin workspace:developer", workspace_role=WorkspaceRole.ADMIN)
    beside = dataclasses.replace(both, scope="workspace:developer")
    assert (both.permissions == beside.permissions) == (not admin)
    assert Permission.INFERENCE in both.permissions


def test_a_refusal_names_what_is_held_what_is_needed_and_who_holds_it() -> None:
    with pytest.raises(PermissionDenied) as caught:
        demand(API_KEY, Permission.AUDIT_READ)
    assert caught.value.message == (
        "This api_key holds [agents:read, agents:write, environments:read, environments:write, events:write, "
        "inference, metrics:write, models:read, self:read, sessions:read, sessions:write, spend_limits:ask, work:read, "
        "work:stop, work:write] but needs [audit:read], which is held by: admin_key, org:admin token, person: admin."
    )
    with pytest.raises(PermissionDenied, match=r"^This admin_key with scopes read:members read:analytics holds \["):
        demand(READER, Permission.MEMBERS_WRITE)
    with pytest.raises(PermissionDenied, match=r"token of a person with role developer holds \["):
        demand(DEVELOPER, Permission.MEMBERS_WRITE)


def test_the_public_may_what_is_public_and_nothing_else() -> None:
    assert HELD[Kind.ANONYMOUS] == frozenset()
    assert holders(Permission.PUBLIC) == sorted(Kind)


def test_every_kind_role_and_scope_has_its_row() -> None:
    assert set(HELD) == set(Kind)
    assert set(ROLES) == set(OrganizationRole)
    assert set(WORKSPACE_ROLES) == set(WorkspaceRole)
    assert set(SERVICE_ACCOUNT_ROLES) == set(ServiceAccountRole)
    assert len(matrix()) == len(Kind) + len(WorkspaceRole) + len(ServiceAccountRole) + len(SCOPES)


def test_every_permission_is_held_by_somebody() -> None:
    assert set(Permission) == frozenset().union(*matrix().values())


def test_an_admin_key_asks_no_model_and_an_api_key_administers_nothing() -> None:
    assert Permission.INFERENCE not in HELD[Kind.ADMIN_KEY]
    assert HELD[Kind.API_KEY] & SCOPES["org:admin"] == {Permission.SELF_READ}


# wire-admin.md 6, the organisation's table: ability, then who has it
@pytest.mark.parametrize(
    ("permission", "who"),
    [
        (Permission.PLAYGROUND_USE, {"user", "claude_code_user", "developer", "billing", "admin"}),
        (Permission.CLAUDE_CODE_USE, {"claude_code_user", "admin"}),
        (Permission.API_KEYS_WRITE, {"developer", "admin"}),
        (Permission.USAGE_READ, {"developer", "billing", "admin"}),
        (Permission.COST_READ, {"developer", "billing", "admin"}),
        (Permission.SPEND_LIMITS_WRITE, {"billing", "admin"}),
        (Permission.WORKSPACES_WRITE, {"admin"}),
        (Permission.WORKSPACE_MEMBERS_WRITE, {"admin"}),
        (Permission.MEMBERS_WRITE, {"admin"}),
        (Permission.ADMIN_KEYS_WRITE, {"admin"}),
    ],
)
def test_an_ability_of_the_published_matrix_is_held_by_just_its_roles(permission: Permission, who: set[str]) -> None:
    assert {role.value for role in OrganizationRole if permission in ROLES[role]} == who


# wire-admin.md 6, the workspace's table
@pytest.mark.parametrize(
    ("permission", "who"),
    [
        (Permission.PLAYGROUND_USE, {"user", "restricted_developer", "developer", "admin"}),
        (Permission.API_KEYS_WRITE, {"restricted_developer", "developer", "admin"}),
        (Permission.INFERENCE, {"restricted_developer", "developer", "admin"}),
        (Permission.TRACES_READ, {"developer", "admin"}),
        (Permission.FILES_READ, {"developer", "admin"}),
        (Permission.WORKSPACES_WRITE, {"admin"}),
        (Permission.WORKSPACE_MEMBERS_WRITE, {"admin"}),
        (Permission.RATE_LIMITS_WRITE, {"admin"}),
        (Permission.COST_READ, {"admin", "billing"}),
    ],
)
def test_a_workspace_ability_is_held_by_just_its_roles(permission: Permission, who: set[str]) -> None:
    held = {role.value.removeprefix("workspace_") for role in WorkspaceRole if permission in WORKSPACE_ROLES[role]}
    assert held == who


LIMITED = dataclasses.replace(API_KEY, networks=(ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")))


@pytest.mark.parametrize("address", ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"])
def test_a_key_opens_from_its_networks_of_either_family(address: str) -> None:
    demand_address(LIMITED, address)


@pytest.mark.parametrize("address", ["192.0.3.1", "2001:db9::1", "::1", "somewhere", None])
def test_a_key_does_not_open_from_elsewhere_and_its_networks_stay_untold(address: str | None) -> None:
    with pytest.raises(PermissionDenied) as refused:
        demand_address(LIMITED, address)
    assert refused.value.message == f"Your address ({address or 'unknown'}) is not allowed for this API key."


@pytest.mark.parametrize("principal", [dataclasses.replace(LIMITED, networks=None), ADMIN_KEY, TOKEN])
def test_others_open_from_anywhere(principal: Principal) -> None:
    demand_address(principal, None)


def test_an_admin_key_makes_no_admin_keys_whatever_its_scopes() -> None:
    for scopes in ((), ("org:admin",), ("write:admin_keys",)):
        assert Permission.ADMIN_KEYS_WRITE not in dataclasses.replace(ADMIN_KEY, scopes=scopes).permissions
