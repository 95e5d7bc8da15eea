"""Scopes: asked for, cut to what somebody's roles may, narrowed at a refresh."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.permissions import OrganizationRole, Permission, WorkspaceRole
from antechamber.base.principal import AccessToken
from antechamber.features.oauth.model import (
    DEFAULT_SCOPES,
    INTERACTIVE,
    GrantRefused,
    OAuthError,
    narrow,
    read_scopes,
    reduce,
)

SCOPES = st.lists(st.sampled_from(INTERACTIVE), unique=True)
ROLES = st.sampled_from(OrganizationRole)
INSIDE = st.none() | st.sampled_from(WorkspaceRole)


def held(scopes: tuple[str, ...], role: OrganizationRole, inside: WorkspaceRole | None) -> frozenset[Permission]:
    token = AccessToken("token", "o", " ".join(scopes), None, "u", role, workspace_id="w", workspace_role=inside)  # type: ignore[arg-type] # ids of no form
    return token.permissions


@given(SCOPES, ROLES, INSIDE)
def test_what_is_left_is_of_what_was_asked_in_its_order(
    scopes: list[str], role: OrganizationRole, inside: WorkspaceRole | None
) -> None:
    left = reduce(scopes, role, inside)
    assert list(left) == [scope for scope in scopes if scope in left]


@given(SCOPES, ROLES, INSIDE)
def test_cutting_again_cuts_nothing_more(
    scopes: list[str], role: OrganizationRole, inside: WorkspaceRole | None
) -> None:
    left = reduce(scopes, role, inside)
    assert reduce(left, role, inside) == left


@given(SCOPES, ROLES, INSIDE)
def test_what_is_cut_away_would_have_opened_nothing_but_what_everyone_may(
    scopes: list[str], role: OrganizationRole, inside: WorkspaceRole | None
) -> None:
    left = reduce(scopes, role, inside)
    lost = held(tuple(scopes), role, inside) - held(left, role, inside)
    own = {Permission.SELF_READ, Permission.SPEND_LIMITS_ASK}
    everyones = own | {Permission.ORGANIZATION_READ, Permission.PLAYGROUND_USE}
    if "org:admin" in scopes and "org:admin" not in left:
        # of the administration, what lesser roles may of it is asked for by scopes of its own
        return
    assert lost <= everyones


@given(SCOPES, ROLES, INSIDE)
def test_every_scope_that_is_left_opens_something(
    scopes: list[str], role: OrganizationRole, inside: WorkspaceRole | None
) -> None:
    for scope in reduce(scopes, role, inside):
        assert held((scope,), role, inside)


@given(SCOPES, ROLES, INSIDE)
def test_the_administration_is_an_admins_alone(
    scopes: list[str], role: OrganizationRole, inside: WorkspaceRole | None
) -> None:
    is_left = "org:admin" in reduce(scopes, role, inside)
    assert is_left is ("org:admin" in scopes and role is OrganizationRole.ADMIN)


@given(SCOPES, INSIDE)
def test_who_is_no_member_is_left_nothing(scopes: list[str], inside: WorkspaceRole | None) -> None:
    assert reduce(scopes, None, inside) == ()


@pytest.mark.parametrize(
    ("role", "inside", "left"),
    [
        (OrganizationRole.ADMIN, WorkspaceRole.ADMIN, "user:profile user:inference user:developer"),
        (OrganizationRole.DEVELOPER, WorkspaceRole.DEVELOPER, "user:profile user:inference user:developer"),
        (OrganizationRole.DEVELOPER, WorkspaceRole.USER, "user:profile user:developer"),
        (OrganizationRole.BILLING, WorkspaceRole.BILLING, "user:profile user:developer"),
        (OrganizationRole.USER, WorkspaceRole.USER, "user:profile"),
        (OrganizationRole.USER, WorkspaceRole.DEVELOPER, "user:profile user:inference user:developer"),
        (
            OrganizationRole.CLAUDE_CODE_USER,
            WorkspaceRole.RESTRICTED_DEVELOPER,
            "user:profile user:inference user:developer",
        ),
    ],
)
def test_of_what_ant_asks_for_each_role_is_left_what_it_may(
    role: OrganizationRole, inside: WorkspaceRole, left: str
) -> None:
    assert " ".join(reduce(DEFAULT_SCOPES, role, inside)) == left


@given(st.lists(st.sampled_from(INTERACTIVE), min_size=1))
def test_known_scopes_are_read_each_once(scopes: list[str]) -> None:
    assert read_scopes(" ".join(scopes), INTERACTIVE) == tuple(dict.fromkeys(scopes))


@given(st.text().filter(str.strip))
def test_an_unknown_scope_is_invalid(text: str) -> None:
    with pytest.raises(GrantRefused) as caught:
        read_scopes(f"user:profile {text}x", INTERACTIVE)
    assert caught.value.error is OAuthError.INVALID_SCOPE


@pytest.mark.parametrize("text", [None, "", "  "])
def test_no_scope_is_the_default_as_far_as_the_client_may(text: str | None) -> None:
    assert read_scopes(text, INTERACTIVE) == DEFAULT_SCOPES
    assert read_scopes(text, ["user:profile"]) == ("user:profile",)


@pytest.mark.parametrize(
    "text", ["workspace:developer", "user:profile,user:inference", "USER:PROFILE", "org:admin" * 400]
)
def test_workloads_scopes_and_other_spellings_are_invalid(text: str) -> None:
    with pytest.raises(GrantRefused):
        read_scopes(text, INTERACTIVE)


@given(SCOPES, SCOPES)
def test_a_refresh_narrows_and_never_widens(given_scopes: list[str], asked: list[str]) -> None:
    if set(asked) <= set(given_scopes):
        assert narrow(" ".join(asked), given_scopes) == (tuple(asked) if asked else tuple(given_scopes))
    else:
        with pytest.raises(GrantRefused) as caught:
            narrow(" ".join(asked), given_scopes)
        assert caught.value.error is OAuthError.INVALID_SCOPE
