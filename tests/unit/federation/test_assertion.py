"""What an assertion must say, and when it is good."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.clock import MICROSECONDS
from antechamber.features.federation.model.assertion import (
    ALGORITHMS,
    LEEWAY_SECONDS,
    Assertion,
    Signer,
    read_claims,
    read_signer,
)
from antechamber.features.federation.model.history import Reason, shorten_subject
from antechamber.features.federation.model.keys import GAP, KeyRow, failed, fetched, gap_after

NOW = 1_795_262_400
WHOLE: dict[str, Any] = {"iss": "https://a", "sub": "s", "iat": NOW, "exp": NOW + 600}


def asserted(**changed: object) -> Assertion:
    found = read_claims({**WHOLE, **changed})
    assert isinstance(found, Assertion), found
    return found


def at(seconds: float) -> int:
    return round(seconds * MICROSECONDS)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_rs_ps_and_es_sign(algorithm: str) -> None:
    assert read_signer({"alg": algorithm, "kid": "k"}) == Signer("k", algorithm)
    assert algorithm[:2] in {"RS", "PS", "ES"}


@given(st.text(max_size=8).filter(lambda text: text not in ALGORITHMS))
def test_nothing_else_does(algorithm: str) -> None:
    assert read_signer({"alg": algorithm, "kid": "k"}) is Reason.ALGORITHM


def test_an_audience_is_a_text_or_a_list_of_texts() -> None:
    assert asserted().audiences == ()
    assert asserted(aud="a").audiences == ("a",)
    assert asserted(aud=["a", "b"]).audiences == ("a", "b")


@pytest.mark.parametrize("value", [True, "5", [], {}, -1, 10**13, float("nan"), float("inf")])
def test_an_instant_is_a_number_that_a_calendar_reaches(value: object) -> None:
    for name in ("iat", "exp", "nbf"):
        assert read_claims({**WHOLE, name: value}) is Reason.CLAIM_MALFORMED


def test_leeway_is_thirty_seconds_on_either_side() -> None:
    good = asserted()
    assert good.refuse_times(at(NOW - LEEWAY_SECONDS), 3600) is None
    assert good.refuse_times(at(NOW - LEEWAY_SECONDS - 1), 3600) is Reason.NOT_YET_VALID
    assert good.refuse_times(at(NOW + 600 + LEEWAY_SECONDS) - 1, 3600) is None
    assert good.refuse_times(at(NOW + 600 + LEEWAY_SECONDS), 3600) is Reason.EXPIRED
    later = asserted(nbf=NOW + 100)
    assert later.refuse_times(at(NOW + 70), 3600) is None
    assert later.refuse_times(at(NOW + 69), 3600) is Reason.NOT_YET_VALID


def test_how_long_it_may_be_valid_is_the_issuers_to_say() -> None:
    assert asserted().refuse_times(at(NOW), 600) is None
    assert asserted().refuse_times(at(NOW), 599) is Reason.LIFETIME
    assert asserted(exp=NOW).refuse_times(at(NOW), 600) is Reason.LIFETIME


@given(st.integers(0, 700), st.integers(60, 86_400))
def test_a_token_lives_a_minute_at_least_and_never_past_either_bound(elapsed: int, rule_seconds: int) -> None:
    given_seconds = asserted().minted_seconds(at(NOW + elapsed), rule_seconds)
    assert given_seconds == max(60, min(rule_seconds, 2 * (600 - elapsed)))


@given(st.integers(0, 10**9))
def test_what_is_forgotten_could_not_come_again(expires_in: int) -> None:
    found = asserted(exp=NOW + expires_in)
    assert found.refuse_times(found.forgotten_at, 10**10) in {Reason.EXPIRED, Reason.LIFETIME}


@given(st.text(max_size=600))
def test_a_subject_is_kept_so_that_every_database_and_terminal_can_show_it(text: str) -> None:
    kept = shorten_subject(text)
    assert len(kept) == min(len(text), 255)
    assert kept.isprintable()
    kept.encode()


def test_failures_in_a_row_put_polls_off_and_then_pause_them() -> None:
    row = KeyRow()
    for failures in range(1, 12):
        row = failed(row, 5, 10, "timeout")
        assert row.consecutive_failures == failures
        assert (row.next_poll_at is None) == (row.disabled_at is not None) == (failures >= 10)
    assert row.disabled_at == 10
    again = fetched([{"kid": "k"}], 1, 20, 30)
    assert (again.consecutive_failures, again.disabled_at, again.problem) == (0, None, None)


def test_the_gap_between_fetches_grows_to_five_minutes() -> None:
    gaps = [gap_after(failures) for failures in range(12)]
    assert gaps[0] == GAP
    assert gaps == sorted(gaps)
    assert gaps[-1] == 300 * MICROSECONDS
