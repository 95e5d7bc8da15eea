"""The pure rules of service accounts, issuers and rules."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.actor import OPERATOR, SYSTEM, Actor, ActorKind
from antechamber.base.errors import InvalidRequest, PermissionDenied
from antechamber.base.ids import IssuerId, OrganizationId
from antechamber.base.permissions import SCOPES as KNOWN_SCOPES
from antechamber.base.permissions import ServiceAccountRole, WorkspaceRole
from antechamber.features.federation.model.accounts import (
    check_role_giver,
    check_workspace_role,
    effective_role,
)
from antechamber.features.federation.model.issuers import (
    Discovery,
    ExplicitUrl,
    Inline,
    Issuer,
    IssuerChange,
    apply,
    check,
    dialled,
    shown,
)
from antechamber.features.federation.model.rules import (
    SCOPES,
    Match,
    check_manager,
    check_match,
    check_scope,
    check_token_lifetime,
    is_everyday,
)
from antechamber.features.federation.model.stamps import Stamp, check_description, check_name, stamp
from antechamber.features.workspaces.model import WorkspaceKind

PERSON = Actor(ActorKind.USER, "user_1")
WORKLOAD = Actor(ActorKind.SERVICE_ACCOUNT, "svac_1")
ISSUER = Issuer(
    IssuerId("fdis_1"), OrganizationId("o"), "idp", "https://idp.example", Discovery(), True, 3600, Stamp(1, None),
    Stamp(1, None),
)  # fmt: skip


@given(st.text())
def test_a_name_is_taken_exactly_if_it_is_of_its_alphabet_and_length(name: str) -> None:
    is_good = 1 <= len(name) <= 255 and all(sign in "abcdefghijklmnopqrstuvwxyz0123456789-" for sign in name)
    if is_good:
        assert check_name(name) == name
    else:
        with pytest.raises(InvalidRequest, match=r"^name: "):
            check_name(name)


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=255))
def test_every_name_of_the_alphabet_is_good(name: str) -> None:
    assert check_name(name) == name


def test_a_description_has_at_most_a_thousand_characters() -> None:
    assert check_description("x" * 1000)
    with pytest.raises(InvalidRequest, match=r"^description: "):
        check_description("x" * 1001)


def test_stamps_name_people_and_workloads_only() -> None:
    named = [stamp(7, by).by for by in (PERSON, WORKLOAD, OPERATOR, SYSTEM, Actor(ActorKind.OPERATOR, "token_1"))]
    assert named == ["user_1", "svac_1", None, None, None]


def test_only_a_workload_may_not_give_the_role_admin() -> None:
    for by in (PERSON, OPERATOR):
        check_role_giver(ServiceAccountRole.ADMIN, by)
    check_role_giver(ServiceAccountRole.DEVELOPER, WORKLOAD)
    with pytest.raises(PermissionDenied, match=r"^organization_role: "):
        check_role_giver(ServiceAccountRole.ADMIN, WORKLOAD)


@given(st.sampled_from(WorkspaceKind), st.sampled_from(ServiceAccountRole), st.sampled_from(WorkspaceRole))
def test_a_role_given_by_hand_is_what_counts(
    kind: WorkspaceKind, role: ServiceAccountRole, by_hand: WorkspaceRole
) -> None:
    assert effective_role(kind, role, by_hand) is by_hand


def test_without_one_an_account_is_something_in_the_default_workspace_only() -> None:
    for role in ServiceAccountRole:
        assert effective_role(WorkspaceKind.ORDINARY, role, None) is None
        assert effective_role(WorkspaceKind.CLAUDE_CODE, role, None) is None
    assert effective_role(WorkspaceKind.DEFAULT, ServiceAccountRole.DEVELOPER, None) is WorkspaceRole.DEVELOPER
    assert effective_role(WorkspaceKind.DEFAULT, ServiceAccountRole.ADMIN, None) is WorkspaceRole.ADMIN


def test_every_role_can_be_given_but_billing() -> None:
    for role in set(WorkspaceRole) - {WorkspaceRole.BILLING}:
        assert check_workspace_role(role) is role
    with pytest.raises(InvalidRequest, match=r"^workspace_role: "):
        check_workspace_role(WorkspaceRole.BILLING)


@given(st.lists(st.sampled_from([*sorted(KNOWN_SCOPES), "nonsense"]), max_size=6))
def test_a_rules_scopes_are_those_that_rules_can_give_each_once(scopes: list[str]) -> None:
    if scopes and set(scopes) <= SCOPES:
        assert check_scope("  ".join(scopes)) == " ".join(dict.fromkeys(scopes))
        assert is_everyday(" ".join(scopes)) == (set(scopes) <= {"workspace:developer", "workspace:inference"})
    else:
        with pytest.raises(InvalidRequest, match=r"^oauth_scope: "):
            check_scope("  ".join(scopes))


@given(st.sampled_from(sorted(SCOPES)))
def test_people_and_the_operator_manage_every_rule_and_workloads_everyday_ones(scope: str) -> None:
    for by in (PERSON, OPERATOR):
        check_manager(scope, by, "x")
    if is_everyday(scope):
        check_manager(scope, WORKLOAD, "x")
    else:
        with pytest.raises(PermissionDenied, match=r"^x has the scope"):
            check_manager(scope, WORKLOAD, "x")


@given(st.integers())
def test_tokens_live_a_minute_to_a_day(seconds: int) -> None:
    if 60 <= seconds <= 86_400:
        assert check_token_lifetime(seconds) == seconds
    else:
        with pytest.raises(InvalidRequest, match=r"^token_lifetime_seconds: "):
            check_token_lifetime(seconds)


TEXTS = st.none() | st.text(max_size=3)
CLAIMS = st.none() | st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=2)


@given(st.builds(Match, TEXTS | st.sampled_from(["*", "**", "a*"]), TEXTS, CLAIMS, TEXTS))
def test_a_match_is_taken_exactly_if_it_says_who_is_meant_in_whole_words(match: Match) -> None:
    texts = (match.subject_prefix, match.audience, match.condition)
    is_whole = "" not in texts and all(key and value for key, value in (match.claims or {}).items())
    subject = (match.subject_prefix or "").strip("*")
    if is_whole and (subject or match.claims or match.condition):
        assert check_match(match) == dataclasses.replace(match, claims=match.claims or None)
    else:
        with pytest.raises(InvalidRequest, match=r"^match"):
            check_match(match)


def test_keys_are_fetched_from_where_the_issuer_says() -> None:
    url = "https://idp.example"
    assert dialled(url, Inline(())) is None
    assert dialled(url, Discovery()) == ("issuer_url", url)
    assert dialled(url, Discovery("https://d.example")) == ("jwks.discovery_base", "https://d.example")
    assert dialled(url, ExplicitUrl("https://k.example/jwks")) == ("jwks.url", "https://k.example/jwks")


@given(st.text())
def test_no_text_breaks_the_reading_of_an_issuers_address(url: str) -> None:
    try:
        taken = check(dataclasses.replace(ISSUER, url=url))
    except InvalidRequest as error:
        assert error.message.startswith("issuer_url: ")  # noqa: PT017 - most texts are refused, and one may be taken
    else:
        assert taken.url.startswith("https://")


@pytest.mark.parametrize(
    "url", ["https://idp.example", "https://10.0.0.1:6443", "https://a/b/c", "https://A.example/~x"]
)
def test_an_address_that_is_only_compared_may_be_any_https_one(url: str) -> None:
    assert check(dataclasses.replace(ISSUER, url=url, jwks=Inline(({},)))).url == url


def test_a_change_replaces_what_it_names() -> None:
    changed = apply(ISSUER, IssuerChange(url="https://b.example", check_jti=False))
    assert changed == dataclasses.replace(ISSUER, url="https://b.example", check_jti=False)
    assert apply(ISSUER, IssuerChange()) == ISSUER


def test_the_audit_log_tells_that_keys_changed_and_not_which() -> None:
    key = {"kty": "RSA", "n": "modulus", "kid": "1"}
    one, two = (shown(dataclasses.replace(ISSUER, jwks=Inline((each,)))) for each in (key, {**key, "n": "other"}))
    assert one["jwks"] != two["jwks"]
    assert "modulus" not in str(one)
    bundles = [shown(dataclasses.replace(ISSUER, jwks=ExplicitUrl("https://k", pem))) for pem in (None, "a", "b")]
    assert len({str(each["jwks"]) for each in bundles}) == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "x" * 262_144])
def test_keys_that_json_does_not_hold_or_that_are_too_long_are_refused(value: object) -> None:
    with pytest.raises(InvalidRequest, match=r"^jwks\.keys: "):
        check(dataclasses.replace(ISSUER, jwks=Inline(({"kty": "EC", "x": value},))))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"url": "https://user@a.example"}, "issuer_url"),
        ({"url": "https://a.example#x"}, "issuer_url"),
        ({"url": "https://a.example?x"}, "issuer_url"),
        ({"url": "https://a.example:0"}, "issuer_url"),
        ({"url": "https://[::1"}, "issuer_url"),
        ({"max_jwt_lifetime_seconds": 0}, "max_jwt_lifetime_seconds"),
        ({"max_jwt_lifetime_seconds": 176_401}, "max_jwt_lifetime_seconds"),
        ({"jwks": Inline(())}, "jwks.keys"),
        ({"jwks": Inline(({},) * 101)}, "jwks.keys"),
        ({"jwks": Discovery(ca_cert_pem="")}, "jwks.ca_cert_pem"),
        ({"jwks": ExplicitUrl("https://k", "x" * 65_537)}, "jwks.ca_cert_pem"),
        ({"jwks": ExplicitUrl("http://k")}, "jwks.url"),
        ({"jwks": Discovery("https://d?x")}, "jwks.discovery_base"),
    ],
)
def test_what_is_wrong_with_an_issuer_is_told_by_its_field(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^{named}: "):
        check(dataclasses.replace(ISSUER, **fields))


def test_sources_of_keys_may_have_what_they_need() -> None:
    for jwks in (ExplicitUrl("https://k.example/keys?set=1", "PEM"), Discovery("https://d.example/base")):
        assert check(dataclasses.replace(ISSUER, jwks=jwks)).jwks == jwks
    assert (
        shown(dataclasses.replace(ISSUER, jwks=Discovery("https://d.example", "PEM")))["jwks"] != shown(ISSUER)["jwks"]
    )


def test_at_most_fifty_claims_are_matched() -> None:
    claims = {f"claim-{number}": "x" for number in range(50)}
    assert check_match(Match(claims=claims)).claims == claims
    with pytest.raises(InvalidRequest, match=r"^match\.claims: "):
        check_match(Match(claims={**claims, "one-more": "x"}))
