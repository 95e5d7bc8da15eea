"""The server's side of passkeys: what a browser sends is believed only as far as it was signed, for us, just now."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.adapters.identity.passkeys import WebAuthn
from antechamber.base.ids import PasskeyId, UserId
from antechamber.features.accounts.model import MadePasskey, Passkey, PasskeyRejectedError
from tests.authenticator import Authenticator, decode, encode

HANDLE = b"h" * 32
CHALLENGE = os.urandom(56)
_SHALLOW = json.dumps(
    {"id": "a", "rawId": "a", "type": "public-key", "response": {"clientDataJSON": "e30", "attestationObject": "oA"}}
)
SITE = WebAuthn("http://localhost:8787")


def kept(made: MadePasskey, **changed: object) -> Passkey:
    values: dict[str, object] = {
        "id": PasskeyId("passkey_1"),
        "user_id": UserId("user_1"),
        "name": "Laptop",
        "credential_id": made.credential_id,
        "public_key": made.public_key,
        "user_handle": HANDLE,
        "sign_count": made.sign_count,
        "transports": made.transports,
        "is_synced": made.is_synced,
        "created_at": 0,
        "last_used_at": None,
    }
    return Passkey(**{**values, **changed})  # type: ignore[arg-type] # one of each kind


def registered(device: Authenticator) -> Passkey:
    options = SITE.creation_options(CHALLENGE, HANDLE, "ada@example.com", "Ada", ())
    return kept(SITE.made(device.create(options), CHALLENGE))


@pytest.mark.parametrize(
    ("url", "origin", "rp_id", "is_available"),
    [
        ("https://ante.example.com", "https://ante.example.com", "ante.example.com", True),
        ("https://ante.example.com:443/", "https://ante.example.com", "ante.example.com", True),
        ("https://ante.example.com:8443", "https://ante.example.com:8443", "ante.example.com", True),
        ("http://localhost:8787", "http://localhost:8787", "localhost", True),
        ("http://ante.localhost", "http://ante.localhost", "ante.localhost", True),
        ("http://ante.example.com", "http://ante.example.com", "ante.example.com", False),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787", "127.0.0.1", False),
        ("https://[::1]:8787", "https://[::1]:8787", "::1", False),
    ],
)
def test_origin_and_rp_id_come_from_the_public_url(url: str, origin: str, rp_id: str, *, is_available: bool) -> None:
    site = WebAuthn(url)
    assert site.is_available is is_available
    if is_available:
        device = Authenticator(origin, rp_id)
        options = site.creation_options(CHALLENGE, HANDLE, "ada@example.com", "Ada", ())
        assert site.made(device.create(options), CHALLENGE).credential_id == device.held[0].id


def test_creation_asks_for_a_discoverable_key_and_no_attestation() -> None:
    device = Authenticator()
    options = json.loads(
        json.dumps(SITE.creation_options(CHALLENGE, HANDLE, "ada@example.com", "Ada", [registered(device)]))
    )
    assert options["rp"] == {"id": "localhost", "name": "Antechamber"}
    assert options["user"] == {"id": encode(HANDLE), "name": "ada@example.com", "displayName": "Ada"}
    assert decode(options["challenge"]) == CHALLENGE
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "preferred"
    assert [item["id"] for item in options["excludeCredentials"]] == [encode(device.held[0].id)]
    assert options["excludeCredentials"][0]["transports"] == ["hybrid", "internal"]


def test_a_log_in_names_no_passkey_so_that_any_of_the_origin_answers() -> None:
    options = SITE.request_options(CHALLENGE)
    assert options["rpId"] == "localhost"
    assert not options.get("allowCredentials")
    assert options["userVerification"] == "preferred"


def test_a_passkey_answers_a_challenge_and_its_count_grows() -> None:
    device = Authenticator()
    passkey = registered(device)
    answer = device.get(SITE.request_options(CHALLENGE))
    assert SITE.named(answer) == (device.held[0].id, CHALLENGE)
    asserted = SITE.asserted(answer, CHALLENGE, passkey)
    assert (asserted.sign_count, asserted.is_verified) == (1, True)


def test_a_key_that_does_not_count_is_taken_and_one_that_goes_back_is_not() -> None:
    device = Authenticator(counts=False)
    passkey = registered(device)
    options = SITE.request_options(CHALLENGE)
    assert SITE.asserted(device.get(options), CHALLENGE, passkey).sign_count == 0
    copied = kept(MadePasskey(passkey.credential_id, passkey.public_key, 5, (), False))
    device.held[0].sign_count = 5
    with pytest.raises(PasskeyRejectedError):
        SITE.asserted(device.get(options), CHALLENGE, copied)


@pytest.mark.parametrize(
    "client",
    [
        {"origin": "http://localhost:8788"},
        {"origin": "https://localhost:8787"},
        {"origin": "http://evil.example"},
        {"challenge": encode(os.urandom(56))},
        {"type": "webauthn.create"},
        {"type": "payment.get"},
    ],
)
def test_an_answer_for_another_place_or_purpose_is_refused(client: dict[str, object]) -> None:
    device = Authenticator()
    passkey = registered(device)
    with pytest.raises(PasskeyRejectedError):
        SITE.asserted(device.get(SITE.request_options(CHALLENGE), **client), CHALLENGE, passkey)


def test_an_answer_of_another_person_rp_or_key_is_refused() -> None:
    device, other = Authenticator(), Authenticator(rp_id="evil.example")
    passkey = registered(device)
    options = SITE.request_options(CHALLENGE)
    with pytest.raises(PasskeyRejectedError):
        SITE.asserted(
            device.get(options),
            CHALLENGE,
            kept(MadePasskey(passkey.credential_id, passkey.public_key, 0, (), False), user_handle=b"x"),
        )
    other.held.append(device.held[0])
    with pytest.raises(PasskeyRejectedError):
        SITE.asserted(other.get(options), CHALLENGE, passkey)
    stranger = Authenticator()
    registered(stranger)
    stranger.held[0].id, stranger.held[0].user_handle = device.held[0].id, HANDLE
    with pytest.raises(PasskeyRejectedError):
        SITE.asserted(stranger.get(options), CHALLENGE, passkey)


def test_an_answer_without_the_persons_presence_or_handle_is_refused() -> None:
    device = Authenticator()
    passkey = registered(device)
    device.flags = 0
    options = SITE.request_options(CHALLENGE)
    with pytest.raises(PasskeyRejectedError):
        SITE.asserted(device.get(options), CHALLENGE, passkey)
    device.flags = 1
    form = json.loads(device.get(options))
    del form["response"]["userHandle"]
    with pytest.raises(PasskeyRejectedError):
        SITE.asserted(json.dumps(form), CHALLENGE, passkey)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "1", "{}", '{"response": 1}', '{"response": {}}', "[" * 100_000, "x" * 70_000,
     _SHALLOW],
)  # fmt: skip
def test_what_is_no_credential_is_refused(text: str) -> None:
    passkey = registered(Authenticator())
    for reading in (
        lambda: SITE.named(text),
        lambda: SITE.made(text, CHALLENGE),
        lambda: SITE.asserted(text, CHALLENGE, passkey),
    ):
        with pytest.raises(PasskeyRejectedError) as caught:
            reading()
        assert len(str(caught.value)) < 60


DEVICE = Authenticator()
PASSKEY = registered(DEVICE)
ANSWER = json.loads(DEVICE.get(SITE.request_options(CHALLENGE)))
MADE = json.loads(DEVICE.create(SITE.creation_options(CHALLENGE, HANDLE, "ada@example.com", "Ada", ())))


@given(st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle"]), st.data())
def test_no_changed_bit_of_an_answer_is_taken(part: str, data: st.DataObject) -> None:
    value = bytearray(decode(ANSWER["response"][part]))
    value[data.draw(st.integers(0, len(value) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    form = {**ANSWER, "response": {**ANSWER["response"], part: encode(bytes(value))}}
    with pytest.raises(PasskeyRejectedError):
        SITE.asserted(json.dumps(form), CHALLENGE, PASSKEY)


@given(st.sampled_from(["clientDataJSON", "attestationObject"]), st.binary(max_size=300))
def test_whatever_bytes_stand_for_a_new_passkey_are_refused(part: str, noise: bytes) -> None:
    form = {**MADE, "response": {**MADE["response"], part: encode(noise)}}
    with pytest.raises(PasskeyRejectedError):
        SITE.made(json.dumps(form), CHALLENGE)
