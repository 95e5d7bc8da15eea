"""Claude Code, unchanged, logged in by a person: by its own gateway log-in at a terminal, and by a written profile."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from antechamber.features.oauth.model.clients import ANT
from tests.clients.agents import Person, claude
from tests.clients.terminal import ENTER, UP, Terminal
from tests.live import LiveServer
from tests.visiting import Visitor, enter, operate

EMAIL = "dev@example.com"
POLICY = {"permissions": {"deny": ["WebFetch"]}, "env": {"ANTE_POLICY_SEEN": "yes"}}
CREDENTIALS = ".claude/.credentials.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with a policy for those who log in."""
    folder = tmp_path_factory.mktemp("gateway")
    policy = folder / "managed-settings.json"
    policy.write_text(json.dumps(POLICY), encoding="utf-8")
    made = LiveServer(folder, config=f'managed_settings = "{policy}"\n')
    try:
        yield made.start()
        assert '"event": "unhandled"' not in made.log()
    finally:
        made.stop()


@pytest.fixture(scope="module")
def browser(server: LiveServer) -> Visitor:
    """The browser of somebody who is logged in on the server's pages."""
    return enter(server, EMAIL)


@pytest.fixture
def person(server: LiveServer, tmp_path: Path) -> Person:
    return Person(tmp_path, server)


@pytest.fixture
def connected(person: Person, browser: Visitor) -> Person:
    """Somebody who went through Claude Code's gateway log-in."""
    person.write(
        ".claude/settings.json", {"forceLoginMethod": "gateway", "forceLoginGatewayUrl": person.server.base_url}
    )
    with Terminal([*claude()], {**person.environment, "BROWSER": "/bin/true"}, person.project) as terminal:
        terminal.wait_for("Choose the text style")
        terminal.type(ENTER)
        terminal.wait_for("Enter to connect")
        terminal.type(ENTER)
        terminal.wait_for("No, cancel login")
        terminal.type(UP)
        terminal.wait_for("\u276f Yes, trust this gateway")
        terminal.type(ENTER)
        code = terminal.wait_for(r"Code:\W*([B-Z]{4}-[B-Z]{4})")[1]
        approve(browser, code)
        terminal.wait_for("Connected to Cloud gateway")
    return person


def approve(browser: Visitor, code: str) -> None:
    page = browser.open(f"/device?user_code={code}")
    page = browser.send(page, "/device")
    assert "Let Claude Code act for you?" in page.text, page.text
    page = browser.send(page, "/device", ("decision", "allow"))
    assert "The program is connected" in page.text, page.text


def test_the_gateway_log_in_of_claude_code_ends_with_an_answer(connected: Person) -> None:
    status = json.loads(connected.run([*claude(), "auth", "status"]).stdout)
    assert (status["loggedIn"], status["apiProvider"]) == (True, "gateway")
    told = connected.ask_claude()
    assert (told["code"], told["is_error"]) == (0, False), told
    assert connected.requests("/v1/messages")[-1]["status"] == 200
    _the_policy_is_fetched(connected)
    _a_token_that_has_expired_is_refreshed(connected)
    _the_log_out_revokes(connected)


def _the_policy_is_fetched(connected: Person) -> None:
    # without an answer that it understands it would not have asked a model
    assert {line["status"] for line in connected.requests("/managed/settings")} == {200}


def _a_token_that_has_expired_is_refreshed(connected: Person) -> None:
    path = connected.home / CREDENTIALS
    held = json.loads(path.read_text(encoding="utf-8"))
    first = held["enterpriseGateway"]["jwt"]
    held["enterpriseGateway"]["expiresAt"] = int(time.time() * 1000) - 60_000
    path.write_text(json.dumps(held), encoding="utf-8")
    told = connected.ask_claude()
    assert (told["code"], told["is_error"]) == (0, False), told
    assert json.loads(path.read_text(encoding="utf-8"))["enterpriseGateway"]["jwt"] != first


def _the_log_out_revokes(connected: Person) -> None:
    done = connected.run([*claude(), "auth", "logout"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (connected.home / CREDENTIALS).exists()
    # its refresh token, and its access token
    assert [line["status"] for line in connected.requests("/v1/oauth/revoke")] == [200, 200]


def log_in(server: LiveServer, browser: Visitor) -> dict[str, Any]:
    """Log in as `ant auth login --no-browser` does (wire-auth.md 1.1), and return the token endpoint's answer."""
    verifier = "v" * 86
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    redirect = f"{server.base_url}/oauth/code/callback?app=anthropic-cli"
    asked = {
        "client_id": ANT,
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": "user:profile user:inference user:developer",
        "state": "s" * 43,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = browser.open(f"/oauth/authorize?{urlencode(asked)}")
    page = browser.send(page, "/oauth/authorize", ("decision", "allow"))
    code = parse_qs(urlsplit(page.url).query)["code"][0]
    assert f"{code}#{asked['state']}" in page.text
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "client_id": ANT,
        "redirect_uri": redirect,
        "state": asked["state"],
    }
    answer = server.ask(
        "POST", "/v1/oauth/token", {"content-type": "application/x-www-form-urlencoded"}, urlencode(form)
    )
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def write_profile(person: Person, browser: Visitor) -> Callable[[int], Path]:
    """Write the two files of a log-in as `ant` does (wire-auth.md 1.4); the token ends in so many seconds."""

    def write(seconds: int) -> Path:
        told = log_in(person.server, browser)
        config = {
            "version": "1.0",
            "authentication": {"type": "user_oauth", "client_id": ANT},
            "base_url": person.server.base_url,
            "organization_id": told["organization"]["uuid"],
            "workspace_id": told["workspace"]["id"],
        }
        person.write("anthropic/configs/work.json", config)
        credentials = {
            "version": "1.0",
            "type": "oauth_token",
            "access_token": told["access_token"],
            "refresh_token": told["refresh_token"],
            "expires_at": int(time.time()) + seconds,
            "scope": told["scope"],
        }
        person.variables["ANTHROPIC_CONFIG_DIR"] = str(person.home / "anthropic")
        return person.write("anthropic/credentials/work.json", credentials, 0o600)

    return write


def test_a_profile_that_is_active_is_enough(person: Person, write_profile: Callable[[int], Path]) -> None:
    write_profile(3600)
    person.write("anthropic/active_config", "work\n")
    told = person.ask_claude()
    assert (told["code"], told["is_error"]) == (0, False), told


def test_a_profile_that_is_named_is_enough_and_is_refreshed(
    person: Person, write_profile: Callable[[int], Path]
) -> None:
    path = write_profile(-60)
    before = json.loads(path.read_text(encoding="utf-8"))["access_token"]
    person.variables["ANTHROPIC_PROFILE"] = "work"
    told = person.ask_claude()
    assert (told["code"], told["is_error"]) == (0, False), told
    assert json.loads(path.read_text(encoding="utf-8"))["access_token"] != before


@pytest.mark.usefixtures("browser")
def test_somebody_who_is_removed_is_refused(server: LiveServer, tmp_path: Path) -> None:
    gone = Person(tmp_path, server, {"ANTHROPIC_BASE_URL": server.base_url})
    token = log_in(server, enter(server, "gone@example.com"))["access_token"]
    gone.variables["ANTHROPIC_AUTH_TOKEN"] = token
    assert gone.ask_claude()["is_error"] is False
    operate(server, "people.remove", email="gone@example.com")
    told = gone.ask_claude()
    assert (told["is_error"], told["api_error_status"]) == (True, 401), told
