"""Log-in as people do it: `ante auth login` against a real server, with a browser that a person drives."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from antechamber.cli.exits import Exit
from tests.live import LiveServer, clean_environment, free_port
from tests.visiting import Page, Visitor, enter

ANTE = (sys.executable, "-m", "antechamber")
SECONDS = 40
EMAIL = "ada@example.com"
ALLOW, DENY = ("decision", "allow"), ("decision", "deny")


@pytest.fixture(scope="session")
def ada(live: LiveServer) -> Visitor:
    return enter(live, EMAIL)


class Shell:
    """A person's shell: a home of its own, no browser, and the server in a variable."""

    def __init__(self, live: LiveServer, home: Path) -> None:
        self.home = home
        self.variables = {"HOME": str(home), "ANTHROPIC_BASE_URL": live.base_url, "NO_PROXY": "127.0.0.1"}

    @property
    def environment(self) -> dict[str, str]:
        gone = {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR"}
        kept = {name: value for name, value in clean_environment().items() if name not in gone}
        return {**kept, **self.variables}

    def run(self, *words: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*ANTE, *words],
            input=stdin,
            env={**self.environment, **variables},
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def read(self, *words: str) -> Any:  # noqa: ANN401 - whatever JSON holds
        done = self.run(*words, "--json")
        assert done.returncode == Exit.OK, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def begin(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command and leave it running; it is ended with the block."""
        process = subprocess.Popen(
            [*ANTE, *words],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def shell(live: LiveServer, tmp_path: Path) -> Shell:
    return Shell(live, tmp_path)


def address(process: subprocess.Popen[str]) -> str:
    """Return the address that a command shows: whole, on a line of its own."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("http"):
            return line.rstrip("\n")
    message = "no address was shown"
    raise AssertionError(message)


def decide(visitor: Visitor, url: str, button: tuple[str, str] = ALLOW) -> Page:
    """Open a program's address, take what is offered first, and decide."""
    page = visitor.open(url)
    for _ in range(4):
        form = next((form for form in page.forms if button in form.buttons), None)
        if form is not None:
            return visitor.send(page, form.action, button)
        form = page.forms[-1]
        page = visitor.send(page, form.action, form.buttons[0])
    raise AssertionError(page.text)


def pasted(page: Page) -> str:
    """Return the code that the last page shows to be pasted."""
    found = re.search(r"\S+#\S+", page.text)
    assert found is not None, page.text
    return found[0]


def log_in(shell: Shell, ada: Visitor, *flags: str) -> tuple[str, str]:
    """Log in by a pasted code; returns what was written to stdout and stderr."""
    with shell.begin("auth", "login", "--no-browser", *flags) as process:
        code = pasted(decide(ada, address(process)))
        out, err = process.communicate(f"{code}\n", timeout=SECONDS)
        assert process.returncode == Exit.OK, err
    return out, err


def is_soon_refused(shell: Shell, token: str) -> bool:
    """Say whether the server refuses a token, at the latest when its change feed has told."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if shell.run("whoami", "--auth-token", token).returncode == Exit.AUTHENTICATION:
            return True
    return False


def test_a_pasted_code_logs_in_writes_the_profile_and_makes_it_active(shell: Shell, ada: Visitor) -> None:
    (shell.home / ".claude").mkdir()
    out, err = log_in(shell, ada)
    assert f"Logged in to Acme as {EMAIL}." in out
    assert "default (new, now the active one)" in out
    assert "Claude Code on this machine reads" in err
    folder = shell.home / ".config" / "anthropic"
    config = json.loads((folder / "configs" / "default.json").read_text())
    assert config["base_url"] == shell.variables["ANTHROPIC_BASE_URL"]
    assert (folder / "active_config").read_text().strip() == "default"
    assert (folder / "credentials" / "default.json").stat().st_mode & 0o777 == 0o600


def test_after_log_in_everything_works_with_no_argument_but_the_profile(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    del shell.variables["ANTHROPIC_BASE_URL"]
    assert "sim-1" in shell.run("models", "list", "--transform", "id", "-r").stdout
    found = shell.read("whoami")
    assert (found["account"]["email"], found["credential"]["client_id"]) == (EMAIL, "antechamber-cli")
    assert found["workspace"]["role"]
    status = shell.read("auth", "status", "--verify")
    assert (status["account_email"], status["verified"]["accepted"]) == (EMAIL, True)
    assert status["organization"]["name"] == "Acme"
    done = shell.run("chat", "--model", "sim-1", stdin="What is 17 * 3?")
    assert (done.returncode, "51" in done.stdout) == (Exit.OK, True), done.stderr


def test_the_browser_comes_back_to_this_machine(shell: Shell, ada: Visitor, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n', encoding="utf-8")
    browser.chmod(0o755)
    shell.variables["BROWSER"] = str(browser)
    with shell.begin("auth", "login") as process:
        shown = address(process)
        while not opened.exists():
            assert process.poll() is None
        page = decide(ada, opened.read_text())
        assert page.url.startswith("http://localhost:")
        with urllib.request.urlopen(page.url.replace("localhost", "127.0.0.1"), timeout=SECONDS) as answer:  # noqa: S310
            assert answer.status == 200
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == Exit.OK, err
    assert "oauth%2Fcode%2Fcallback" in shown
    assert EMAIL in out


def test_a_code_pasted_while_the_browser_is_open_wins_the_race(shell: Shell, ada: Visitor) -> None:
    shell.variables["BROWSER"] = "true"
    with shell.begin("auth", "login") as process:
        code = pasted(decide(ada, address(process)))
        out, err = process.communicate(f"{code}\n", timeout=SECONDS)
    assert (process.returncode, EMAIL in out) == (Exit.OK, True), err


def test_a_forwarded_port_takes_the_answer_of_a_browser_elsewhere(shell: Shell, ada: Visitor) -> None:
    port = free_port()
    with shell.begin("auth", "login", "--no-browser", "--callback-port", str(port)) as process:
        page = decide(ada, address(process))
        assert page.url.startswith(f"http://localhost:{port}/callback?")
        urllib.request.urlopen(page.url.replace("localhost", "127.0.0.1"), timeout=SECONDS).close()  # noqa: S310
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == Exit.OK, err


def test_another_device_approves_by_a_one_time_code(shell: Shell, ada: Visitor) -> None:
    with shell.begin("auth", "login", "--device", "--profile", "work") as process:
        decide(ada, address(process))
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == Exit.OK, err
    assert "work (new, now the active one)" in out


def test_where_nobody_can_answer_and_no_browser_is_a_device_is_used(shell: Shell) -> None:
    with shell.begin("auth", "login") as process:
        assert "/device?user_code=" in address(process)


@pytest.mark.parametrize("flags", [("--no-browser", "--callback-port"), ("--device",)], ids=["browser", "device"])
def test_a_refusal_is_told_and_nothing_is_written(shell: Shell, ada: Visitor, flags: tuple[str, ...]) -> None:
    words = [*flags, str(free_port())] if "--callback-port" in flags else list(flags)
    with shell.begin("auth", "login", *words) as process:
        page = decide(ada, address(process), DENY)
        if page.url.startswith("http://localhost"):
            with pytest.raises(OSError, match="400"):
                urllib.request.urlopen(page.url.replace("localhost", "127.0.0.1"), timeout=SECONDS)  # noqa: S310
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == Exit.AUTHENTICATION, err
    assert err.splitlines()[-1].startswith("Error: ")
    assert not (shell.home / ".config" / "anthropic" / "credentials").exists()


def test_a_code_of_another_attempt_is_refused(shell: Shell, ada: Visitor) -> None:
    with shell.begin("auth", "login", "--no-browser") as process:
        code = pasted(decide(ada, address(process))).partition("#")[0]
        _, err = process.communicate(f"{code}#anothers-state\n", timeout=SECONDS)
    assert process.returncode == Exit.AUTHENTICATION
    assert code not in err


def test_status_token_and_credentials_for_other_programs_agree(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    token = shell.run("auth", "token").stdout
    assert re.fullmatch(r"sk-ant-oat01-\S+\n", token)
    assert shell.run("auth", "print-credentials", "--access-token").stdout == token
    assert shell.run("auth", "print-credentials", "--env").stdout.splitlines() == [
        f"ANTHROPIC_AUTH_TOKEN={token.strip()}",
        f"ANTHROPIC_BASE_URL={shell.variables['ANTHROPIC_BASE_URL']}",
    ]
    credentials = json.loads(shell.run("auth", "print-credentials").stdout)
    assert credentials["access_token"] == token.strip()
    assert credentials["refresh_token"].startswith("sk-ant-ort01-")
    assert credentials["account_email"] == EMAIL


def test_an_expired_token_is_renewed_before_it_is_printed(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    path = shell.home / ".config/anthropic/credentials/default.json"
    former = json.loads(path.read_text())
    path.write_text(json.dumps({**former, "expires_at": 1_700_000_000}))
    token = shell.run("auth", "token").stdout.strip()
    assert token != former["access_token"]
    renewed = json.loads(path.read_text())
    assert renewed["access_token"] == token
    assert renewed["account_email"] == EMAIL


def test_logout_ends_the_tokens_at_the_server_and_keeps_the_config(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    token = shell.run("auth", "token").stdout.strip()
    assert shell.run("whoami", "--auth-token", token).returncode == Exit.OK
    done = shell.run("auth", "logout")
    assert done.stdout == "Logged out of default: removed here and ended at the server.\n"
    assert is_soon_refused(shell, token)
    folder = shell.home / ".config/anthropic"
    assert (folder / "configs/default.json").exists()
    assert not (folder / "credentials/default.json").exists()
    assert shell.run("auth", "status", "--exit-code").returncode == Exit.AUTHENTICATION


def test_logout_of_all_removes_every_profile(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    log_in(shell, ada, "--profile", "other-ws")
    found = shell.read("auth", "logout", "--all")
    assert sorted((each["profile"], each["revoked"]) for each in found["logged_out"]) == [
        ("default", True),
        ("other-ws", True),
    ]
    assert shell.read("profile", "list") == []


def test_logout_works_while_the_server_is_away_and_says_what_is_left(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    shell.run("profile", "set", "base_url", "http://127.0.0.1:9")
    done = shell.run("auth", "logout")
    assert (done.returncode, done.stdout) == (Exit.OK, "Logged out of default: removed here.\n")
    assert "was not told" in done.stderr
    assert not (shell.home / ".config/anthropic/credentials/default.json").exists()


def test_revoke_fails_while_the_server_is_away_and_removes_nothing(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    server = shell.variables["ANTHROPIC_BASE_URL"]
    shell.run("profile", "set", "base_url", "http://127.0.0.1:9")
    assert shell.run("auth", "revoke").returncode == Exit.UNREACHABLE
    assert (shell.home / ".config/anthropic/credentials/default.json").exists()
    shell.run("profile", "set", "base_url", server)
    assert shell.run("auth", "revoke").returncode == Exit.OK
    assert not (shell.home / ".config/anthropic/credentials/default.json").exists()


def test_a_single_token_is_revoked_from_stdin(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    token = shell.run("auth", "token").stdout
    assert shell.run("auth", "revoke", "-", stdin=token).returncode == Exit.OK
    assert is_soon_refused(shell, token.strip())


def test_profiles_stand_beside_each_other_as_published(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    out, _ = log_in(shell, ada, "--profile", "other-ws")
    assert "other-ws (new, now the active one)" in out
    assert shell.run("profile", "activate", "default").returncode == Exit.OK
    assert "sim-1" in shell.run("--profile", "other-ws", "models", "list").stdout
    assert "sim-1" in shell.run("models", "list", ANTHROPIC_PROFILE="other-ws").stdout
    again, _ = log_in(shell, ada, "--profile", "other-ws")
    assert "(new" not in again
    assert "now the active one" not in again


def test_a_log_in_that_a_variable_will_shadow_says_so(shell: Shell, ada: Visitor, live: LiveServer) -> None:
    shell.variables["ANTHROPIC_API_KEY"] = live.api_key
    _, err = log_in(shell, ada)
    assert "ANTHROPIC_API_KEY is set and wins over every profile: unset ANTHROPIC_API_KEY" in err


def test_a_log_in_at_another_workspace_than_the_profiles_is_told(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    shell.run("profile", "set", "workspace_id", "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ")
    with shell.begin("auth", "login", "--device") as process:
        decide(ada, address(process))
        _, err = process.communicate(timeout=SECONDS)
    assert "the profile names wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ" in err
    assert shell.read("auth", "status")["workspace"]["drift"] is True


def test_debug_shows_where_token_requests_go_and_nothing_of_what_is_in_them(shell: Shell, ada: Visitor) -> None:
    with shell.begin("auth", "login", "--no-browser", "--debug") as process:
        code = pasted(decide(ada, address(process)))
        _, err = process.communicate(f"{code}\n", timeout=SECONDS)
    assert f"> POST {shell.variables['ANTHROPIC_BASE_URL']}/v1/oauth/token" in err
    assert "< 200, request id req_" in err
    assert code.partition("#")[0] not in err
    assert "sk-ant-" not in err


def test_every_command_of_the_published_page_works(shell: Shell, ada: Visitor, live: LiveServer) -> None:
    """The page on the command's authentication, line by line, with `ante` for `ant`."""
    log_in(shell, ada)
    log_in(shell, ada, "--workspace-id", live.workspace_id)
    log_in(shell, ada, "--profile", "other-ws")
    lines = (
        ("auth", "status"),
        ("profile", "activate", "other-ws"),
        ("--profile", "other-ws", "models", "list"),
        ("profile", "list"),
        ("profile", "get", "--profile", "other-ws"),
        ("profile", "set", "workspace_id", live.workspace_id, "--profile", "other-ws"),
        ("--api-key", live.api_key, "models", "list"),
        ("--base-url", live.base_url, "models", "list"),
    )
    for words in lines:
        done = shell.run(*words)
        assert done.returncode == Exit.OK, (words, done.stderr)
    assert shell.run("models", "list", ANTHROPIC_PROFILE="other-ws").returncode == Exit.OK
    shadowed = shell.run("models", "list", ANTHROPIC_API_KEY=live.api_key)
    assert "note: using ANTHROPIC_API_KEY; also set: profile other-ws" in shadowed.stderr
    assert shell.run("auth", "logout").returncode == Exit.OK
    assert shell.run("auth", "logout", "--all").returncode == Exit.OK


@pytest.mark.parametrize("place", ["project/.qwen/.env", "project/.env", ".qwen/.env", ".env", ".ante/.env"])
def test_an_openai_compatible_provider_is_found_where_the_published_page_puts_it(
    shell: Shell, live: LiveServer, place: str
) -> None:
    del shell.variables["ANTHROPIC_BASE_URL"]
    project = shell.home / "project"
    project.mkdir()
    file = shell.home / place
    file.parent.mkdir(exist_ok=True)
    settings = {"OPENAI_API_KEY": live.api_key, "OPENAI_BASE_URL": f"{live.base_url}/v1", "OPENAI_MODEL": "sim-1"}
    file.write_text("".join(f'{name}="{value}"\n' for name, value in settings.items()), encoding="utf-8")
    done = subprocess.run(
        ANTE, input="What is 17 * 3?", env=shell.environment, cwd=project, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    assert "51" in done.stdout


def test_a_shell_completes_commands_flags_and_profiles(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada, "--profile", "other-ws")

    def completions(line: str) -> set[str]:
        found = shell.run(_ANTE_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(line.split(" ")) - 1))
        return {entry.partition(",")[2] for entry in found.stdout.split()}

    assert {"login", "logout", "status", "token"} <= completions("ante auth ")
    assert "--callback-port" in completions("ante auth login --call")
    assert completions("ante profile activate o") == {"other-ws"}
    assert completions("ante --profile o") == {"other-ws"}


def test_one_profile_feeds_another_by_the_credential_process_protocol(shell: Shell, ada: Visitor) -> None:
    log_in(shell, ada)
    config = {
        "version": "1.0",
        "authentication": {
            "type": "user_oauth",
            "credential_process": [*ANTE, "auth", "token", "--json", "--profile", "default"],
        },
        "base_url": shell.variables["ANTHROPIC_BASE_URL"],
    }
    (shell.home / ".config/anthropic/configs/fed.json").write_text(json.dumps(config))
    found = shell.read("whoami", "--profile", "fed")
    assert found["account"]["email"] == EMAIL
    assert found["server"]["source"] == "profile fed"
