"""Issuers that are reached over TLS: their keys rotate, and some of them answer as they should not."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.api.federating import ROOT, Town, Way, open_town
from tests.issuers import CONFIGURATION, LocalIssuer, Signer, send


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[LocalIssuer]:
    served = LocalIssuer(tmp_path / "issuer")
    yield served
    served.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[LocalIssuer]:
    served = LocalIssuer(tmp_path / "other")
    yield served
    served.close()


@pytest.fixture
async def town(tmp_path: Path, issuer: LocalIssuer, other: LocalIssuer) -> AsyncIterator[Town]:
    async with open_town(tmp_path, issuer, other) as opened:
        yield opened


async def test_keys_are_found_by_discovery_and_asked_for_once(town: Town, issuer: LocalIssuer) -> None:
    way = await town.settle(issuer)
    for _ in range(3):
        await way.exchange()
    assert issuer.asked == [CONFIGURATION, "/keys"]
    shown = await town.get(f"{ROOT}/federation_issuers/{way.issuer}")
    assert shown["poll_status"]["consecutive_failures"] == 0
    assert shown["poll_status"]["last_fetched_at"] is not None
    assert shown["jwks_polling_disabled_at"] is None


async def test_keys_are_found_at_a_fixed_address(town: Town, issuer: LocalIssuer) -> None:
    jwks = {"type": "explicit_url", "url": f"{issuer.url}/keys", "ca_cert_pem": issuer.authority.pem}
    account, trusted = await town.make_account(), await town.trust(issuer, jwks)
    await Way(town, issuer, account, trusted, await town.allow(trusted, account)).exchange()
    assert issuer.asked == ["/keys"]


async def test_keys_are_found_below_another_base(town: Town, issuer: LocalIssuer, other: LocalIssuer) -> None:
    place = f"/mirror{CONFIGURATION}"
    document = {"issuer": issuer.url, "jwks_uri": f"{other.url}/mirrored"}
    other.answers[place] = lambda request: send(request, document)
    other.answers["/mirrored"] = lambda request: send(request, {"keys": issuer.jwks})
    jwks = {"type": "discovery", "discovery_base": f"{other.url}/mirror", "ca_cert_pem": other.authority.pem}
    account, trusted = await town.make_account(), await town.trust(issuer, jwks)
    await Way(town, issuer, account, trusted, await town.allow(trusted, account)).exchange()
    assert other.asked == [place, "/mirrored"]
    assert issuer.asked == []


async def test_a_new_key_is_known_as_soon_as_it_signs(town: Town, issuer: LocalIssuer) -> None:
    way = await town.settle(issuer)
    await way.exchange()
    issuer.rotate()
    # an unknown key id has keys fetched anew, but not before five seconds are over
    await asyncio.sleep(5.1)
    await way.exchange()
    assert issuer.asked.count("/keys") == 2


async def test_changing_what_is_not_about_keys_keeps_them(town: Town, issuer: LocalIssuer) -> None:
    way = await town.settle(issuer)
    await way.exchange()
    await town.post(f"{ROOT}/federation_issuers/{way.issuer}", {"name": "renamed", "max_jwt_lifetime_seconds": 3599})
    await way.exchange()
    assert issuer.asked.count("/keys") == 1


async def test_unknown_key_ids_have_keys_fetched_once_in_a_while(town: Town, issuer: LocalIssuer) -> None:
    way = await town.settle(issuer)
    await way.exchange()
    for number in range(20):
        assert await way.reason(issuer.sign({"kid": f"made-up-{number}"}, aud="x")) == "key_unknown"
    assert issuer.asked.count("/keys") == 1


Misbehave = Callable[[BaseHTTPRequestHandler], None]


def _pour(request: BaseHTTPRequestHandler) -> None:
    try:
        send(request, b'{"keys": [' + b" " * (10 << 20) + b"]}")
    except OSError:
        request.close_connection = True


def _stall(request: BaseHTTPRequestHandler) -> None:
    time.sleep(6)
    request.close_connection = True


PRIVATE_KEY = {"kty": "oct", "kid": "key-1", "k": "c2VjcmV0"}
MISBEHAVIOURS: dict[str, tuple[Misbehave, str]] = {
    "garbage": (lambda request: send(request, b"\x00\xff<html>"), "key_set"),
    "no keys": (lambda request: send(request, {"keys": []}), "key_set"),
    "symmetric keys": (lambda request: send(request, {"keys": [PRIVATE_KEY]}), "key_set"),
    "a list": (lambda request: send(request, [1, 2]), "key_set"),
    "keys twice": (lambda request: send(request, b'{"keys": [], "keys": []}'), "key_set"),
    "too many keys": (lambda request: send(request, {"keys": [{}] * 101}), "key_set"),
    "deep nesting": (lambda request: send(request, b"[" * 100_000), "key_set"),
    "an error": (lambda request: send(request, {"secret": "of the inside"}, 500), "status"),
    "nothing": (lambda request: send(request, b"", 204), "status"),
    "a redirect": (lambda request: send(request, b"", 302, location="/keys-here"), "redirect"),
    "10 MB": (_pour, "too_large"),
    "silence": (_stall, "timeout"),
}


@pytest.mark.parametrize("kind", MISBEHAVIOURS)
async def test_an_issuer_that_misbehaves_harms_nobody_else(
    town: Town, issuer: LocalIssuer, other: LocalIssuer, kind: str
) -> None:
    issuer.answers["/keys"], detail = MISBEHAVIOURS[kind]
    bad, good = await town.settle(issuer), await town.settle(other)
    answer = await bad.send()
    assert answer.status == 401
    assert answer.json()["error"] == {"type": "authentication_error", "message": "Authentication failed"}
    await good.exchange()
    await _until_settled(town, bad.issuer)
    assert (await bad.send()).status == 401
    newest = (await town.history(f"?rule_id={bad.rule}&limit=1"))[0]
    assert (newest["reason"], newest["detail"]) == ("keys_unavailable", detail)
    shown = await town.get(f"{ROOT}/federation_issuers/{bad.issuer}")
    assert shown["poll_status"]["consecutive_failures"] >= 1
    assert shown["poll_status"]["last_fetched_at"] is None
    assert "of the inside" not in str(shown)
    assert "/keys-here" not in issuer.asked


async def _until_settled(town: Town, issuer_id: str) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        status = (await town.get(f"{ROOT}/federation_issuers/{issuer_id}"))["poll_status"]
        if status and status["consecutive_failures"]:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the fetch never ended")


DISCOVERIES: dict[str, tuple[object, str]] = {
    "another issuer's": (
        {"issuer": "https://other.example.com", "jwks_uri": "https://127.0.0.1/keys"},
        "discovery_issuer",
    ),
    "without keys": ({"issuer": "{url}"}, "discovery_document"),
    "of no object": ([], "discovery_document"),
    "with a private address": ({"issuer": "{url}", "jwks_uri": "https://10.0.0.1/keys"}, "name"),
    "with the metadata service": ({"issuer": "{url}", "jwks_uri": "https://169.254.169.254/latest"}, "name"),
    "with plain http": ({"issuer": "{url}", "jwks_uri": "http://keys.example.com/"}, "url"),
    "with a file": ({"issuer": "{url}", "jwks_uri": "file:///etc/passwd"}, "url"),
    "with another port": ({"issuer": "{url}", "jwks_uri": "https://keys.example.com:8443/"}, "url"),
    "with a name for this machine": ({"issuer": "{url}", "jwks_uri": "https://localhost/keys"}, "name"),
}


@pytest.mark.parametrize("kind", DISCOVERIES)
async def test_a_discovery_document_leads_nowhere_private(town: Town, issuer: LocalIssuer, kind: str) -> None:
    document, detail = DISCOVERIES[kind]
    if isinstance(document, dict):
        document = {name: value.replace("{url}", issuer.url) for name, value in document.items()}
    issuer.answers[CONFIGURATION] = lambda request: send(request, document)
    way = await town.settle(issuer)
    assert await way.reason() == "keys_unavailable"
    assert (await town.history("?limit=1"))[0]["detail"] == detail


async def test_the_bundle_of_one_issuer_is_believed_for_it_alone(
    town: Town, issuer: LocalIssuer, other: LocalIssuer
) -> None:
    jwks = {"type": "discovery", "ca_cert_pem": other.authority.pem}
    account, trusted = await town.make_account(), await town.trust(issuer, jwks)
    way = Way(town, issuer, account, trusted, await town.allow(trusted, account))
    assert await way.reason() == "keys_unavailable"
    assert (await town.history("?limit=1"))[0]["detail"] == "tls"
    assert issuer.asked == []


@pytest.mark.parametrize(
    ("issuer_url", "jwks", "field"),
    [
        ("https://127.0.0.1:1", {"type": "discovery"}, "issuer_url"),
        ("https://10.0.0.1", {"type": "discovery"}, "issuer_url"),
        ("https://issuer.example.com", {"type": "explicit_url", "url": "https://localhost/keys"}, "jwks.url"),
        ("https://issuer.example.com", {"type": "explicit_url", "url": "http://a.example.com/"}, "jwks.url"),
        (
            "https://issuer.example.com",
            {"type": "discovery", "discovery_base": "https://[::1]/"},
            "jwks.discovery_base",
        ),
    ],
)
async def test_an_issuer_at_a_private_address_is_not_made(
    town: Town, issuer_url: str, jwks: dict[str, object], field: str
) -> None:
    body = {"name": "inside", "issuer_url": issuer_url, "jwks": jwks}
    answer = await town.ask("POST", f"{ROOT}/federation_issuers", body)
    assert answer.status == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["message"].startswith(f"{field}: ")


async def test_a_bundle_without_certificates_and_keys_of_no_use_are_told(town: Town, issuer: LocalIssuer) -> None:
    private = dict(issuer.key.as_dict(private=True))
    good = issuer.jwks[0]
    cases: list[tuple[dict[str, object], str]] = [
        ({"type": "discovery", "ca_cert_pem": "-----BEGIN NOTHING-----"}, "jwks.ca_cert_pem: "),
        ({"type": "inline", "keys": []}, "jwks.keys: "),
        ({"type": "inline", "keys": [good, private]}, "jwks.keys[1]: "),
        ({"type": "inline", "keys": [{**good, "kid": ""}]}, "jwks.keys[0].kid: "),
        ({"type": "inline", "keys": [{**good, "use": "enc"}]}, "jwks.keys[0].use: "),
        ({"type": "inline", "keys": [{**good, "alg": "HS256"}]}, "jwks.keys[0].alg: "),
        ({"type": "inline", "keys": [{**good, "x": "AAAA"}]}, "jwks.keys[0]: "),
        ({"type": "inline", "keys": [PRIVATE_KEY]}, "jwks.keys[0]: "),
        ({"type": "inline", "keys": [good, good]}, "jwks.keys[1].kid: "),
    ]
    for jwks, start in cases:
        body = {"name": "odd", "issuer_url": issuer.url, "jwks": jwks}
        answer = await town.ask("POST", f"{ROOT}/federation_issuers", body)
        assert answer.status == 400, (jwks, answer.body)
        assert answer.json()["error"]["message"].startswith(start), answer.json()
        assert str(private["d"]) not in answer.body.decode()


async def test_an_archived_issuer_is_believed_no_more(town: Town, issuer: LocalIssuer) -> None:
    way = await town.settle(issuer)
    await way.exchange()
    await town.post(f"{ROOT}/federation_rules/{way.rule}/archive")
    await town.post(f"{ROOT}/federation_issuers/{way.issuer}/archive")
    assert await way.reason() == "rule_archived"


async def test_an_inline_issuer_that_is_changed_counts_at_once(town: Town) -> None:
    signer = Signer()
    way = await town.settle(signer)
    await way.exchange()
    signer.rotate()
    assert await way.reason() == "key_unknown"
    jwks = {"type": "inline", "keys": signer.jwks}
    await town.post(f"{ROOT}/federation_issuers/{way.issuer}", {"jwks": jwks})
    await way.exchange()
