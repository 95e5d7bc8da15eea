"""Secrets: known by their checksum, stored as keyed hashes, never shown."""

import dataclasses
import hmac
import logging
import pprint
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.chance import SeededChance, SystemChance
from antechamber.base.ids import ALPHABET
from antechamber.base.secret import Digester, Secret, SecretKind, digest, hint, is_ours, mint_secret, redact

KINDS = st.sampled_from(SecretKind)
ANY_TEXT = st.text(st.characters(codec=None))


@given(KINDS, st.integers())
def test_a_minted_secret_is_ours(kind: SecretKind, seed: int) -> None:
    text = mint_secret(kind, SeededChance(seed)).reveal()
    assert text.startswith(kind)
    assert len(text) == len(kind) + 44 + 6
    assert set(text.removeprefix(kind)) <= set(ALPHABET)
    assert is_ours(text)


@given(KINDS, st.integers(), st.data())
def test_a_secret_with_one_changed_character_is_not_ours(kind: SecretKind, seed: int, data: st.DataObject) -> None:
    text = mint_secret(kind, SeededChance(seed)).reveal()
    at = data.draw(st.integers(len(kind), len(text) - 1))
    other = data.draw(st.sampled_from(ALPHABET).filter(lambda character: character != text[at]))
    assert not is_ours(text[:at] + other + text[at + 1 :])


@given(KINDS, ANY_TEXT)
def test_any_text_can_be_asked_about(kind: SecretKind, text: str) -> None:
    assert not is_ours(text)
    assert not is_ours(kind + text)


@given(KINDS, st.text(st.characters(codec=None), min_size=50, max_size=50))
def test_a_text_of_the_right_length_can_be_asked_about(kind: SecretKind, rest: str) -> None:
    assert not is_ours(kind + rest)


def test_a_checksum_is_bound_to_its_kind() -> None:
    text = mint_secret(SecretKind.API_KEY, SystemChance()).reveal()
    assert not is_ours(text.replace(SecretKind.API_KEY, SecretKind.ADMIN_KEY))


def test_two_secrets_are_never_the_same() -> None:
    chance = SystemChance()
    assert len({mint_secret(SecretKind.API_KEY, chance).reveal() for _ in range(100)}) == 100


def test_a_secret_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("open-sesame")
    logging.getLogger("test").warning("%s %r", secret, secret)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", pprint.pformat({"key": [secret]}), caplog.text]
    shown.append(repr(dataclasses.make_dataclass("Held", ["secret"])(secret)))
    assert [text for text in shown if "sesame" in text] == []
    assert secret.reveal() == "open-sesame"


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret("x")


def test_a_hint_shows_three_characters_and_the_last_four() -> None:
    secret = Secret("sk-ant-api03-R2D2andmanymoreigAA")
    assert hint(secret) == "sk-ant-api03-R2D...igAA"
    assert hint(Secret("foreign-secret-of-length")) == "...ngth"


@given(ANY_TEXT, st.binary(max_size=200))
def test_a_digest_is_the_hmac_of_the_pepper(text: str, pepper: bytes) -> None:
    expected = hmac.new(pepper, text.encode("utf-8", "surrogatepass"), sha256).digest()
    assert digest(pepper, text) == expected
    assert Digester(pepper)(text) == expected
    assert Digester(pepper)(text) == expected


def test_one_digester_serves_many_texts() -> None:
    ask = Digester(b"pepper")
    assert [ask("a"), ask("b"), ask("a")] == [digest(b"pepper", text) for text in ("a", "b", "a")]


@given(KINDS, st.integers(), st.sampled_from(["key=%s", "/v1/models/%s", "Bearer %s;", '{"k":"%s"}']))
def test_a_secret_in_a_text_is_redacted(kind: SecretKind, seed: int, frame: str) -> None:
    text = mint_secret(kind, SeededChance(seed)).reveal()
    assert text[len(kind) :] not in redact(frame % text)
    assert redact(frame % text) == frame % "sk-***"


def test_what_signs_webhooks_is_redacted() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
    assert redact(f"secret={secret};") == "secret=sk-***;"


@pytest.mark.parametrize("text", ["", "a task-ant", "sk-short", "risk-free plan", "disk-usage of sk-1"])
def test_other_texts_are_left_alone(text: str) -> None:
    assert redact(text) == text
