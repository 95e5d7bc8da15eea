import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.chance import SeededChance
from antechamber.base.clock import ManualClock
from antechamber.base.outbound import OutboundOptions
from antechamber.base.secret import Secret
from antechamber.client import oauth
from antechamber.client.authorize import LoginAttempt, begin_login, challenge_of, manual_redirect, require_safe
from antechamber.client.failures import CredentialUnusable, LoginFailed, ServerUnreachable, TokenRefused
from antechamber.client.federation import Federation, IdentityCommand, IdentityFile, IdentityText
from antechamber.client.loopback import Received
from antechamber.client.posting import Poster, open_poster
from antechamber.client.transport import open_outbound
from tests.unit.client.issuer import Issuer, issuing


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def post() -> Poster:
    return open_poster(open_outbound, OutboundOptions())


def attempt(**more: str) -> LoginAttempt:
    return begin_login(SeededChance(1), console_url="https://console.example/", **more)


@given(st.integers())
def test_the_verifier_is_64_random_bytes_and_its_challenge_their_sha_256(seed: int) -> None:
    found = begin_login(SeededChance(seed), console_url="https://console.example")
    verifier = found.verifier.reveal()
    assert re.fullmatch(r"[A-Za-z0-9_-]{86}", verifier)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", found.state)
    expected = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert challenge_of(found.verifier) == expected


def test_the_challenge_is_that_of_the_rfc() -> None:
    # RFC 7636, appendix B
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_authorize_url_has_everything_and_nothing_that_was_not_asked_for() -> None:
    found = attempt(workspace_id="wrkspc_01A", organization_id="11111111-1111-4111-8111-111111111111")
    parts = urlsplit(found.url("http://localhost:7777/callback"))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://console.example/oauth/authorize"
    assert parse_qs(parts.query) == {
        "client_id": ["antechamber-cli"],
        "redirect_uri": ["http://localhost:7777/callback"],
        "response_type": ["code"],
        "scope": ["user:profile user:inference user:developer"],
        "state": [found.state],
        "code_challenge": [challenge_of(found.verifier)],
        "code_challenge_method": ["S256"],
        "workspace_id": ["wrkspc_01A"],
        "orgUUID": ["11111111-1111-4111-8111-111111111111"],
    }
    bare = parse_qs(urlsplit(attempt().url(manual_redirect("https://console.example", "antechamber-cli"))).query)
    assert not {"workspace_id", "orgUUID"} & bare.keys()
    assert bare["redirect_uri"] == ["https://console.example/oauth/code/callback?app=antechamber-cli"]


@given(st.text(st.characters(codec="ascii", exclude_categories=["C", "Z"], exclude_characters="#"), min_size=1))
def test_a_pasted_code_is_taken_bare_or_with_this_attempts_state(code: str) -> None:
    found = attempt()
    assert found.read_pasted(f" {code}#{found.state}\n") == code
    assert found.read_pasted(f"{code}\n") == code
    with pytest.raises(LoginFailed, match="another attempt"):
        found.read_pasted(f"{code}#{found.state[:-1]}")


@pytest.mark.parametrize("text", ["", "\n", "#", "  #state"])
def test_nothing_pasted_is_no_code(text: str) -> None:
    with pytest.raises(LoginFailed):
        attempt().read_pasted(text)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "https://user:pass@example.com",
        "ftp://localhost",
        "localhost",
        "",
        "https://",
        "http://[::1",
        "http://10.0.0.1",
        "https://a.example\n",
    ],
)
def test_tokens_only_travel_by_https_or_on_this_machine(url: str) -> None:
    with pytest.raises(CredentialUnusable):
        require_safe(url)


@pytest.mark.parametrize("url", ["https://a.example", "http://localhost:1", "http://127.0.0.1:8787", "http://[::1]:1"])
def test_https_and_loopback_are_safe(url: str) -> None:
    assert require_safe(url + "/") == url


def test_a_code_is_redeemed_with_a_form_and_no_beta(post: Poster, issuer: Issuer) -> None:
    issuer.extra = {
        "scope": "user:inference",
        "organization": {"uuid": "org", "name": "Acme"},
        "account": {"uuid": "acc", "email_address": "ada@example.com"},
        "workspace": {"id": "wrkspc_01A", "name": "Engineering"},
    }
    found = attempt()
    answer = oauth.redeem_code(post, issuer.url, found, Received("code", "http://localhost:1/callback"))
    (asked,) = issuer.asked
    assert asked.path == "/v1/oauth/token"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "anthropic-beta" not in asked.headers
    assert asked.body == {
        "grant_type": "authorization_code",
        "code": "code",
        "code_verifier": found.verifier.reveal(),
        "client_id": "antechamber-cli",
        "redirect_uri": "http://localhost:1/callback",
        "state": found.state,
    }
    assert (answer.access_token.reveal(), answer.expires_in) == ("sk-ant-oat01-1", 3600)
    assert (answer.organization_name, answer.account_email) == ("Acme", "ada@example.com")
    assert (answer.workspace_id, answer.workspace_name, answer.scope) == ("wrkspc_01A", "Engineering", "user:inference")


def test_a_refresh_is_json_with_the_oauth_beta_alone_and_no_scope(post: Poster, issuer: Issuer) -> None:
    answer = oauth.refresh(post, issuer.url, Secret("sk-ant-ort01-0"), "client")
    (asked,) = issuer.asked
    assert (asked.headers["content-type"], asked.headers["anthropic-beta"]) == ("application/json", "oauth-2025-04-20")
    assert asked.body == {"grant_type": "refresh_token", "refresh_token": "sk-ant-ort01-0", "client_id": "client"}
    assert answer.refresh_token is not None


def test_an_exchange_sends_what_federation_needs_and_nothing_empty(post: Poster, issuer: Issuer) -> None:
    oauth.exchange(post, issuer.url, Federation("fdrl_01", "org", IdentityText(Secret("a.b.c"))))
    (asked,) = issuer.asked
    assert asked.headers["anthropic-beta"] == "oauth-2025-04-20,oidc-federation-2026-04-01"
    assert asked.body == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": "a.b.c",
        "federation_rule_id": "fdrl_01",
        "organization_id": "org",
    }


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"error": "invalid_grant", "error_description": "gone"}, "400 gone (invalid_grant"),
        (401, {"type": "error", "error": {"type": "authentication_error", "message": "no"}}, "(authentication_error"),
        (502, b"<h1>Bad gateway</h1>", "502 <h1>Bad gateway</h1>"),
        (503, b"", "503"),
    ],
)
def test_a_refusal_is_told_in_either_shape_with_its_request_id(
    post: Poster, issuer: Issuer, status: int, body: object, expected: str
) -> None:
    issuer.script = [(status, body)]
    with pytest.raises(TokenRefused) as refused:
        oauth.refresh(post, issuer.url, Secret("sk-ant-ort01-0"), "client")
    assert expected in str(refused.value)
    assert (refused.value.status, refused.value.request_id) == (status, "req_1")


@pytest.mark.parametrize("body", [b"the-assertion was wrong", b'{"error": "x", "error_description": "the-assertion"}'])
def test_a_server_that_says_back_what_we_sent_does_not_get_it_shown(post: Poster, issuer: Issuer, body: bytes) -> None:
    issuer.script = [(400, body)]
    with pytest.raises(TokenRefused) as refused:
        oauth.exchange(post, issuer.url, Federation("fdrl_01", "org", IdentityText(Secret("the-assertion"))))
    assert "the-assertion" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        [1],
        {},
        {"access_token": "x"},
        {"access_token": "", "expires_in": 1},
        {"access_token": "x", "expires_in": "soon"},
        {"access_token": "x", "expires_in": True},
        {"access_token": "x", "expires_in": 1, "token_type": "mac"},
        {"access_token": "x\r\nset-cookie: y", "expires_in": 1},
    ],
)
def test_an_answer_that_is_none_is_refused_and_shows_nothing_of_itself(
    post: Poster, issuer: Issuer, body: object
) -> None:
    issuer.script = [(200, body)]
    with pytest.raises(CredentialUnusable, match="answered"):
        oauth.refresh(post, issuer.url, Secret("sk-ant-ort01-0"), "client")


def test_an_answer_of_ten_megabytes_is_not_read_to_its_end(post: Poster, issuer: Issuer) -> None:
    issuer.script = [(200, b" " * 10_000_000)]
    with pytest.raises(ServerUnreachable, match="larger"):
        oauth.refresh(post, issuer.url, Secret("sk-ant-ort01-0"), "client")


async def test_a_post_works_beside_a_running_loop(post: Poster, issuer: Issuer) -> None:
    assert oauth.refresh(post, issuer.url, Secret("sk-ant-ort01-0"), "client").expires_in == 3600


def test_nobody_there_is_unreachable(post: Poster) -> None:
    with pytest.raises(ServerUnreachable):
        oauth.refresh(post, "http://127.0.0.1:9", Secret("sk-ant-ort01-0"), "client")


PROMPT = {
    "device_code": "device",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://ante.example/device",
    "verification_uri_complete": "https://ante.example/device?user_code=ABCD-EFGH",
    "expires_in": 100,
    "interval": 5,
}


def poll(post: Poster, issuer: Issuer, *answers: str) -> tuple[list[float], object]:
    issuer.script = [(200, PROMPT), *[(400, {"error": answer}) for answer in answers]]
    clock, slept = ManualClock(), []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(seconds)

    prompt = oauth.begin_device(post, issuer.url, scope="user:inference")
    try:
        return slept, oauth.await_device(post, issuer.url, prompt, clock, sleep)
    except CredentialUnusable as error:
        return slept, error


def test_a_device_is_polled_at_the_servers_pace_until_the_person_has_agreed(post: Poster, issuer: Issuer) -> None:
    slept, answer = poll(post, issuer, "authorization_pending", "slow_down", "authorization_pending")
    assert isinstance(answer, oauth.TokenAnswer)
    assert slept == [5, 5, 10, 10]
    assert issuer.asked[0].body == {"client_id": "antechamber-cli", "scope": "user:inference"}
    assert issuer.asked[-1].body == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": "device",
        "client_id": "antechamber-cli",
    }


@pytest.mark.parametrize(
    ("answer", "told"), [("access_denied", "denied"), ("expired_token", "in time"), ("odd", "odd")]
)
def test_a_device_that_is_refused_or_too_late_ends_the_log_in(
    post: Poster, issuer: Issuer, answer: str, told: str
) -> None:
    _, error = poll(post, issuer, "authorization_pending", answer)
    assert told in str(error)
    assert len(issuer.asked) == 3


def test_a_device_that_nobody_looks_at_is_given_up_when_its_code_expires(post: Poster, issuer: Issuer) -> None:
    slept, error = poll(post, issuer, *["authorization_pending"] * 30)
    assert (sum(slept), isinstance(error, LoginFailed)) == (100, True)


@pytest.mark.parametrize("change", [{"device_code": ""}, {"user_code": None}, {"verification_uri": "javascript:x"}])
def test_a_device_prompt_that_cannot_be_shown_is_refused(
    post: Poster, issuer: Issuer, change: dict[str, object]
) -> None:
    issuer.script = [(200, {**PROMPT, **change})]
    with pytest.raises(LoginFailed):
        oauth.begin_device(post, issuer.url)


def test_a_token_is_revoked_by_the_client_that_got_it(post: Poster, issuer: Issuer) -> None:
    oauth.revoke(post, issuer.url, Secret("sk-ant-ort01-0"), client_id="antechamber-cli")
    (asked,) = issuer.asked
    assert asked.path == "/v1/oauth/revoke"
    assert asked.body == {
        "token": "sk-ant-ort01-0",
        "token_type_hint": "refresh_token",
        "client_id": "antechamber-cli",
    }
    issuer.script = [(500, b"")]
    with pytest.raises(TokenRefused):
        oauth.revoke(post, issuer.url, Secret("sk-ant-ort01-0"))


def test_an_identity_file_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "jwt_svid.token"
    for token in ("one.one.one", "two.two.two"):
        path.write_text(f"  {token}\n")
        assert IdentityFile(path).read().reveal() == token


@pytest.mark.parametrize("content", [b"", b" \n", b"a" * (16 * 1024 + 1), "ü".encode()])
def test_an_identity_file_that_holds_no_token_says_so_and_shows_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(CredentialUnusable) as refused:
        IdentityFile(path).read()
    assert str(path) in str(refused.value)
    assert "aaaa" not in str(refused.value)


def test_an_identity_file_that_is_gone_says_which(tmp_path: Path) -> None:
    with pytest.raises(CredentialUnusable, match="gone"):
        IdentityFile(tmp_path / "gone").read()


def test_an_identity_command_is_run_without_a_shell() -> None:
    assert IdentityCommand(("echo", "$HOME.b.c")).read().reveal() == "$HOME.b.c"
