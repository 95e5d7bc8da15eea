"""`ante service-accounts` and `ante federation`: what they ask of the server, and what they say when they cannot."""

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from antechamber.cli.exits import Exit
from tests.unit.cli.wire import Ran, Scripted, ante, error

DONE = Scripted(body={"id": "x"})
TOKEN = {"ANTHROPIC_AUTH_TOKEN": "sk-ant-oat01-abcdefghijkl"}
DEVELOPER = "workspace:developer"
JWK = {"kty": "EC", "kid": "1"}
CREATE_RULE = (
    "federation rules create r --issuer-id fdis_1 --subject repo:acme/* --claim a=b --claim c=d=e "
    "--service-account-id svac_1 --workspace-id w --token-lifetime 30m"
)


def listed(*entries: object) -> Scripted:
    return Scripted(body={"data": list(entries), "next_page": None})


def asked(ran: Ran) -> tuple[str, str, list[tuple[str, str]], object]:
    parts = urlsplit(ran.request.url)
    return ran.request.method, parts.path.removeprefix("/v1/organizations"), parse_qsl(parts.query), ran.request.body


@pytest.mark.parametrize(
    ("words", "method", "path", "body"),
    [
        ("service-accounts create ci", "POST", "/service_accounts", {"name": "ci"}),
        (
            "service-accounts create ci --role admin --description x",
            "POST",
            "/service_accounts",
            {"name": "ci", "organization_role": "admin", "description": "x"},
        ),
        ("service-accounts get svac_1", "GET", "/service_accounts/svac_1", None),
        ("service-accounts retrieve svac_1", "GET", "/service_accounts/svac_1", None),
        (
            "service-accounts update svac_1 --role developer",
            "POST",
            "/service_accounts/svac_1",
            {"organization_role": "developer"},
        ),
        ("service-accounts update svac_1 --description=", "POST", "/service_accounts/svac_1", {"description": ""}),
        ("service-accounts archive svac_1 --yes", "POST", "/service_accounts/svac_1/archive", None),
        (
            "service-accounts workspaces add svac_1 w --role admin",
            "POST",
            "/service_accounts/svac_1/workspaces",
            {"workspace_id": "w", "workspace_role": "workspace_admin"},
        ),
        ("service-accounts workspaces remove svac_1 w -y", "DELETE", "/service_accounts/svac_1/workspaces/w", None),
        (
            "federation issuers create idp --issuer-url https://idp.example",
            "POST",
            "/federation_issuers",
            {"name": "idp", "issuer_url": "https://idp.example"},
        ),
        (
            "federation issuers create idp --issuer-url https://i --jwks-url https://i/k --no-check-jti",
            "POST",
            "/federation_issuers",
            {
                "name": "idp",
                "issuer_url": "https://i",
                "check_jti": False,
                "jwks": {"type": "explicit_url", "url": "https://i/k"},
            },
        ),
        (
            "federation issuers update fdis_1 --discovery-base https://d --max-jwt-lifetime 2h",
            "POST",
            "/federation_issuers/fdis_1",
            {"max_jwt_lifetime_seconds": 7200, "jwks": {"type": "discovery", "discovery_base": "https://d"}},
        ),
        (
            "federation issuers update fdis_1 --resume-polling",
            "POST",
            "/federation_issuers/fdis_1",
            {"jwks_polling_disabled": False},
        ),
        ("federation issuers archive fdis_1 --yes", "POST", "/federation_issuers/fdis_1/archive", None),
        ("federation issuers get fdis_1", "GET", "/federation_issuers/fdis_1", None),
        (
            CREATE_RULE,
            "POST",
            "/federation_rules",
            {
                "oauth_scope": DEVELOPER,
                "name": "r",
                "issuer_id": "fdis_1",
                "workspace_id": "w",
                "token_lifetime_seconds": 1800,
                "match": {"subject_prefix": "repo:acme/*", "claims": {"a": "b", "c": "d=e"}},
                "target": {"type": "service_account", "service_account_id": "svac_1"},
            },
        ),
        (
            "federation rules update fdrl_1 --no-all-workspaces --scope org:admin",
            "POST",
            "/federation_rules/fdrl_1",
            {"oauth_scope": "org:admin", "applies_to_all_workspaces": False},
        ),
        ("federation rules archive fdrl_1 --yes", "POST", "/federation_rules/fdrl_1/archive", None),
        (
            "federation rules workspaces add fdrl_1 w",
            "POST",
            "/federation_rules/fdrl_1/workspaces",
            {"workspace_id": "w"},
        ),
        ("federation rules workspaces remove fdrl_1 w -y", "DELETE", "/federation_rules/fdrl_1/workspaces/w", None),
    ],
)
@pytest.mark.parametrize("prefix", [["organizations"], []])
def test_a_command_asks_one_thing_with_a_token(
    words: str, method: str, path: str, body: object, prefix: list[str]
) -> None:
    ran = ante(*prefix, *words.split(), answers=[DONE], variables=TOKEN)
    assert ran.code == Exit.OK, ran.err
    assert asked(ran) == (method, path, [], body)
    assert ran.request.headers["authorization"] == f"Bearer {TOKEN['ANTHROPIC_AUTH_TOKEN']}"
    assert "x-api-key" not in ran.request.headers


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("service-accounts list", "/service_accounts"),
        ("federation issuers list", "/federation_issuers"),
        ("federation rules list", "/federation_rules"),
    ],
)
def test_lists_take_archived_ones_in_and_pages_of_a_size(words: str, path: str) -> None:
    ran = ante(*words.split(), "--include-archived", "--limit", "5", answers=[listed()], variables=TOKEN)
    assert (asked(ran)[1], sorted(asked(ran)[2])) == (path, [("include_archived", "true"), ("limit", "5")])
    assert ante(*words.split(), "--limit", "101", variables=TOKEN).code == Exit.USAGE


def test_rules_are_listed_of_one_issuer() -> None:
    ran = ante("federation", "rules", "list", "--issuer-id", "fdis_1", answers=[listed()], variables=TOKEN)
    assert asked(ran)[2] == [("issuer_id", "fdis_1")]


def test_people_get_tables_and_scripts_get_json() -> None:
    rule = {
        "id": "fdrl_1",
        "name": "build",
        "issuer_name": "github",
        "match": {"subject_prefix": "repo:acme/*"},
        "target": {"service_account_name": "ci"},
        "oauth_scope": DEVELOPER,
        "applies_to_all_workspaces": False,
        "workspace_ids": ["w1", "w2"],
        "archived_at": None,
    }
    ran = ante("federation", "rules", "list", answers=[listed(rule)], variables=TOKEN, terminal=True)
    heading, line = ran.out.splitlines()
    assert heading.split() == ["id", "name", "issuer", "subject", "account", "scope"]
    assert line.split() == ["fdrl_1", "build", "github", "repo:acme/*", "ci", "developer"]
    past = {**rule, "archived_at": "2026-11-20T08:09:10Z"}
    ran = ante("federation", "rules", "list", answers=[listed(past)], variables=TOKEN, terminal=True)
    assert "build (archived)" in ran.out
    plain = ante("federation", "rules", "list", "--format", "json", answers=[listed(rule)], variables=TOKEN)
    assert json.loads(plain.out) == [rule]
    issuers = [
        {"id": "fdis_1", "jwks": {"type": "inline"}, "poll_status": None},
        {"id": "fdis_2", "jwks": {"type": "discovery"}, "poll_status": {"consecutive_failures": 0}},
        {"id": "fdis_3", "jwks": {"type": "discovery"}, "poll_status": {"consecutive_failures": 3}},
        {"id": "fdis_4", "jwks_polling_disabled_at": "2026-11-20T08:09:10Z", "poll_status": {}},
    ]
    ran = ante("federation", "issuers", "list", answers=[listed(*issuers)], variables=TOKEN, terminal=True)
    assert [
        word in line
        for word, line in zip(("inline", "ok", "3 failures", "paused"), ran.out.splitlines()[1:], strict=True)
    ] == [True] * 4
    places = [{"workspace_id": "w", "workspace_role": "workspace_user", "implicit": True}]
    ran = ante(
        "service-accounts", "workspaces", "list", "svac_1", answers=[listed(*places)], variables=TOKEN, terminal=True
    )
    assert ran.out.splitlines()[1].split() == ["w", "workspace_user", "implicitly"]


def test_keys_in_the_environment_are_passed_over_and_without_a_token_it_says_how_to_get_one() -> None:
    for words in ("service-accounts list", "federation issuers create a --issuer-url https://a"):
        ran = ante(*words.split(), variables={"ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-abcdefgh"})
        assert (ran.code, ran.server.sent) == (Exit.AUTHENTICATION, [])
        assert "ante auth login --scope org:admin" in ran.err
        assert "ante token mint --scope org:admin" in ran.err


def test_a_credential_given_outright_is_used_and_refused_by_the_server() -> None:
    words = ("service-accounts", "list", "--api-key", "sk-ant-api03-mine")
    ran = ante(*words, answers=[error(403, "permission_error", "needs [service_accounts:read]")])
    assert (ran.code, ran.request.headers["x-api-key"]) == (Exit.PERMISSION, "sk-ant-api03-mine")
    assert "service_accounts:read" in ran.err


def test_a_body_comes_from_a_file_or_stdin_under_flags(tmp_path: Path) -> None:
    body = {"name": "a", "issuer_id": "fdis_1", "match": {"subject_prefix": "x"}, "oauth_scope": "workspace:inference"}
    file = tmp_path / "rule.json"
    file.write_text(json.dumps(body), encoding="utf-8")
    ran = ante("federation", "rules", "create", "b", "--file", str(file), answers=[DONE], variables=TOKEN)
    assert asked(ran)[3] == {**body, "name": "b"}
    words = ("federation", "rules", "update", "fdrl_1", "--file", "-", "--audience", "me")
    ran = ante(*words, answers=[DONE], variables=TOKEN, stdin=json.dumps({"name": "c"}))
    assert asked(ran)[3] == {"name": "c", "match": {"audience": "me"}}


def test_keys_and_authorities_come_from_files(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN", encoding="utf-8")
    create = ("federation", "issuers", "create", "a", "--issuer-url", "https://a")
    for keys in ({"keys": [JWK]}, [JWK]):
        ran = ante(*create, "--jwks-file", "-", answers=[DONE], variables=TOKEN, stdin=json.dumps(keys))
        assert asked(ran)[3] == {"name": "a", "issuer_url": "https://a", "jwks": {"type": "inline", "keys": [JWK]}}
    ran = ante(*create, "--ca-cert", str(bundle), answers=[DONE], variables=TOKEN)
    assert isinstance(ran.request.body, dict)
    assert ran.request.body["jwks"] == {"type": "discovery", "ca_cert_pem": "-----BEGIN"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("federation issuers create a --jwks-url u --discovery-base d", "give one of --discovery-base"),
        ("federation issuers create a --jwks-file - --ca-cert x", "--ca-cert is for keys that are fetched"),
        ("federation issuers create a --jwks-file /nowhere", "cannot read /nowhere"),
        ("federation issuers create a --jwks-file -", "is not JSON"),
        ("federation issuers create", "NAME and --issuer-url, or --file"),
        ("federation issuers update fdis_1", "say what to change"),
        ("federation rules update fdrl_1", "say what to change"),
        ("federation rules create a --claim x", "write name=value"),
        ("federation rules create a --file -", "is not JSON"),
        ("federation rules create a --token-lifetime soon", "write a number and a unit"),
        ("service-accounts update svac_1", "say what to change"),
        ("service-accounts create a --role owner", "owner"),
        ("service-accounts workspaces add svac_1 w --role billing", "billing"),
    ],
)
def test_wrong_use_says_what_is_wrong_and_sends_nothing(words: str, told: str) -> None:
    ran = ante(*words.split(), variables=TOKEN, stdin="{")
    assert (ran.code, ran.server.sent) == (Exit.USAGE, [])
    assert told in ran.err


def test_a_file_that_holds_something_else_is_refused() -> None:
    for words, told in (("rules create a --file -", "no JSON object"), ("issuers create a --jwks-file -", "holds no")):
        ran = ante("federation", *words.split(), variables=TOKEN, stdin='"text"')
        assert (ran.code, told in ran.err) == (Exit.USAGE, True)
