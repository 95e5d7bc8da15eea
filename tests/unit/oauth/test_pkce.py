"""PKCE (RFC 7636)."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.features.oauth.model import check_challenge, proves
from antechamber.features.oauth.model.pkce import challenge_of

VERIFIERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", min_size=43, max_size=128)


def test_the_rfcs_own_example_fits() -> None:
    # RFC 7636 Appendix B
    assert proves("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")


@given(VERIFIERS)
def test_every_verifier_proves_its_own_challenge(verifier: str) -> None:
    challenge = challenge_of(verifier)
    assert check_challenge(challenge)
    assert proves(verifier, challenge)


@given(VERIFIERS, VERIFIERS)
def test_no_other_verifier_does(verifier: str, other: str) -> None:
    assert proves(other, challenge_of(verifier)) is (other == verifier)


@given(VERIFIERS, st.text())
def test_no_other_challenge_is_proved(verifier: str, challenge: str) -> None:
    assert proves(verifier, challenge) is (challenge == challenge_of(verifier))


@given(st.text().filter(lambda text: not 43 <= len(text) <= 128))
def test_a_verifier_of_the_wrong_length_proves_nothing(verifier: str) -> None:
    digest = sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    assert not proves(verifier, base64.urlsafe_b64encode(digest).decode().rstrip("="))


@pytest.mark.parametrize(
    "challenge", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "+", "ä" * 43, "a" * 43 + "\n"]
)
def test_what_is_no_challenge_is_known_as_none(challenge: str) -> None:
    assert not check_challenge(challenge)


@given(VERIFIERS)
def test_the_verifier_itself_is_no_challenge_for_itself(verifier: str) -> None:
    """`plain` is not a method here."""
    assert not proves(verifier, verifier)
