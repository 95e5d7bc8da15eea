"""Who an act is laid to."""

import pytest

from antechamber.base.actor import Actor, ActorKind, actor_for
from antechamber.base.ids import (
    AdminKeyId,
    ApiKeyId,
    EnvironmentId,
    EnvironmentKeyId,
    OrganizationId,
    SessionId,
    TokenId,
    UserId,
    WorkId,
    WorkspaceId,
)
from antechamber.base.permissions import OrganizationRole
from antechamber.base.principal import AccessToken, AdminKey, ApiKey, EnvironmentKey, Principal, WorkToken

MINE = OrganizationId("5d1f0e5b-6c2d-4c6f-9a53-6f2f5d8f0c11")
OWNER = UserId("user_01")
TOKEN = TokenId("token_01")
ROOM = WorkspaceId("wrkspc_01")
HOUSE = EnvironmentId("env_01")
KEY = EnvironmentKeyId("envkey_01")


@pytest.mark.parametrize(
    ("principal", "kind", "actor_id"),
    [
        (AdminKey(AdminKeyId("adminkey_01"), MINE, None), ActorKind.ADMIN_API_KEY, "adminkey_01"),
        (ApiKey(ApiKeyId("apikey_01"), MINE, WorkspaceId("wrkspc_01"), True, None, None), ActorKind.API, "apikey_01"),
        (AccessToken(TOKEN, MINE, "org:admin", 1, OWNER, OrganizationRole.ADMIN), ActorKind.USER, OWNER),
        (AccessToken(TOKEN, MINE, "org:admin", 1), ActorKind.OPERATOR, TOKEN),
        (EnvironmentKey(KEY, MINE, ROOM, HOUSE, None), ActorKind.API, KEY),
        (WorkToken(WorkId("work_01"), MINE, ROOM, HOUSE, SessionId("sesn_01")), ActorKind.API, "work_01"),
        (None, ActorKind.UNAUTHENTICATED, None),
    ],
)
def test_an_act_is_laid_to_whoever_the_credential_stands_for(
    principal: Principal | None, kind: ActorKind, actor_id: str | None
) -> None:
    assert actor_for(principal, "192.0.2.1", "ante", "req_01") == Actor(kind, actor_id, "192.0.2.1", "ante", "req_01")
