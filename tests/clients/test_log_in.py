"""`ante auth login` against a live server; then every official SDK, without an argument, on what it wrote.

And the requests that `ant` itself sends, as wire-auth.md 1.1 and 1.2 describe them, since it cannot be installed here.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.clients.environments import node_environment, python_environment
from tests.clients.golang import run_go
from tests.live import LiveServer, clean_environment
from tests.tls import TlsServer
from tests.visiting import Page, Visitor, enter

pytestmark = pytest.mark.timeout(300)

ANT = "41077d10-94b8-4194-be48-d251e9eb21b4"
_PYTHON = """
import anthropic, json
answer = anthropic.Anthropic().models.with_raw_response.list()
models = [model.id for model in answer.parse().data]
print(json.dumps({"models": models, "workspace": answer.headers["anthropic-workspace-id"]}))
"""
_NODE = """
import Anthropic from '@anthropic-ai/sdk';
const { data, response } = await new Anthropic().models.list().withResponse();
const workspace = response.headers.get('anthropic-workspace-id');
console.log(JSON.stringify({ models: data.data.map((model) => model.id), workspace }));
"""


class Home:
    """A person's home folder on a machine with all the clients."""

    def __init__(self, folder: Path, server: LiveServer) -> None:
        self.folder = folder
        self.configuration = folder / ".config/anthropic"
        # what the SDKs on Python and Go read, and what Node reads
        trusted = str(server.cert) if isinstance(server, TlsServer) else None
        self.trust = {"SSL_CERT_FILE": trusted, "NODE_EXTRA_CA_CERTS": trusted} if trusted else {}

    def environment(self, **variables: str) -> dict[str, str]:
        found = clean_environment({"HOME": str(self.folder), **self.trust, **variables})
        found.pop("XDG_CONFIG_HOME", None)
        return found

    def ante(self, *words: str, typed: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "antechamber", *words],
            env=self.environment(),
            cwd=self.folder,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def credentials(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.configuration / "credentials/default.json").read_text())
        return found

    def expire(self) -> None:
        path = self.configuration / "credentials/default.json"
        path.write_text(json.dumps({**self.credentials(), "expires_at": 1}))


def python_sdk(home: Home) -> dict[str, Any]:
    command = [str(python_environment("anthropic-2")), "-P", "-c", _PYTHON]
    return _told(command, home)


def typescript_sdk(home: Home) -> dict[str, Any]:
    (home.folder / "list.mjs").write_text(_NODE)
    if not (home.folder / "node_modules").exists():
        (home.folder / "node_modules").symlink_to(node_environment() / "node_modules")
    return _told(["node", str(home.folder / "list.mjs")], home)


def go_sdk(home: Home) -> dict[str, Any]:
    return run_go({"HOME": str(home.folder), **home.trust})


def _told(command: list[str], home: Home) -> dict[str, Any]:
    done = subprocess.run(command, env=home.environment(), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


SDKS = pytest.mark.parametrize("sdk", [python_sdk, typescript_sdk, go_sdk])


@pytest.fixture(scope="module")
def browser(live: LiveServer) -> Visitor:
    return enter(live, "clients@example.com")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    server = TlsServer(tmp_path_factory.mktemp("tls"))
    try:
        server.start()
        yield server
        assert '"event": "unhandled"' not in server.log()
    finally:
        server.stop()


@pytest.fixture
def home(live: LiveServer, browser: Visitor, tmp_path: Path) -> Home:
    return moved_in(live, browser, tmp_path)


def moved_in(server: LiveServer, browser: Visitor, folder: Path) -> Home:
    """Return a home in which somebody logged in as on a machine without a browser."""
    home = Home(folder, server)
    command = [sys.executable, "-m", "antechamber", "auth", "login", "--no-browser", "--base-url", server.base_url]
    with subprocess.Popen(
        command,
        env=home.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as login:
        assert login.stdin is not None
        assert login.stdout is not None
        address = next(line.strip() for line in login.stdout if "/oauth/authorize?" in line)
        shown = allow(browser, browser.open(address))
        code = re.search(r"ante-code01-\S+#\S+", shown.text)
        assert code is not None, shown.text
        said, _ = login.communicate(f"{code[0]}\n", timeout=60)
        assert login.returncode == 0, said
    return home


def allow(browser: Visitor, page: Page) -> Page:
    """Pick what is offered first, and allow."""
    for _ in range(3):
        buttons = page.form("/oauth/authorize").buttons
        if ("decision", "allow") in buttons:
            return browser.send(page, "/oauth/authorize", ("decision", "allow"))
        page = browser.send(page, "/oauth/authorize", buttons[0])
    raise AssertionError(page.text)


def ends(live: LiveServer, headers: dict[str, str]) -> bool:
    """Say whether a credential opens nothing any more within the second that the change may take."""
    until = time.monotonic() + 1
    while (status := live.ask("GET", "/v1/models", headers).status) == 200 and time.monotonic() < until:
        time.sleep(0.05)
    return status == 401


@SDKS
def test_an_sdk_without_arguments_is_who_logged_in(live: LiveServer, home: Home, sdk: Callable[[Home], Any]) -> None:
    told = sdk(home)
    assert "sim-1" in told["models"]
    assert told["workspace"] == live.workspace_id


@SDKS
def test_an_sdk_refreshes_what_we_wrote_and_we_go_on_with_what_it_wrote(home: Home, sdk: Callable[[Home], Any]) -> None:
    before = home.credentials()
    home.expire()
    assert "sim-1" in sdk(home)["models"]
    after = home.credentials()
    assert (after["access_token"], after["refresh_token"]) != (before["access_token"], before["refresh_token"])
    assert '"sim-1"' in home.ante("models", "list")
    assert home.credentials() == after


def test_over_tls_every_sdk_logs_in_refreshes_and_calls(secure: TlsServer, tmp_path: Path) -> None:
    home = moved_in(secure, enter(secure, "clients@example.com"), tmp_path)
    for sdk in (python_sdk, typescript_sdk, go_sdk):
        before = home.credentials()["refresh_token"]
        home.expire()
        assert "sim-1" in sdk(home)["models"]
        assert home.credentials()["refresh_token"] != before
    assert json.loads(home.ante("auth", "status", "--verify", "--json"))["verified"]["accepted"] is True


def test_a_client_that_lost_the_race_of_a_refresh_is_not_logged_out(live: LiveServer, home: Home) -> None:
    kept = home.credentials()
    asked = {"grant_type": "refresh_token", "refresh_token": kept["refresh_token"], "client_id": "antechamber-cli"}
    headers = {"content-type": "application/json", "anthropic-beta": "oauth-2025-04-20"}
    first = live.ask("POST", "/v1/oauth/token", headers, json.dumps(asked)).json()
    home.expire()
    assert '"sim-1"' in home.ante("models", "list")
    assert home.credentials()["refresh_token"] == first["refresh_token"]
    assert "sim-1" in go_sdk(home)["models"]


def test_logging_out_ends_the_log_in_on_the_server_too(live: LiveServer, home: Home) -> None:
    token = home.credentials()["access_token"]
    bearer = {"authorization": f"Bearer {token}", "anthropic-version": "2023-06-01"}
    assert live.ask("GET", "/v1/models", bearer).status == 200
    home.ante("auth", "logout")
    assert ends(live, bearer)
    assert not (home.configuration / "credentials/default.json").exists()


def test_the_requests_of_ant_are_answered_as_it_needs_them(live: LiveServer, browser: Visitor) -> None:
    verifier = base64.urlsafe_b64encode(bytes(range(64))).rstrip(b"=").decode()
    redirect = f"{live.base_url}/oauth/code/callback?app=anthropic-cli"
    query = {
        "client_id": ANT,
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": "user:profile user:inference user:developer",
        "state": "s" * 43,
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "workspace_id": live.workspace_id,
        "orgUUID": live.organization_id,
    }
    page = allow(browser, browser.open(f"/oauth/authorize?{urlencode(query)}"))
    given = parse_qs(urlsplit(page.url).query)
    assert given["state"] == [query["state"]]
    form = {
        "grant_type": "authorization_code",
        "code": given["code"][0],
        "code_verifier": verifier,
        "client_id": ANT,
        "redirect_uri": redirect,
        "state": query["state"],
    }
    as_form = {"content-type": "application/x-www-form-urlencoded", "user-agent": "Go-http-client/1.1"}
    answer = live.ask("POST", "/v1/oauth/token", as_form, urlencode(form))
    assert answer.status == 200
    assert answer.headers["request-id"].startswith("req_")
    token = answer.json()
    assert (token["token_type"].lower(), token["scope"]) == ("bearer", query["scope"])
    assert token["expires_in"] > 0
    assert token["organization"] == {"uuid": live.organization_id, "name": "Acme"}
    assert token["account"]["email_address"] == "clients@example.com"
    assert token["workspace"] == {"id": live.workspace_id, "name": "Default"}
    asked = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"], "client_id": ANT}
    as_json = {"content-type": "application/json", "anthropic-beta": "oauth-2025-04-20"}
    refreshed = live.ask("POST", "/v1/oauth/token", as_json, json.dumps(asked))
    assert refreshed.status == 200
    called = {
        "authorization": f"Bearer {refreshed.json()['access_token']}",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "fine-grained-tool-streaming-2025-05-14,oauth-2025-04-20",
        "anthropic-workspace-id": live.workspace_id,
        "x-stainless-cli-command": "ant models list",
    }
    assert live.ask("GET", "/v1/models", called).status == 200
    again = live.ask("POST", "/v1/oauth/token", as_form, urlencode(form))
    assert (again.status, again.json()["error"]) == (400, "invalid_grant")
    assert ends(live, called)
