"""The exchange of assertions over the wire: what is taken, what is refused, and what each side is told."""

import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.federating import PUBLIC_URL, ROOT, Town, Way, open_town
from tests.issuers import Signer

OTHERS = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path) as opened:
        yield opened


@pytest.fixture
async def way(town: Town) -> Way:
    return await town.settle(Signer())


async def _refused(way: Way, status: int, assertion: object = None, **fields: Any) -> str:  # noqa: ANN401 - JSON
    answer = await way.send(assertion, **fields)
    assert answer.status == status, answer.body
    body = answer.json()
    assert (body["type"], body["request_id"]) == ("error", answer.header("request-id"))
    assert body["error"]["type"] == "invalid_request_error"
    return str(body["error"]["message"])


@pytest.mark.parametrize("form", [False, True])
async def test_an_assertion_buys_a_token_that_calls_models(way: Way, *, form: bool) -> None:
    answer = await way.send(form=form)
    assert answer.status == 200, answer.body
    given = answer.json()
    assert given["token_type"] == "Bearer"
    assert given["scope"] == "workspace:developer"
    assert given["expires_in"] in range(1100, 1201)
    assert given["access_token"].startswith("sk-ant-oat01-")
    assert "refresh_token" not in given
    assert answer.header("cache-control") == "no-store"
    models = await way.town.ask("GET", "/v1/models", token=given["access_token"])
    assert models.status == 200, models.body
    assert (await way.town.ask("GET", f"{ROOT}/users", token=given["access_token"])).status == 403


async def test_a_success_stands_in_the_history_and_in_the_audit_log(way: Way) -> None:
    given = await way.exchange()
    newest = (await way.town.history())[0]
    assert newest["outcome"] == "success"
    assert newest["reason"] is None
    assert newest["subject"] == "workload"
    assert newest["subject_verified"] is True
    assert newest["federation_rule_id"] == way.rule
    assert newest["federation_issuer_id"] == way.issuer
    assert newest["service_account_id"] == way.account
    assert newest["workspace_id"] == given["workspace"]["id"]
    acts = (await way.town.get("/v1/compliance/activities?activity_types=access_token_exchanged"))["data"]
    assert len(acts) == 1
    assert acts[0]["token_id"] == newest["token_id"]
    assert acts[0]["actor"]["type"] == "service_account_actor"
    assert acts[0]["actor"]["service_account_id"] == way.account
    assert given["access_token"] not in json.dumps([newest, acts])


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"])
async def test_every_allowed_algorithm_is_taken(town: Town, algorithm: str) -> None:
    assert (await (await town.settle(Signer(algorithm=algorithm))).exchange())["expires_in"] > 0


def _unsigned(way: Way, header: dict[str, Any]) -> str:
    parts = [json.dumps(part).encode() for part in (header, way.signer.claims(aud=PUBLIC_URL))]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "AAAA"])


async def test_hmac_none_and_unknown_algorithms_are_refused(way: Way) -> None:
    assert await way.reason(way.signer.sign_with_secret(aud=PUBLIC_URL)) == "algorithm_not_allowed"
    for algorithm in ("none", "None", "HS256", "HS512", "EdDSA", "ES256K", "es256", "", None, 5):
        header = {"alg": algorithm, "kid": way.signer.key.kid}
        assert await way.reason(_unsigned(way, header)) == "algorithm_not_allowed"


async def test_an_unsigned_assertion_is_refused(way: Way) -> None:
    header = {"alg": "none", "kid": way.signer.key.kid}
    assert await way.reason(_unsigned(way, header).rpartition(".")[0] + ".") == "assertion_malformed"


async def test_a_key_id_must_be_there_and_be_known(way: Way) -> None:
    assert await way.reason(way.signer.sign({"kid": None}, aud=PUBLIC_URL)) == "key_id_missing"
    assert await way.reason(way.signer.sign({"kid": ""}, aud=PUBLIC_URL)) == "key_id_missing"
    assert await way.reason(way.signer.sign({"kid": "k" * 256}, aud=PUBLIC_URL)) == "key_id_missing"
    assert await way.reason(way.signer.sign({"kid": "another"}, aud=PUBLIC_URL)) == "key_unknown"


async def test_a_key_of_the_same_id_that_is_another_does_not_do(way: Way) -> None:
    assert await way.reason(Signer().sign({"kid": way.signer.key.kid}, aud=PUBLIC_URL)) == "signature_invalid"
    # an algorithm of another family finds no key of that id
    assert (
        await way.reason(Signer(algorithm="RS256").sign({"kid": way.signer.key.kid}, aud=PUBLIC_URL)) == "key_unknown"
    )


async def test_keys_and_addresses_in_the_header_are_not_believed(way: Way) -> None:
    forger = Signer()
    embedded = {"kid": way.signer.key.kid, "jwk": forger.jwks[0], "jku": "https://127.0.0.1/keys"}
    assert await way.reason(forger.sign(embedded, aud=PUBLIC_URL)) == "signature_invalid"


async def test_a_changed_payload_is_refused(way: Way) -> None:
    header, _, signature = way.sign().split(".")
    other = way.sign(sub="workload-of-another").split(".")[1]
    assert await way.reason(f"{header}.{other}.{signature}") == "signature_invalid"


async def test_critical_extensions_are_refused(way: Way) -> None:
    text = way.sign()
    header = base64.urlsafe_b64encode(
        json.dumps({"alg": "ES256", "kid": way.signer.key.kid, "crit": ["b64"], "b64": False}).encode()
    ).decode()
    assert await way.reason(f"{header.rstrip('=')}.{text.partition('.')[2]}") == "assertion_malformed"


@pytest.mark.parametrize("missing", ["sub", "iat", "exp", "iss"])
async def test_a_claim_that_must_be_there_is_missed(way: Way, missing: str) -> None:
    assert await way.reason(way.sign(**{missing: None})) == "claim_missing"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sub", 5), ("sub", ""), ("sub", ["workload"]), ("iat", "now"), ("exp", True), ("exp", {}), ("iat", -5),
        ("exp", 10**13), ("nbf", "x"), ("jti", 5), ("jti", ""), ("jti", "j" * 1025), ("aud", 5), ("aud", [5]),
        ("iss", ["https://issuer.example.com"]),
    ],
)  # fmt: skip
async def test_a_claim_of_a_wrong_type_is_refused(way: Way, name: str, value: object) -> None:
    assert await way.reason(way.sign(**{name: value})) == "claim_malformed"


async def test_fractional_times_are_taken(way: Way) -> None:
    now = time.time()
    assert (await way.exchange(way.sign(iat=now, exp=now + 60.5, nbf=now)))["expires_in"] in range(118, 122)


async def test_clocks_may_differ_by_thirty_seconds_and_no_more(way: Way) -> None:
    now = time.time()
    assert await way.reason(way.sign(iat=now - 300, exp=now - 31)) == "assertion_expired"
    assert await way.reason(way.sign(iat=now + 36, exp=now + 300)) == "assertion_not_yet_valid"
    assert await way.reason(way.sign(nbf=now + 36)) == "assertion_not_yet_valid"
    # the whole rest of a token that is about to end is the shortest that there is
    assert (await way.exchange(way.sign(iat=now - 300, exp=now - 20)))["expires_in"] == 60
    assert (await way.exchange(way.sign(iat=now + 25, exp=now + 300)))["expires_in"] > 60
    assert (await way.exchange(way.sign(nbf=now + 25)))["expires_in"] > 60


async def test_an_assertion_may_not_live_longer_than_its_issuer_may_say(town: Town) -> None:
    signer = Signer()
    account, issuer = await town.make_account(), await town.trust(signer, max_jwt_lifetime_seconds=120)
    way = Way(town, signer, account, issuer, await town.allow(issuer, account))
    now = int(time.time())
    assert (await way.exchange(way.sign(iat=now, exp=now + 120)))["expires_in"] > 0
    assert await way.reason(way.sign(iat=now, exp=now + 121)) == "lifetime_too_long"
    assert await way.reason(way.sign(iat=now, exp=now)) == "lifetime_too_long"


@pytest.mark.parametrize(
    "url",
    [
        "https://issuer.example.com/",
        "https://ISSUER.example.com",
        "http://issuer.example.com",
        "https://other.example.com",
    ],
)
async def test_the_issuer_is_compared_byte_for_byte(way: Way, url: str) -> None:
    assert await way.reason(way.sign(iss=url)) == "issuer_mismatch"


async def test_an_assertion_is_taken_once(way: Way) -> None:
    text = way.sign()
    await way.exchange(text)
    assert await way.reason(text) == "jti_reused"
    # another assertion that brings the same id is the same for the issuer
    assert await way.reason(way.sign(jti=_jti_of(text))) == "jti_reused"


def _jti_of(text: str) -> str:
    return str(json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))["jti"])


async def test_an_id_counts_for_its_issuer_only(town: Town, way: Way) -> None:
    other = await town.settle(Signer())
    await way.exchange(way.sign(jti="one"))
    await other.exchange(other.sign(jti="one"))


async def test_without_an_id_and_where_it_is_not_asked_for_an_assertion_does_again(town: Town, way: Way) -> None:
    text = way.sign(jti=None)
    await way.exchange(text)
    await way.exchange(text)
    signer = Signer()
    account, issuer = await town.make_account(), await town.trust(signer, check_jti=False)
    lenient = Way(town, signer, account, issuer, await town.allow(issuer, account))
    text = lenient.sign()
    await lenient.exchange(text)
    await lenient.exchange(text)


async def test_a_refused_assertion_is_not_used_up(way: Way) -> None:
    text = way.sign()
    assert await way.reason(text, workspace_id="wrkspc_011111111111111111111111") == "workspace_not_enabled"
    await way.exchange(text)


async def test_the_audience_is_this_server(way: Way) -> None:
    audience: object
    for audience in (None, "https://api.anthropic.com", f"{PUBLIC_URL}/", PUBLIC_URL.upper(), []):
        assert await way.reason(way.sign(aud=audience)) == "match_audience"
    await way.exchange(way.sign(aud=["https://other.example.com", PUBLIC_URL]))


async def test_a_rule_may_set_another_audience(town: Town) -> None:
    match = {"subject_prefix": "workload", "audience": "https://api.anthropic.com"}
    way = await town.settle(Signer(), match=match)
    await way.exchange(way.sign(aud="https://api.anthropic.com"))
    await way.exchange(way.sign(aud=["x", "https://api.anthropic.com"]))
    assert await way.reason() == "match_audience"


async def test_a_subject_is_the_whole_or_begins_as_the_rule_says(town: Town) -> None:
    way = await town.settle(Signer(), match={"subject_prefix": "repo:acme/*"})
    await way.exchange(way.sign(sub="repo:acme/app:ref:refs/heads/main"))
    await way.exchange(way.sign(sub="repo:acme/"))
    for subject in ("repo:acme", "Repo:acme/app", "repo:acme-corp/app", "xrepo:acme/app"):
        assert await way.reason(way.sign(sub=subject)) == "match_subject_prefix"
    exact = await town.settle(Signer(), match={"subject_prefix": "repo:acme/app"})
    assert await exact.reason(exact.sign(sub="repo:acme/app2")) == "match_subject_prefix"
    inner = await town.settle(Signer(), match={"subject_prefix": "re*o"})
    assert await inner.reason(inner.sign(sub="repo")) == "match_subject_prefix"
    await inner.exchange(inner.sign(sub="re*o"))


async def test_claims_are_texts_at_the_top(town: Town) -> None:
    way = await town.settle(Signer(), match={"claims": {"environment": "prod", "ref_protected": "true"}})
    await way.exchange(way.sign(environment="prod", ref_protected="true"))
    for claims in (
        {"environment": "prod"},
        {"environment": "Prod", "ref_protected": "true"},
        {"environment": "prod", "ref_protected": True},
        {"environment": ["prod"], "ref_protected": "true"},
        {"inner": {"environment": "prod"}, "ref_protected": "true"},
    ):
        assert await way.reason(way.sign(**claims)) == "match_claims"
    assert (await town.history("?limit=1"))[0]["detail"] == "environment"


async def test_a_condition_looks_at_claims_of_any_type(town: Town) -> None:
    condition = '"deployers" in claims.groups && claims.google.compute_engine.project_id == "acme"'
    way = await town.settle(Signer(), match={"condition": condition})
    inner = {"compute_engine": {"project_id": "acme"}}
    await way.exchange(way.sign(groups=["x", "deployers"], google=inner))
    assert await way.reason(way.sign(groups=["x"], google=inner)) == "match_condition"
    # what can't be evaluated is no match
    assert await way.reason(way.sign(groups=5, google=inner)) == "match_condition"
    assert await way.reason() == "match_condition"


async def test_everything_that_a_rule_sets_must_hold(town: Town) -> None:
    match = {"subject_prefix": "work*", "claims": {"env": "prod"}, "condition": "claims.level > 3"}
    way = await town.settle(Signer(), match=match)
    whole = {"env": "prod", "level": 5}
    await way.exchange(way.sign(**whole))
    assert await way.reason(way.sign(**whole, sub="other")) == "match_subject_prefix"
    assert await way.reason(way.sign(**{**whole, "env": "dev"})) == "match_claims"
    assert await way.reason(way.sign(**{**whole, "level": 3})) == "match_condition"
    assert await way.reason(way.sign(**{**whole, "aud": "x"})) == "match_audience"


@pytest.mark.parametrize(
    ("rule_seconds", "left", "given"),
    [(3600, 600, 1200), (3600, 3000, 3600), (300, 600, 300), (3600, 10, 60), (60, 600, 60), (86_400, 100, 200)],
)
async def test_a_token_lives_twice_as_long_as_its_assertion_at_most(
    town: Town, rule_seconds: int, left: int, given: int
) -> None:
    way = await town.settle(Signer(), token_lifetime_seconds=rule_seconds)
    now = int(time.time())
    found = (await way.exchange(way.sign(iat=now - 60, exp=now + left)))["expires_in"]
    assert given - 8 <= found <= given


async def test_a_malformed_request_is_told_what_is_wrong_and_leaves_nothing(way: Way) -> None:
    assert (await _refused(way, 400, "x" * (17 * 1024))).startswith("assertion: must be at most 16384 bytes")
    assert (await _refused(way, 400, "")).startswith("assertion: ")
    assert (await _refused(way, 400, 5)).startswith("assertion: ")
    for name in ("federation_rule_id", "organization_id"):
        for value in (None, "", 5, ["x"], "x", "fdrl_", "../x", "fdrl_010000000000000000000000"):
            assert (await _refused(way, 400, **{name: value})).startswith(f"{name}: "), value
    for name in ("service_account_id", "workspace_id"):
        for value in ("", 5, "x", "Default", "wrkspc_"):
            assert (await _refused(way, 400, **{name: value})).startswith(f"{name}: "), value
    assert await way.town.history() == []


async def test_an_assertion_of_16_kibibytes_is_taken(way: Way) -> None:
    room = 16 * 1024 - len(way.sign(filler="")) - 8
    text = way.sign(filler="x" * (room * 3 // 4))
    assert 16_000 < len(text) <= 16 * 1024
    await way.exchange(text)


async def test_what_is_no_jwt_is_refused_as_any_other(way: Way) -> None:
    for text in ("x", "a.b.c", "a.b", "....", "é.é.é", "x" * 16_384, f" {way.sign()}", f"{way.sign()}.x"):
        assert await way.reason(text) == "assertion_malformed", text


async def test_an_unknown_rule_or_organization_gets_the_same_answer_and_leaves_nothing(town: Town, way: Way) -> None:
    other = await town.settle(Signer())
    known = await way.send(way.sign(aud="wrong"))
    cases: list[dict[str, Any]] = [
        {"federation_rule_id": "fdrl_011111111111111111111111"},
        {"organization_id": OTHERS},
    ]
    for fields in cases:
        answer = await way.send(**fields)
        assert answer.status == known.status == 401
        assert answer.json()["error"] == known.json()["error"]
        assert {name for name, _ in answer.headers} == {name for name, _ in known.headers}
    assert len(await town.history()) == 1
    # a rule of another issuer: its keys don't know this one's
    assert await way.reason(federation_rule_id=other.rule) in {"signature_invalid", "issuer_mismatch"}


async def test_a_named_service_account_must_be_the_target(town: Town, way: Way) -> None:
    await way.exchange(service_account_id=way.account)
    assert await way.reason(service_account_id=await town.make_account()) == "service_account_mismatch"


async def test_archiving_ends_exchanges_at_once_and_spares_tokens(town: Town, way: Way) -> None:
    token = (await way.exchange())["access_token"]
    await town.post(f"{ROOT}/federation_rules/{way.rule}/archive")
    assert await way.reason() == "rule_archived"
    assert (await town.ask("GET", "/v1/models", token=token)).status == 200


async def test_org_admin_is_for_admins_only_and_looked_at_each_time(town: Town) -> None:
    signer = Signer()
    account, issuer = await town.make_account("admin"), await town.trust(signer)
    rule = await town.allow(issuer, account, oauth_scope="org:admin")
    way = Way(town, signer, account, issuer, rule)
    token = (await way.exchange())["access_token"]
    assert (await town.ask("GET", f"{ROOT}/users", token=token)).status == 200
    await town.ask("POST", f"{ROOT}/service_accounts/{account}", {"organization_role": "developer"})
    assert await way.reason() == "organization_role"
