"""Issuers on the wire (SDK type `organization.federation.FederationIssuer`)."""

import asyncio
from typing import Any

import pytest

from antechamber.base.ids import Kind, parse
from tests.api.conftest import House
from tests.api.offices import (
    GITHUB,
    INLINE,
    ISSUERS,
    NOTHING,
    PUBLIC_KEY,
    RULES,
    Office,
    open_office,
    open_other_office,
)

FIELDS = {
    "id", "type", "name", "issuer_url", "jwks", "check_jti", "max_jwt_lifetime_seconds", "jwks_polling_disabled_at",
    "poll_status", "created_at", "created_by_actor_id", "updated_at", "updated_by_actor_id", "archived_at",
    "archived_by_actor_id",
}  # fmt: skip
GOOD = {"name": "cluster", "issuer_url": "https://kubernetes.default.svc", "jwks": INLINE}
PRIVATE_KEY = {**PUBLIC_KEY, "d": "rcCJcqzM3q0uKtds22wQr4QzX8EYlQYmn3df-7cfqmo"}

# what is wrong, and what the refusal begins with
BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": "Capital"}, "name"),
    ({"name": None}, "name"),
    ({"issuer_url": None}, "issuer_url"),
    ({"issuer_url": ""}, "issuer_url"),
    ({"issuer_url": "http://idp.example.com"}, "issuer_url"),
    ({"issuer_url": "idp.example.com"}, "issuer_url"),
    ({"issuer_url": "https://"}, "issuer_url"),
    ({"issuer_url": "https://idp.example.com:99999"}, "issuer_url"),
    ({"issuer_url": "https://user:pass@idp.example.com"}, "issuer_url"),
    ({"issuer_url": "https://idp.example.com/#x"}, "issuer_url"),
    ({"issuer_url": "https://idp.example.com/?x=1"}, "issuer_url"),
    ({"issuer_url": "https://idp.example.com/ü"}, "issuer_url"),
    ({"issuer_url": "https://idp.example.com\\@10.0.0.1"}, "issuer_url"),
    ({"issuer_url": "https://a/" + "x" * 2048}, "issuer_url"),
    ({"check_jti": "yes"}, "check_jti"),
    ({"max_jwt_lifetime_seconds": 0}, "max_jwt_lifetime_seconds"),
    ({"max_jwt_lifetime_seconds": 176_401}, "max_jwt_lifetime_seconds"),
    ({"max_jwt_lifetime_seconds": 1.5}, "max_jwt_lifetime_seconds"),
    ({"jwks": None}, "jwks"),
    ({"jwks": {}}, "jwks"),
    ({"jwks": {"type": "guess"}}, "jwks"),
    ({"jwks": {"type": "inline"}}, "jwks"),
    ({"jwks": {"type": "inline", "keys": []}}, "jwks.keys"),
    ({"jwks": {"type": "inline", "keys": [PUBLIC_KEY] * 101}}, "jwks.keys"),
    ({"jwks": {"type": "inline", "keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "1"}]}}, "jwks.keys"),
    ({"jwks": {"type": "inline", "keys": [PRIVATE_KEY]}}, "jwks.keys"),
    ({"jwks": {"type": "inline", "keys": [{"kty": "EC"}]}}, "jwks.keys"),
    ({"jwks": {"type": "inline", "keys": ["key"]}}, "jwks"),
    ({"jwks": {"type": "inline", "keys": [{**PUBLIC_KEY, "note": float("nan")}]}}, "jwks.keys"),
    ({"jwks": {"type": "explicit_url"}}, "jwks"),
    ({"jwks": {"type": "explicit_url", "url": "http://idp.example.com/k"}}, "jwks.url"),
    ({"jwks": {"type": "explicit_url", "url": "https://idp.example.com:8443/k"}}, "jwks.url"),
    ({"jwks": {"type": "explicit_url", "url": "https://127.0.0.1/k"}}, "jwks.url"),
    ({"jwks": {"type": "explicit_url", "url": "https://2130706433/k"}}, "jwks.url"),
    ({"jwks": {"type": "explicit_url", "url": "https://[::1]/k"}}, "jwks.url"),
    ({"jwks": {"type": "explicit_url", "url": "https://me@idp.example.com/k"}}, "jwks.url"),
    ({"jwks": {"type": "explicit_url", "url": "https://localhost/k"}}, "jwks.url"),
    ({"jwks": {"type": "explicit_url", "url": "https://a.example.com/k", "ca_cert_pem": "x"}}, "jwks.ca_cert_pem"),
    ({"jwks": {"type": "explicit_url", "url": "https://a.example.com/k", "ca_cert_pem": ""}}, "jwks.ca_cert_pem"),
    ({"jwks": {"type": "discovery", "discovery_base": "https://10.0.0.1"}}, "jwks.discovery_base"),
    ({"jwks": {"type": "discovery", "discovery_base": "https://a.example.com/?x"}}, "jwks.discovery_base"),
    ({"jwks": {"type": "discovery", "url": "https://a.example.com"}}, "jwks"),
    ({"jwks": {"type": "discovery"}, "issuer_url": "https://10.0.0.1"}, "issuer_url"),
    ({"jwks": {"type": "discovery"}, "issuer_url": "https://kubernetes"}, "issuer_url"),
    ({"jwks": {"type": "discovery"}, "issuer_url": "https://localhost:8443"}, "issuer_url"),
    ({"color": "blue"}, "color"),
)


@pytest.fixture
async def office(house: House) -> Office:
    return await open_office(house)


async def test_one_has_the_documented_shape_and_its_defaults(office: Office) -> None:
    made = await office.post(ISSUERS, GOOD)
    assert made.keys() == FIELDS
    assert parse(Kind.FEDERATION_ISSUER, made["id"])
    assert made["type"] == "federation_issuer"
    assert {name: made[name] for name in GOOD} == GOOD
    assert (made["check_jti"], made["max_jwt_lifetime_seconds"]) == (True, 3600)
    assert (made["poll_status"], made["jwks_polling_disabled_at"]) == (None, None)
    assert await office.get(f"{ISSUERS}/{made['id']}") == made
    assert (await office.get(ISSUERS))["data"] == [made]
    other = await office.post(ISSUERS, {**GOOD, "name": "b", "check_jti": None, "max_jwt_lifetime_seconds": None})
    assert (other["check_jti"], other["max_jwt_lifetime_seconds"]) == (True, 3600)


async def test_an_issuers_own_address_is_only_compared_where_its_keys_are_given(office: Office) -> None:
    for number, url in enumerate(("https://10.0.0.1:6443", "https://kubernetes", "https://[fd00::1]/x")):
        assert (await office.issuer(f"i-{number}", issuer_url=url))["issuer_url"] == url


async def test_a_bad_field_is_named_first_when_made_and_when_changed(office: Office) -> None:
    made = await office.issuer("first")
    path = f"{ISSUERS}/{made['id']}"
    for fields, named in BAD:
        message = await office.refused(400, "POST", ISSUERS, {**GOOD, **fields})
        assert (fields, message.startswith(named)) == (fields, True), message
        assert "rcCJcqzM" not in message
        # null leaves a field of a known one as it is
        if None not in fields.values():
            message = await office.refused(400, "POST", path, fields)
            assert (fields, message.startswith(named)) == (fields, True), message
    assert await office.get(path) == made


async def test_every_field_changes_and_null_leaves_it(office: Office) -> None:
    made = await office.issuer()
    path = f"{ISSUERS}/{made['id']}"
    new = {
        "name": "other",
        "issuer_url": "https://kubernetes.example",
        "jwks": {"type": "inline", "keys": [{**PUBLIC_KEY, "kid": "key-2"}]},
        "check_jti": False,
        "max_jwt_lifetime_seconds": 176_400,
    }
    changed = await office.post(path, new)
    assert {name: changed[name] for name in new} == new
    assert changed["updated_at"] > made["updated_at"]
    assert await office.post(path, dict.fromkeys(new)) == changed
    assert await office.post(path, {"jwks_polling_disabled": None}) == changed


async def test_polling_is_only_ever_taken_up_by_hand(office: Office) -> None:
    made = await office.issuer()
    path = f"{ISSUERS}/{made['id']}"
    assert (await office.refused(400, "POST", path, {"jwks_polling_disabled": True})).startswith(
        "jwks_polling_disabled: "
    )
    assert (await office.post(path, {"jwks_polling_disabled": False}))["jwks_polling_disabled_at"] is None


async def test_a_name_is_one_live_issuers_only(office: Office) -> None:
    made, second = await office.issuer("a"), await office.issuer("b")
    assert made["id"] in await office.refused(409, "POST", ISSUERS, {**GOOD, "name": "a"})
    assert made["id"] in await office.refused(409, "POST", f"{ISSUERS}/{second['id']}", {"name": "a"})
    await office.post(f"{ISSUERS}/{made['id']}/archive")
    assert (await office.post(f"{ISSUERS}/{second['id']}", {"name": "a"}))["name"] == "a"
    await office.account("a")


async def test_of_many_who_take_one_name_at_once_one_gets_it(office: Office) -> None:
    answers = await asyncio.gather(*(office.ask("POST", ISSUERS, GOOD) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 7


async def test_one_that_a_live_rule_uses_is_not_archived_and_an_archived_one_stays(office: Office) -> None:
    issuer, account = await office.issuer(), await office.account()
    rule = await office.rule(issuer, account)
    path = f"{ISSUERS}/{issuer['id']}"
    assert "(build)" in await office.refused(400, "POST", f"{path}/archive")
    await office.post(f"{RULES}/{rule['id']}/archive")
    archived = await office.post(f"{path}/archive")
    assert archived["archived_at"]
    assert await office.post(f"{path}/archive", {}) == archived
    assert "archived" in await office.refused(400, "POST", path, {"check_jti": False})
    assert (await office.get(ISSUERS))["data"] == []
    assert (await office.get(f"{ISSUERS}?include_archived=true"))["data"] == [archived]


async def test_a_workload_does_not_touch_an_issuer_that_backs_more_than_it_may_manage(office: Office) -> None:
    workload, admin = await office.admin_workload(), await office.account("admin", organization_role="admin")
    free, backing = await office.issuer("free"), await office.issuer("backing")
    await office.rule(free, admin, "everyday")
    rule = await office.rule(backing, admin, "full", oauth_scope="org:admin")
    change = {"check_jti": False}
    assert (await office.post(f"{ISSUERS}/{free['id']}", change, hand=workload))["check_jti"] is False
    for sent in (change, {"jwks_polling_disabled": False}, {"name": "new"}):
        message = await office.refused(403, "POST", f"{ISSUERS}/{backing['id']}", sent, hand=workload)
        assert rule["id"] in message
    assert (await office.post(f"{ISSUERS}/{backing['id']}", change))["check_jti"] is False
    assert (await office.post(ISSUERS, {**GOOD, "name": "own"}, hand=workload))["name"] == "own"


async def test_an_issuer_does_not_become_a_shared_one_under_rules_that_do_not_say_whose(office: Office) -> None:
    issuer, account = await office.issuer(), await office.account()
    rule = await office.rule(issuer, account)
    path = f"{ISSUERS}/{issuer['id']}"
    message = await office.refused(400, "POST", path, {"issuer_url": GITHUB})
    assert message.startswith("issuer_url: GitHub Actions")
    assert rule["id"] in message
    await office.post(f"{RULES}/{rule['id']}", {"match": {"claims": {"repository_owner": "acme"}}})
    assert (await office.post(path, {"issuer_url": GITHUB}))["issuer_url"] == GITHUB


async def test_another_organizations_and_nobodys_ids_are_not_found(office: Office, house: House) -> None:
    theirs = (await (await open_other_office(house)).issuer())["id"]
    for named in (theirs, f"fdis_{NOTHING}", "nonsense"):
        for method, tail, body in (("GET", "", None), ("POST", "", {}), ("POST", "/archive", None)):
            message = await office.refused(404, method, f"{ISSUERS}/{named}{tail}", body)
            assert message == f"Federation issuer not found: {named}"
    assert (await office.get(ISSUERS))["data"] == []


async def test_every_change_is_in_the_feed_without_keys(office: Office) -> None:
    made = await office.issuer()
    path = f"{ISSUERS}/{made['id']}"
    await office.post(path, {"name": "other", "jwks": {"type": "inline", "keys": [{**PUBLIC_KEY, "kid": "key-2"}]}})
    await office.post(f"{path}/archive")
    feed = "platform_federation_issuer_"
    acts = [act for act in await office.acts() if act["type"].startswith(feed)]
    assert [act["type"].removeprefix(feed) for act in acts] == ["archived", "updated", "created"]
    assert {act["federation_issuer_id"] for act in acts} == {made["id"]}
    assert [change["type"] for change in acts[1]["updates"]] == ["name", "jwks"]
    assert PUBLIC_KEY["x"] not in str(acts)
