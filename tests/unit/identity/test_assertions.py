"""JSON Web Tokens and keys, taken apart strictly."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from antechamber.adapters.identity.assertions import JoseAssertions
from antechamber.features.federation.model.assertion import Signer as Named
from antechamber.features.federation.model.history import Reason
from tests.issuers import Signer

READER = JoseAssertions()
EC = dict(ECKey.generate_key("P-256", {"kid": "k"}).as_dict(private=False))
RSA = dict(RSAKey.generate_key(2048, {"kid": "k"}).as_dict(private=False))


def packed(*parts: bytes) -> str:
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).decode().rstrip("=")


def document(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


def test_an_assertion_is_taken_apart() -> None:
    found = READER.read(packed(b'{"alg":"ES256","kid":"k"}', b'{"sub":"a"}', b"x"))
    assert found is not None
    assert (found.header, found.claims) == ({"alg": "ES256", "kid": "k"}, {"sub": "a"})


@pytest.mark.parametrize(
    "claims",
    [
        b"", b"[]", b"null", b'"x"', b"{", b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b'{"a":NaN}', b'{"a":-Infinity}',
        b"\xff", b"[" * 5000, b'{"a":' * 3000, b'{"a":' + b"1" * 5000 + b"}",
    ],
)  # fmt: skip
def test_json_that_readers_could_differ_on_is_none(claims: bytes) -> None:
    assert READER.read(packed(b'{"alg":"ES256"}', claims, b"x")) is None
    assert READER.read(packed(claims, b'{"sub":"a"}', b"x")) is None


@given(st.text(max_size=200))
def test_whatever_is_sent_is_an_assertion_or_none(text: str) -> None:
    found = READER.read(text)
    assert found is None or isinstance(found.claims, dict)


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=50))
def test_whatever_is_packed_is_an_assertion_or_none(header: bytes, claims: bytes, signature: bytes) -> None:
    found = READER.read(packed(header, claims, signature))
    assert found is None or isinstance(found.header, dict)


@given(st.binary(max_size=300))
def test_whatever_an_issuer_answers_is_a_key_set_or_none(body: bytes) -> None:
    assert READER.read_document(body) is None
    assert READER.read_configuration(body) is None


@pytest.mark.parametrize(
    "key",
    [
        {**EC, "kid": None}, {**EC, "kid": ""}, {**EC, "kid": 5}, {**EC, "use": "enc"}, {**EC, "key_ops": ["sign"]},
        {**EC, "alg": "ES384"}, {**EC, "alg": "RS256"}, {**EC, "crv": "P-192"}, {**EC, "crv": "secp256k1"},
        {**EC, "x": EC["y"]}, {**EC, "x": 5}, {**EC, "kty": "OKP"}, {"kty": "oct", "kid": "k", "k": "AAAA"}, {},
        {**RSA, "alg": "ES256"}, {**RSA, "alg": "none"}, {**RSA, "e": number(2)}, {**RSA, "e": number(1)},
        {**RSA, "e": number(2**33 + 1)}, {**RSA, "n": number(2**1024 + 1)}, {**RSA, "n": number(2**9000 + 1)},
        {"kty": "RSA", "kid": "k"}, {**RSA, "e": ""},
    ],
)  # fmt: skip
def test_a_key_that_cannot_verify_assertions_is_left_out(key: dict[str, Any]) -> None:
    assert READER.read_document(document(key)) is None
    found = READER.refuse_inline([key])
    assert found is not None
    assert found.startswith("keys[0]")


@pytest.mark.parametrize(
    "key",
    [EC, RSA, {**EC, "alg": "ES256"}, {**RSA, "alg": "PS384"}, {**EC, "use": "sig"}, {**EC, "key_ops": ["verify"]}],
)
def test_a_key_that_can_is_kept_without_what_is_not_about_it(key: dict[str, Any]) -> None:
    whole = {**key, "x5c": ["AAAA"], "x5t": "x", "note": "y"}
    kept = READER.read_document(document({"kty": "oct", "k": "AAAA"}, whole))
    assert kept is not None
    assert kept[1] == key
    assert kept[0] == {"kty": "oct"}
    assert READER.refuse_inline([key]) is None


def test_two_keys_of_one_id_that_would_both_do_are_none() -> None:
    first, second = Signer(), Signer()
    keys = READER.read_keys([*first.jwks, *second.jwks])
    assert keys.refuse(first.sign(), Named("key-1", "ES256")) is Reason.UNKNOWN_KEY
    # of different kinds each does for its own
    other = Signer(algorithm="RS256")
    keys = READER.read_keys([*first.jwks, *other.jwks])
    assert keys.refuse(first.sign(), Named("key-1", "ES256")) is None
    assert keys.refuse(other.sign(), Named("key-1", "RS256")) is None
    assert keys.refuse(other.sign(), Named("key-1", "PS256")) is Reason.SIGNATURE


def test_a_key_that_names_its_algorithm_is_good_for_no_other() -> None:
    signer = Signer(algorithm="PS256")
    keys = READER.read_keys([{**signer.jwks[0], "alg": "RS256"}])
    assert keys.refuse(signer.sign(), Named("key-1", "PS256")) is Reason.UNKNOWN_KEY


def test_more_than_a_hundred_keys_are_no_key_set() -> None:
    assert READER.read_document(document(*[EC] * 101)) is None
    assert READER.refuse_inline([EC] * 101) == "keys: must be from 1 to 100 keys"
    assert READER.refuse_inline(["x"]) == "keys[0]: must be a JSON Web Key"


def test_a_configuration_is_its_issuer_and_where_its_keys_are() -> None:
    found = READER.read_configuration(b'{"issuer":"https://a","jwks_uri":"https://b","more":1}')
    assert found == ("https://a", "https://b")
    assert READER.read_configuration(b'{"issuer":"https://a","jwks_uri":5}') is None
