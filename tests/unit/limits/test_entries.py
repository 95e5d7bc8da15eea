"""What somebody sees of the limits that hold them."""

from antechamber.base.ids import ApiKeyId, OrganizationId, UserId, WorkspaceId
from antechamber.features.limits.model.definitions import Scope
from antechamber.features.limits.model.entries import Holder

MINE = OrganizationId("org")
KEY = Holder(MINE, ApiKeyId("apikey_01"), WorkspaceId("wrkspc_01"), None, sees_money=False)
PERSON = Holder(MINE, None, None, UserId("user_01"), sees_money=False)


def test_a_key_is_held_by_its_organization_its_workspace_and_itself() -> None:
    assert KEY.own == (Scope.API_KEY, "apikey_01")
    assert KEY.scopes == [(Scope.ORGANIZATION, "org"), (Scope.WORKSPACE, "wrkspc_01"), (Scope.API_KEY, "apikey_01")]


def test_a_person_is_held_by_the_organization_and_themselves() -> None:
    assert PERSON.own == (Scope.USER, "user_01")
    assert PERSON.scopes == [(Scope.ORGANIZATION, "org"), (Scope.USER, "user_01")]


def test_only_those_who_see_money_see_what_others_spend() -> None:
    assert [scope for scope in Scope if KEY.may_see(scope)] == [Scope.API_KEY, Scope.USER]
    seeing = Holder(MINE, None, None, UserId("user_01"), sees_money=True)
    assert all(seeing.may_see(scope) for scope in Scope)
