"""Who may do what."""

import pytest

from antechamber.base.errors import PermissionDenied
from antechamber.base.ids import AdminKeyId, ApiKeyId, OrganizationId, TokenId, WorkspaceId
from antechamber.base.permissions import HELD, SCOPES, Kind, Permission, holders
from antechamber.base.principal import AccessToken, AdminKey, ApiKey, Principal, demand

ORGANIZATION = OrganizationId("5d1f0e5b-6c2d-4c6f-9a53-6f2f5d8f0c11")
API_KEY = ApiKey(ApiKeyId("apikey_01a"), ORGANIZATION, WorkspaceId("wrkspc_01a"), True, None, None)
ADMIN_KEY = AdminKey(AdminKeyId("adminkey_01a"), ORGANIZATION, None)
TOKEN = AccessToken(TokenId("token_01a"), ORGANIZATION, "org:admin", 1)
STRANGE = AccessToken(TokenId("token_01b"), ORGANIZATION, "org:unheard", 1)


@pytest.mark.parametrize(
    ("principal", "kind"),
    [
        (API_KEY, Kind.API_KEY),
        (ADMIN_KEY, Kind.ADMIN_KEY),
        (TOKEN, Kind.ORG_ADMIN_TOKEN),
        (STRANGE, Kind.ANONYMOUS),
    ],
)
def test_a_principal_holds_exactly_what_its_kind_holds(principal: Principal, kind: Kind) -> None:
    assert principal.kind is kind
    for permission in Permission:
        if permission in HELD[kind]:
            demand(principal, permission)
        else:
            with pytest.raises(PermissionDenied):
                demand(principal, permission)


def test_a_refusal_names_what_is_held_what_is_needed_and_who_holds_it() -> None:
    with pytest.raises(PermissionDenied) as caught:
        demand(API_KEY, Permission.USAGE_READ)
    assert caught.value.message == (
        "This api_key holds [inference, models:read] but needs [usage:read], "
        "which is held by: admin_key, org:admin token."
    )


def test_the_public_may_everything_that_is_public_and_nothing_else() -> None:
    assert HELD[Kind.ANONYMOUS] == {Permission.PUBLIC}
    assert holders(Permission.PUBLIC) == sorted(Kind)


def test_every_kind_has_its_row_and_every_scope_its_kind() -> None:
    assert set(HELD) == set(Kind)
    assert set(SCOPES.values()) <= set(Kind)


def test_an_admin_key_asks_no_model_and_an_api_key_administers_nothing() -> None:
    assert Permission.INFERENCE not in HELD[Kind.ADMIN_KEY]
    assert HELD[Kind.API_KEY].isdisjoint({Permission.ORGANIZATION_READ, Permission.USAGE_READ})
