"""The pages on which people let programs in, by a browser without scripts, on a live server."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from antechamber.features.oauth.model.clients import ANT
from tests.live import Answer, LiveServer
from tests.visiting import PASSWORD, Page, Visitor, enter, operate

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
LOOPBACK = "http://localhost:8123/callback"
SCOPES = "user:profile user:inference user:developer"
FORM = {"content-type": "application/x-www-form-urlencoded"}
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ALLOW, DENY = ("decision", "allow"), ("decision", "deny")


@dataclass
class Town:
    """A server with two organisations; ada is an admin of both, bob a developer of one, eve may ask no model."""

    server: LiveServer
    ada: Visitor
    bob: Visitor
    eve: Visitor
    second: str
    engineering: str

    def query(self, **more: str | None) -> str:
        """Return the query that a program opens the page with; None leaves a name out."""
        asked: dict[str, str | None] = {
            "client_id": ANT,
            "redirect_uri": LOOPBACK,
            "response_type": "code",
            "scope": SCOPES,
            "state": "s" * 43,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **more,
        }
        return urlencode({name: value for name, value in asked.items() if value is not None})

    def redeem(self, url: str, redirect_uri: str = LOOPBACK) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Give the code of an address for tokens, as the program does that was sent there."""
        answered = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert answered["state"] == "s" * 43, url
        form = {
            "grant_type": "authorization_code",
            "code": answered["code"],
            "code_verifier": VERIFIER,
            "client_id": ANT,
            "redirect_uri": redirect_uri,
            "state": answered["state"],
        }
        return self.post("/v1/oauth/token", form).json()

    def post(self, path: str, form: dict[str, str]) -> Answer:
        return self.server.ask("POST", path, FORM, urlencode(form))

    def begin(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Begin a device's log-in."""
        return self.post("/v1/oauth/device_authorization", {"client_id": ANT, "scope": SCOPES}).json()

    def poll(self, begun: Any) -> Answer:  # noqa: ANN401 - whatever JSON holds
        form = {"grant_type": DEVICE_GRANT, "device_code": begun["device_code"], "client_id": ANT}
        return self.post("/v1/oauth/token", form)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    server = LiveServer(tmp_path_factory.mktemp("oauth_pages"), config='trusted_proxies = "127.0.0.1"\n')
    try:
        server.start()
        ada = enter(server, "ada@example.com", "admin")
        bob = enter(server, "bob@example.com")
        eve = enter(server, "eve@example.com", "user")
        second = operate(server, "organizations.create", name="Beta", admin_email="ada@example.com")["organization_id"]
        operate(server, "people.add", email="ada@example.com", role="admin", organization_id=second)
        headers = {"x-api-key": server.admin_key, "anthropic-version": "2023-06-01"}
        made = server.ask("POST", "/v1/organizations/workspaces", headers, json.dumps({"name": "Engineering"}))
        yield Town(server, ada, bob, eve, second, made.json()["id"])
        assert '"event": "unhandled"' not in server.log()
    finally:
        server.stop()


def allow(visitor: Visitor, page: Page, action: str = "/oauth/authorize") -> Page:
    return visitor.send(page, action, ALLOW)


def test_who_is_not_logged_in_logs_in_first_and_comes_back(town: Town) -> None:
    stranger = Visitor(town.server)
    page = stranger.open(f"/oauth/authorize?{town.query()}")
    assert urlsplit(page.url).path == "/login"
    page = stranger.send(page, "/login", email="bob@example.com", password=PASSWORD)
    assert "Let Anthropic CLI act for you?" in page.text
    assert town.redeem(allow(stranger, page).url)["account"]["email_address"] == "bob@example.com"


def test_one_place_is_not_asked_for_and_consent_names_client_place_and_scopes(town: Town) -> None:
    page = town.bob.open(f"/oauth/authorize?{town.query()}")
    for words in ("Anthropic CLI", "Acme", "Default", "localhost:8123", "send requests to models", "bob@example.com"):
        assert words in page.text, words
    told = town.redeem(allow(town.bob, page).url)
    assert (told["organization"]["name"], told["workspace"]["name"]) == ("Acme", "Default")


def test_somebody_else_may_log_in_and_decide_instead(town: Town) -> None:
    shared = enter(town.server, "shared@example.com")
    page = shared.open(f"/oauth/authorize?{town.query()}")
    link = re.search(r'href="(/login\?again=1[^"]*)"', page.body)
    assert link is not None
    page = shared.send(shared.open(html.unescape(link[1])), "/login", email="bob@example.com", password=PASSWORD)
    assert "You are logged in as bob@example.com" in page.text
    assert "Let Anthropic CLI act for you?" in page.text


def test_a_program_on_the_same_machine_is_asked_about_every_time(town: Town) -> None:
    for _ in range(2):
        page = town.bob.open(f"/oauth/authorize?{town.query()}")
        assert page.form("/oauth/authorize").buttons == [ALLOW, DENY]


def test_the_organization_is_picked_and_then_the_workspace(town: Town) -> None:
    page = town.ada.open(f"/oauth/authorize?{town.query()}")
    assert "Choose an organization" in page.text
    assert page.form("/oauth/authorize").buttons == [
        ("organization", town.server.organization_id),
        ("organization", town.second),
    ]
    page = town.ada.send(page, "/oauth/authorize", ("organization", town.server.organization_id))
    assert "Choose a workspace" in page.text
    page = town.ada.send(page, "/oauth/authorize", ("workspace", town.engineering))
    assert "Engineering" in page.text
    told = town.redeem(allow(town.ada, page).url)
    assert (told["organization"]["uuid"], told["workspace"]["id"]) == (town.server.organization_id, town.engineering)


def test_hints_of_the_program_leave_nothing_to_pick(town: Town) -> None:
    query = town.query(orgUUID=town.server.organization_id, workspace_id=town.engineering)
    page = town.ada.open(f"/oauth/authorize?{query}")
    assert "Choose another" not in page.text
    assert town.redeem(allow(town.ada, page).url)["workspace"]["id"] == town.engineering


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        ({"orgUUID": "00000000-0000-4000-8000-000000000000"}, "an organization that bob@example.com is not in"),
        ({"workspace_id": "wrkspc_011ChFxiX6g9ikUtuCAF5hCY"}, "a workspace that does not exist"),
    ],
)
def test_a_hint_that_is_not_the_persons_is_said_and_can_only_be_left(
    town: Town, hint: dict[str, str], words: str
) -> None:
    page = town.bob.open(f"/oauth/authorize?{town.query(**hint)}")
    assert page.status == 403
    assert words in page.text
    assert page.form("/oauth/authorize").buttons == [DENY]
    assert "error=access_denied" in town.bob.send(page, "/oauth/authorize", DENY).url


def test_an_organization_of_others_is_told_as_one_that_there_is_not(town: Town) -> None:
    missing = town.bob.open(f"/oauth/authorize?{town.query(orgUUID='00000000-0000-4000-8000-000000000000')}")
    others = town.bob.open(f"/oauth/authorize?{town.query(orgUUID=town.second)}")
    assert (others.status, others.text) == (missing.status, missing.text)


def test_a_role_that_allows_nothing_of_it_is_said(town: Town) -> None:
    page = town.eve.open(f"/oauth/authorize?{town.query(scope='org:admin')}")
    assert page.status == 403
    assert "has no role in any workspace that allows" in page.text


def test_what_the_role_does_not_allow_is_named_as_kept_back(town: Town) -> None:
    page = town.bob.open(f"/oauth/authorize?{town.query(scope='user:profile user:inference org:admin')}")
    assert "will not get them: org:admin" in page.text
    assert "org:admin" not in town.redeem(allow(town.bob, page).url)["scope"].split()


def test_no_is_told_to_the_program(town: Town) -> None:
    page = town.bob.open(f"/oauth/authorize?{town.query()}")
    answered = parse_qs(urlsplit(town.bob.send(page, "/oauth/authorize", DENY).url).query)
    assert (answered["error"], answered["state"]) == (["access_denied"], ["s" * 43])


def test_no_browser_repeats_the_form_to_the_program_and_no_address_leaks(town: Town) -> None:
    page = town.bob.open(f"/oauth/authorize?{town.query()}")
    answer = town.bob.send(page, "/oauth/authorize", ALLOW, follow=False)
    assert answer.status == 303
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")


@pytest.mark.parametrize(
    "wrong",
    [{"client_id": "nobody"}, {"client_id": None}, {"redirect_uri": "https://evil.example"}, {"redirect_uri": None}],
)
def test_a_wrong_client_or_redirect_is_shown_and_followed_nowhere(town: Town, wrong: dict[str, str | None]) -> None:
    for visitor in (town.bob, Visitor(town.server)):
        page = visitor.open(f"/oauth/authorize?{town.query(**wrong)}")
        assert (page.status, page.headers.get("location")) == (400, None)
        assert "This link does not work" in page.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
    ],
)
def test_other_faults_go_back_to_the_program_once_somebody_is_logged_in(
    town: Town, wrong: dict[str, str | None], error: str
) -> None:
    assert urlsplit(Visitor(town.server).open(f"/oauth/authorize?{town.query(**wrong)}").url).path == "/login"
    page = town.bob.open(f"/oauth/authorize?{town.query(**wrong)}")
    assert page.url.startswith(LOOPBACK)
    assert parse_qs(urlsplit(page.url).query)["error"] == [error]


def test_parameters_that_we_do_not_know_are_ignored(town: Town) -> None:
    page = town.bob.open(f"/oauth/authorize?{town.query()}&audience=x&nonce=1&prompt=none")
    assert page.status == 200
    assert town.redeem(allow(town.bob, page).url)["access_token"]


def forged(town: Town, visitor: Visitor, form: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    sent = {**FORM, "cookie": cookie, "origin": town.server.base_url, **(headers or {})}
    return town.server.ask("POST", f"/oauth/authorize?{town.query()}", sent, urlencode(form))


def decision(town: Town, visitor: Visitor, **more: str) -> dict[str, str]:
    page = visitor.open(f"/oauth/authorize?{town.query()}")
    return {**dict(page.form("/oauth/authorize").fields), "decision": "allow", **more}


def test_a_form_without_the_token_of_the_session_decides_nothing(town: Town) -> None:
    form = decision(town, town.bob)
    assert forged(town, town.bob, form).status == 303
    assert forged(town, town.bob, {**form, "csrf_token": "x"}).status == 403
    del form["csrf_token"]
    assert forged(town, town.bob, form).status == 403


def test_a_form_of_another_site_decides_nothing(town: Town) -> None:
    answer = forged(town, town.bob, decision(town, town.bob), {"origin": "https://evil.example"})
    assert answer.status == 403


@pytest.mark.parametrize(
    "wrong", [{"workspace": "wrkspc_x"}, {"organization": "x"}, {"decision": "perhaps"}, {"more": "1"}]
)
def test_a_form_that_was_tampered_with_gets_no_code(town: Town, wrong: dict[str, str]) -> None:
    answer = forged(town, town.bob, decision(town, town.bob, **wrong))
    assert answer.status in {400, 404}
    assert "location" not in answer.headers


def test_somebody_elses_workspace_gets_no_code(town: Town) -> None:
    answer = forged(town, town.bob, decision(town, town.bob, workspace=town.engineering))
    assert (answer.status, "location" in answer.headers) == (404, False)


@pytest.mark.parametrize("path", ["/oauth/authorize", "/device", "/oauth/code/callback"])
def test_no_page_may_be_framed_kept_or_scripted_inline(town: Town, path: str) -> None:
    page = town.bob.open(f"{path}?{town.query() if path.endswith('authorize') else ''}")
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("redirect", "source"),
    [
        (LOOPBACK, "http://localhost:8123"),
        ("http://127.0.0.1:9/callback", "http://127.0.0.1:9"),
        ("http://[::1]:9/callback", "http:"),
    ],
)
def test_the_form_may_lead_to_the_program_and_nowhere_else(town: Town, redirect: str, source: str) -> None:
    page = town.bob.open(f"/oauth/authorize?{town.query(redirect_uri=redirect)}")
    assert f"form-action 'self' {source};" in page.headers["content-security-policy"]


def test_the_code_page_shows_code_and_state_to_be_pasted(town: Town) -> None:
    redirect = f"{town.server.base_url}/oauth/code/callback?app=anthropic-cli"
    page = town.bob.open(f"/oauth/authorize?{town.query(redirect_uri=redirect)}")
    assert "a page of this server that shows a code" in page.text
    page = allow(town.bob, page)
    answered = parse_qs(urlsplit(page.url).query)
    assert (page.status, f"{answered['code'][0]}#{'s' * 43}" in page.text) == (200, True)
    assert town.redeem(page.url, redirect)["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("query", "words", "hidden"),
    [
        ("error=access_denied&error_description=Call+0800", "You said no", "0800"),
        ("error=invalid_scope", "asked for too much", "0800"),
        ("error=server_error", "This did not work", "0800"),
        ("error=send+money+to", "There is no code here", "money"),
        ("code=send+money+to+me&state=x", "There is no code here", "money"),
        ("code=%3Cb%3E12345678%3C/b%3E&state=x", "There is no code here", "12345678"),
        ("", "There is no code here", "0800"),
    ],
)
def test_the_code_page_says_nothing_that_its_address_made_it_say(
    town: Town, query: str, words: str, hidden: str
) -> None:
    page = Visitor(town.server).open(f"/oauth/code/callback?{query}")
    assert page.status == 400
    assert words in page.text
    assert hidden not in page.text


def test_a_device_is_allowed_once_the_code_is_sent_and_compared(town: Town) -> None:
    begun = town.begin()
    assert town.poll(begun).json()["error"] == "authorization_pending"
    page = town.bob.open(begun["verification_uri_complete"])
    assert ("user_code", begun["user_code"]) in page.form("/device").fields
    page = town.bob.send(page, "/device")
    for words in ("Anthropic CLI", begun["user_code"], "127.0.0.1", "the same address as this browser", "Default"):
        assert words in page.text, words
    page = town.bob.send(page, "/device", ALLOW)
    assert "The program is connected" in page.text
    again = town.bob.send(town.bob.open(begun["verification_uri_complete"]), "/device")
    assert (again.status, "not known" in again.text) == (400, True)


@pytest.mark.parametrize(
    ("address", "words"), [("8.8.8.8", "somewhere on the internet"), ("10.1.2.3", "a private network")]
)
def test_the_address_and_place_of_the_asking_device_are_shown(town: Town, address: str, words: str) -> None:
    form = urlencode({"client_id": ANT, "scope": SCOPES})
    asked = town.server.ask("POST", "/v1/oauth/device_authorization", {**FORM, "x-forwarded-for": address}, form)
    page = town.bob.send(town.bob.open(asked.json()["verification_uri_complete"]), "/device")
    assert f"{address} , {words}" in page.text


def test_a_device_is_denied(town: Town) -> None:
    begun = town.begin()
    page = town.bob.send(town.bob.open("/device"), "/device", user_code=begun["user_code"].lower().replace("-", " "))
    page = town.bob.send(page, "/device", DENY)
    assert "You said no" in page.text
    assert town.poll(begun).json()["error"] == "access_denied"


def test_a_device_is_given_the_place_that_was_picked(town: Town) -> None:
    begun = town.begin()
    page = town.ada.send(town.ada.open(begun["verification_uri_complete"]), "/device")
    page = town.ada.send(page, "/device", ("organization", town.server.organization_id))
    page = town.ada.send(page, "/device", ("workspace", town.engineering))
    page = town.ada.send(page, "/device", ALLOW)
    assert "Engineering" in page.text
    assert town.poll(begun).json()["workspace"]["id"] == town.engineering


def test_opening_the_devices_page_with_a_code_decides_nothing(town: Town) -> None:
    begun = town.begin()
    town.bob.open(f"{begun['verification_uri_complete']}&decision=allow")
    assert town.poll(begun).json()["error"] == "authorization_pending"


@pytest.mark.parametrize(("code", "words"), [("AEIO-UUUU", "eight letters"), ("BCDF-GHJK", "not known"), ("", "eight")])
def test_a_wrong_code_is_told_and_can_be_typed_again(town: Town, code: str, words: str) -> None:
    page = town.bob.send(town.bob.open("/device"), "/device", user_code=code)
    assert (page.status, words in page.text) == (400, True)
    assert ("user_code", code) in page.form("/device").fields


def test_the_devices_page_asks_strangers_to_log_in(town: Town) -> None:
    page = Visitor(town.server).open("/device?user_code=BCDF-GHJK")
    assert urlsplit(page.url).path == "/login"
    assert "user_code%3DBCDF-GHJK" in page.url


def test_whoever_guesses_codes_is_stopped(town: Town) -> None:
    guesser = enter(town.server, "guesser@example.com")
    guesser.headers["x-forwarded-for"] = "203.0.113.7"
    page = guesser.open("/device")
    statuses = [
        guesser.send(page, "/device", user_code=f"BCDF-GHJ{letter}").status for letter in "BCDFGHJKLMNPQRST" * 3
    ]
    assert statuses[0] == 400
    assert statuses[-1] == 429


def test_the_pages_speak_chinese_where_the_browser_does(town: Town) -> None:
    reader = Visitor(town.server, "zh-CN,zh;q=0.9,en;q=0.5")
    reader.cookies = town.bob.cookies
    page = reader.open(f"/oauth/authorize?{town.query()}")
    assert "允许 Anthropic CLI 代表您操作吗" in page.text
    assert page.headers["content-language"] == "zh-Hans"
    assert "连接程序" in reader.open("/device").text
