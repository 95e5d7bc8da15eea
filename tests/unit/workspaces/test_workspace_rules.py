"""The rules of workspaces, without storage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import Kind
from antechamber.base.page import IdCursor
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.features.workspaces.model import (
    MAX_TAGS,
    DataResidency,
    Geo,
    ResidencyDraft,
    WorkspaceKind,
    check_color,
    check_cursor,
    check_name,
    effective_role,
    has_form,
    merge_tags,
    settle_residency,
)

ORDINARY, DEFAULT = WorkspaceKind.ORDINARY, WorkspaceKind.DEFAULT
HAND_GIVEN = [role for role in WorkspaceRole if role is not WorkspaceRole.BILLING]


def test_a_name_has_1_to_40_characters() -> None:
    assert check_name("a") == "a"
    assert check_name("a" * 40) == "a" * 40
    for bad in ("", "   ", "a" * 41, "tab\there", "nul\0"):
        with pytest.raises(InvalidRequest, match="name: must be 1 to 40 printable characters"):
            check_name(bad)


def test_a_name_loses_surrounding_space() -> None:
    assert check_name("  Production ") == "Production"


def test_a_display_color_is_a_hex_color_code() -> None:
    assert check_color("#6c5bb9") == "#6c5bb9"
    for bad in ("", "6C5BB9", "#6C5BB", "#6C5BB99", "#GGGGGG", "red", "#6C5BB9\n"):
        with pytest.raises(InvalidRequest, match="display_color: must be a hex color code"):
            check_color(bad)


def test_tags_are_set_and_null_removes_one() -> None:
    assert merge_tags({"a": "1", "b": "2"}, {"b": None, "c": "3"}) == {"a": "1", "c": "3"}


def test_removing_a_tag_that_is_not_there_changes_nothing() -> None:
    assert merge_tags({"a": "1"}, {"b": None}) == {"a": "1"}


@pytest.mark.parametrize("key", ["anthropic", "anthropic-team", "Anthropic.x", "ANTHROPICS"])
def test_tag_keys_may_not_begin_with_anthropic(key: str) -> None:
    for value in ("x", None):
        with pytest.raises(InvalidRequest, match="keys may not begin with `anthropic`"):
            merge_tags({}, {key: value})


def test_a_tag_key_may_contain_anthropic() -> None:
    assert merge_tags({}, {"my-anthropic": "x"}) == {"my-anthropic": "x"}


def test_tags_have_limits() -> None:
    assert merge_tags({}, {"k" * 128: "v" * 256})
    assert merge_tags({}, {"k": ""}) == {"k": ""}
    for bad in ({"": "x"}, {"k" * 129: "x"}, {"k": "v" * 257}, {"k\0": "x"}, {"k": "\0"}):
        with pytest.raises(InvalidRequest, match="tags"):
            merge_tags({}, bad)


def test_a_workspace_keeps_at_most_50_tags() -> None:
    full = {str(number): "x" for number in range(MAX_TAGS)}
    assert merge_tags({}, full) == full
    assert merge_tags(full, {"0": None, "more": "x"})
    with pytest.raises(InvalidRequest, match="tags: at most 50"):
        merge_tags(full, {"more": "x"})


def test_data_residency_defaults_to_us_unrestricted_and_global() -> None:
    settled = settle_residency(DataResidency(), ResidencyDraft())
    assert settled == DataResidency("us", None, Geo.GLOBAL)


def test_the_default_geo_must_be_an_allowed_one() -> None:
    said = ResidencyDraft(allowed=[Geo.US])
    with pytest.raises(InvalidRequest, match="default_inference_geo: global is not one of allowed_inference_geos"):
        settle_residency(DataResidency(), said)
    settled = settle_residency(DataResidency(), ResidencyDraft(allowed=[Geo.US], default=Geo.US))
    assert settled == DataResidency("us", (Geo.US,), Geo.US)


def test_a_default_geo_is_checked_against_the_list_that_was_there_before() -> None:
    known = DataResidency("us", (Geo.US,), Geo.US)
    with pytest.raises(InvalidRequest, match="default_inference_geo"):
        settle_residency(known, ResidencyDraft(default=Geo.GLOBAL))
    lifted = settle_residency(known, ResidencyDraft(allowed="unrestricted", default=Geo.GLOBAL))
    assert lifted == DataResidency()


def test_a_list_of_allowed_geos_names_one_and_each_once() -> None:
    with pytest.raises(InvalidRequest, match="at least one geo"):
        settle_residency(DataResidency(), ResidencyDraft(allowed=[]))
    twice = ResidencyDraft(allowed=[Geo.GLOBAL, Geo.GLOBAL])
    assert settle_residency(DataResidency(), twice).allowed == (Geo.GLOBAL,)


@given(explicit=st.sampled_from([None, *HAND_GIVEN]), kind=st.sampled_from(WorkspaceKind))
def test_an_organization_admin_is_workspace_admin_everywhere(
    explicit: WorkspaceRole | None, kind: WorkspaceKind
) -> None:
    assert effective_role(kind, OrganizationRole.ADMIN, explicit) is WorkspaceRole.ADMIN


@given(explicit=st.sampled_from([None, *HAND_GIVEN]))
def test_organization_billing_is_workspace_billing_unless_made_workspace_admin(explicit: WorkspaceRole | None) -> None:
    expected = WorkspaceRole.ADMIN if explicit is WorkspaceRole.ADMIN else WorkspaceRole.BILLING
    assert effective_role(ORDINARY, OrganizationRole.BILLING, explicit) is expected


@given(
    explicit=st.sampled_from([None, *HAND_GIVEN]),
    role=st.sampled_from([OrganizationRole.USER, OrganizationRole.DEVELOPER, OrganizationRole.CLAUDE_CODE_USER]),
)
def test_others_are_what_they_were_given_and_nothing_else(
    explicit: WorkspaceRole | None, role: OrganizationRole
) -> None:
    assert effective_role(ORDINARY, role, explicit) is explicit


@given(explicit=st.sampled_from([None, *WorkspaceRole]), kind=st.sampled_from(WorkspaceKind))
def test_who_is_no_member_of_the_organization_is_nothing_in_a_workspace(
    explicit: WorkspaceRole | None, kind: WorkspaceKind
) -> None:
    assert effective_role(kind, None, explicit) is None


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (OrganizationRole.ADMIN, WorkspaceRole.ADMIN),
        (OrganizationRole.BILLING, WorkspaceRole.BILLING),
        (OrganizationRole.CLAUDE_CODE_USER, WorkspaceRole.USER),
        (OrganizationRole.DEVELOPER, WorkspaceRole.DEVELOPER),
        (OrganizationRole.USER, WorkspaceRole.USER),
    ],
)
def test_in_the_default_workspace_the_organization_role_decides(
    role: OrganizationRole, expected: WorkspaceRole
) -> None:
    assert effective_role(DEFAULT, role, None) is expected
    assert effective_role(DEFAULT, role, WorkspaceRole.RESTRICTED_DEVELOPER) is expected


def test_what_cannot_be_an_id_is_none() -> None:
    assert has_form(Kind.WORKSPACE, "wrkspc_01" + "1" * 22)
    for text in ("", "wrkspc_", "user_01" + "1" * 22, "wrkspc_01" + "0" * 22, "wrkspc_01\0" + "1" * 21):
        assert not has_form(Kind.WORKSPACE, text)


def test_a_cursor_that_cannot_be_an_id_is_refused() -> None:
    assert check_cursor(Kind.USER, IdCursor()) is None
    with pytest.raises(InvalidRequest, match="after_id: there is no x"):
        check_cursor(Kind.USER, IdCursor(after_id="x"))
    with pytest.raises(InvalidRequest, match="before_id: there is no x"):
        check_cursor(Kind.USER, IdCursor(before_id="x"))
