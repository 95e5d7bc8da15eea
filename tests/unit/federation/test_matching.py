"""Which assertions a rule means, and where their tokens act."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.ids import OrganizationId, WorkspaceId
from antechamber.base.permissions import ServiceAccountRole
from antechamber.features.federation.model.assertion import Assertion
from antechamber.features.federation.model.history import Reason
from antechamber.features.federation.model.matching import (
    Refused,
    choose_workspace,
    needs_workspace,
    refuse,
    refuse_role,
)
from antechamber.features.federation.model.rules import Match
from antechamber.features.workspaces.model import Workspace, WorkspaceKind

HERE = "https://ante.example.com"


def asserted(subject: str = "s", audiences: tuple[str, ...] = (HERE,), **claims: object) -> Assertion:
    return Assertion("https://a", subject, audiences, 0.0, 600.0, None, None, claims)


def judged(match: Match, assertion: Assertion, *, holds: bool = True) -> Refused | None:
    return refuse(match, assertion, HERE, lambda _text, _claims: holds)


def workspace(name: str, *, default: bool = False, archived: bool = False) -> Workspace:
    return Workspace(
        id=WorkspaceId(f"wrkspc_{name}"),
        organization_id=OrganizationId("o"),
        name=name,
        display_color="#000000",
        kind=WorkspaceKind.DEFAULT if default else WorkspaceKind.ORDINARY,
        compartment_id="c",
        created_at=0,
        archived_at=1 if archived else None,
    )


@given(st.text(min_size=1), st.text())
def test_a_star_at_the_end_means_whatever_follows(beginning: str, rest: str) -> None:
    assert judged(Match(subject_prefix=f"{beginning}*"), asserted(beginning + rest)) is None


@given(st.text(min_size=1).filter(lambda text: not text.endswith("*")), st.text(min_size=1))
def test_without_one_nothing_may_follow(subject: str, rest: str) -> None:
    assert judged(Match(subject_prefix=subject), asserted(subject)) is None
    assert judged(Match(subject_prefix=subject), asserted(subject + rest)) == (Reason.MATCH_SUBJECT_PREFIX, None)


@pytest.mark.parametrize("value", [None, 1, True, ["x"], {"x": 1}, "X", "x "])
def test_a_claim_equals_its_text_or_does_not(value: object) -> None:
    assert judged(Match(claims={"a": "x"}), asserted(a="x")) is None
    assert judged(Match(claims={"a": "x"}), asserted(a=value)) == (Reason.MATCH_CLAIMS, "a")


def test_every_condition_that_is_set_counts() -> None:
    match = Match("s*", "other", {"a": "x"}, "claims.b")
    good = asserted("subject", ("other",), a="x")
    assert judged(match, good) is None
    assert judged(match, good, holds=False) == (Reason.MATCH_CONDITION, None)
    assert judged(match, asserted("subject", (HERE,), a="x")) == (Reason.MATCH_AUDIENCE, None)


ROOM, OTHER = workspace("room"), workspace("other")
DEFAULT, GONE = workspace("default", default=True), workspace("gone", archived=True)


@pytest.mark.parametrize(
    ("asked", "enabled", "found"),
    [
        (None, [ROOM], ROOM),
        (None, [ROOM, GONE], ROOM),
        (None, [ROOM, DEFAULT, OTHER], DEFAULT),
        (None, [ROOM, OTHER], Reason.WORKSPACE_ID_REQUIRED),
        (None, [], Reason.WORKSPACE_NOT_ENABLED),
        (None, [GONE], Reason.WORKSPACE_NOT_ENABLED),
        ("default", [ROOM, DEFAULT], DEFAULT),
        ("default", [ROOM], Reason.WORKSPACE_NOT_ENABLED),
        (OTHER.id, [ROOM, OTHER], OTHER),
        (OTHER.id, [ROOM], Reason.WORKSPACE_NOT_ENABLED),
        (GONE.id, [GONE], Reason.WORKSPACE_NOT_ENABLED),
    ],
)
def test_a_workspace_is_named_or_there_is_only_one_to_choose(
    asked: str | None, enabled: list[Workspace], found: Workspace | Reason
) -> None:
    chosen = choose_workspace(asked, enabled)
    assert (chosen.reason if isinstance(chosen, Refused) else chosen) == found


def test_only_what_is_done_in_a_workspace_needs_one() -> None:
    assert not needs_workspace("org:admin")
    for scope in (
        "workspace:developer",
        "workspace:inference",
        "workspace:manage_tunnels",
        "org:admin workspace:developer",
    ):
        assert needs_workspace(scope)


def test_the_administration_is_for_admins() -> None:
    assert refuse_role("org:admin", ServiceAccountRole.ADMIN) is None
    assert refuse_role("workspace:developer", ServiceAccountRole.DEVELOPER) is None
    refused = refuse_role("workspace:developer org:admin", ServiceAccountRole.DEVELOPER)
    assert refused == (Reason.ORGANIZATION_ROLE, None)
