"""Conditions in CEL: what is one, what it looks at, when it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.adapters.identity.conditions import CelConditions

CONDITIONS = CelConditions()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "text",
    [
        "true", "1 == 1", "!false", "dyn(true)", "claims == claims", "size(claims) >= 0", "true || claims.a == 'b'",
        "has(claims.a) || !has(claims.a)", "'a' in claims || !('a' in claims)", "claims.all(k, true)",
        "!claims.exists(k, false)", "type(claims) == map",
    ],
)  # fmt: skip
def test_what_is_always_true_is_refused(text: str) -> None:
    assert CONDITIONS.refuse(text) == "must not be true of every token"


@pytest.mark.parametrize("text", ["1", "'x'", "claims", "size(claims)", "[true]", "null", "claims.a + 'b' + 1.0"])
def test_what_is_no_boolean_is_refused(text: str) -> None:
    assert CONDITIONS.refuse(text) is not None


@pytest.mark.parametrize("text", ["", "claims.", "foo == 1", "claims.a = 'b'", "now() > 1", "request.a", "((", "\x00"])
def test_what_is_no_condition_over_claims_is_refused(text: str) -> None:
    told = CONDITIONS.refuse(text)
    assert told is not None
    assert told.startswith("is not a CEL expression over claims: ")
    assert "\n" not in told


def test_a_condition_has_at_most_4000_characters() -> None:
    text = "claims.a == '" + "x" * 3986 + "'"
    assert (len(text), CONDITIONS.refuse(text)) == (4000, None)
    assert CONDITIONS.refuse(f"{text} ") == "must have at most 4000 characters"
    assert not CONDITIONS.holds(f"{text} ", {"a": "x" * 3986})


@pytest.mark.parametrize(
    ("text", "looked_at"),
    [
        ("claims.a.b == 'x' || claims['c'] == 'y'", {"a", "c"}),
        ("has(claims.a) && 'b' in claims", set()),
        ("claims.exists(k, claims[k] == 'x' && claims.inner == '1')", {"inner"}),
        ("claims.groups.exists(g, g == claims.wanted)", {"groups", "wanted"}),
        ("{'a': claims.m}['a'] == '1' && [claims.n][0] == 1", {"m", "n"}),
        ("claims.sub.startsWith('claims.foo') ? claims.t : false", {"sub", "t"}),
        ("claims.a > 3.5 && claims.b < 3u && claims.c == b'x'", {"a", "b", "c"}),
    ],
)
def test_what_a_condition_looks_at_is_read_from_its_tree(text: str, looked_at: set[str]) -> None:
    assert CONDITIONS.refuse(text) is None
    assert CONDITIONS.references(text) == looked_at


@pytest.mark.parametrize(
    ("text", "claims", "holds"),
    [
        ("claims.a == 'x'", {"a": "x"}, True),
        ("claims.a == 'x'", {}, False),
        ("claims.a", {"a": True}, True),
        ("claims.a", {"a": "true"}, False),
        ("claims.a", {"a": 1}, False),
        ("claims.n > 5", {"n": 6}, True),
        ("claims.n > 5", {"n": 10**30}, False),
        ("claims.n > 5", {"n": "6"}, False),
        ("claims.a.matches('^repo:acme/.*')", {"a": "repo:acme/x"}, True),
        ("claims.a.matches(claims.a)", {"a": "("}, False),
        ("claims.a.startsWith('x')", {"a": "\ud800"}, False),
        ("claims.a == null", {"a": None}, True),
        ("nonsense(", {}, False),
    ],
)
def test_a_condition_holds_only_if_it_is_true(text: str, claims: dict[str, object], *, holds: bool) -> None:
    assert CONDITIONS.holds(text, claims) is holds


def test_loops_within_loops_run_out_of_their_budget() -> None:
    claims = {"a": [1] * 4000}
    assert CONDITIONS.holds("claims.a.all(x, x == 1)", claims)
    assert not CONDITIONS.holds("claims.a.all(x, claims.a.all(y, claims.a.all(z, z == 1)))", claims)


def test_a_regular_expression_cannot_be_made_slow() -> None:
    assert not CONDITIONS.holds("claims.a.matches('(a*)*b')", {"a": "a" * 15_000})


@given(st.dictionaries(st.text(max_size=10), JSON, max_size=5))
def test_whatever_claims_there_are_a_condition_holds_or_does_not(claims: dict[str, object]) -> None:
    for text in ("claims.a == 'x'", "claims.exists(k, claims[k] == 1)", "size(claims) > 2", "claims == {'a': 1}"):
        assert CONDITIONS.holds(text, claims) in {True, False}


@given(st.text(alphabet="claims.ab01'\"()[]{}=!<>&|?:,+- ", max_size=40))
def test_whatever_is_written_is_a_condition_or_none(text: str) -> None:
    told = CONDITIONS.refuse(text)
    assert told is None or told
