"""Whether a customer's key works is what the operator's key service shows, in a turn of encrypting and decrypting."""

import base64
from collections.abc import Iterator

import pytest

from antechamber.adapters.kms import BridgedKeys
from antechamber.base.chance import SystemChance
from antechamber.base.ids import OrganizationId
from antechamber.base.secret import Secret
from antechamber.features.externalkeys.model import GcpConfig, Proof
from tests.key_service import KeyService

ACME = OrganizationId("11111111-1111-4111-8111-111111111111")
KEY = GcpConfig("projects/acme-prod/locations/us/keyRings/ante/cryptoKeys/main")


@pytest.fixture
def service() -> Iterator[KeyService]:
    made = KeyService()
    yield made
    made.close()


def bridged(service: KeyService, token: Secret | None = None, seconds: float = 30.0) -> BridgedKeys:
    return BridgedKeys(service.url, token, SystemChance(), seconds)


async def test_a_key_that_decrypts_what_it_encrypted_works(service: KeyService) -> None:
    assert await bridged(service, Secret("t0ken")).prove(ACME, KEY) == Proof()
    (first, headers, asked), (second, _, answered) = service.asked
    assert (first, second) == ("/keys/encrypt", "/keys/decrypt")
    assert headers["authorization"] == "Bearer t0ken"
    named = {"organization_id": ACME, "provider_config": {"type": "gcp", "key_name": KEY.key_name}}
    assert asked == {**named, "plaintext": asked["plaintext"]}
    assert answered == {**named, "ciphertext": answered["ciphertext"]}
    assert len(base64.b64decode(asked["plaintext"])) == 32


async def test_each_turn_has_a_text_of_its_own_and_no_token_unless_one_is_set(service: KeyService) -> None:
    for _ in range(2):
        await bridged(service).prove(ACME, KEY)
    assert len({body["plaintext"] for path, _, body in service.asked if path.endswith("/encrypt")}) == 2
    assert all("authorization" not in headers for _, headers, _ in service.asked)


async def test_without_a_service_no_key_works() -> None:
    proof = await BridgedKeys(None, None, SystemChance()).prove(ACME, KEY)
    assert proof.error is not None
    assert "kms_url" in proof.error
    assert not proof.timed_out


async def test_a_refusal_is_told_in_the_services_words(service: KeyService) -> None:
    service.refuse("AccessDenied:\nno grant\x1b[31m" + "x" * 500)
    proof = await bridged(service).prove(ACME, KEY)
    assert proof.error is not None
    assert proof.error.startswith("The key service refused: AccessDenied: no grant [31mxxx")
    assert len(proof.error) < 400


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (502, b"<html>", "The key service refused: status 502"),
        (403, b'{"error": 1}', "The key service refused: status 403"),
        (200, b"[]", "The key service answered without ciphertext."),
        (200, b'{"ciphertext": ""}', "The key service answered without ciphertext."),
        (200, b'{"ciphertext": "' + b"A" * (1 << 16) + b'"}', "The key service answered with more than it may."),
        (200, b'{"ciphertext": "?", "plaintext": "?"}', "What the key service decrypted is not what it had encrypted."),
    ],
)
async def test_a_service_that_answers_wrongly_proves_nothing(
    service: KeyService, status: int, answer: bytes, error: str
) -> None:
    service.status, service.answer = status, answer
    assert await bridged(service).prove(ACME, KEY) == Proof(error)


async def test_a_service_that_decrypts_to_something_else_proves_nothing(service: KeyService) -> None:
    service.lies = True
    assert (
        await bridged(service).prove(ACME, KEY)
    ).error == "What the key service decrypted is not what it had encrypted."


async def test_a_service_that_is_silent_is_waited_for_only_so_long(service: KeyService) -> None:
    service.silent = True
    proof = await bridged(service, seconds=0.2).prove(ACME, KEY)
    assert proof.timed_out
    assert proof.error is not None
    assert "did not answer" in proof.error


async def test_a_service_that_is_not_there_cannot_be_used() -> None:
    gone = KeyService()
    gone.close()
    assert (await bridged(gone).prove(ACME, KEY)).error == "The key service cannot be used: refused."
