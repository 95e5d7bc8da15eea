"""Log-ins on one machine: many processes that refresh at once, and processes that are killed while they write."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from antechamber.base.chance import SystemChance
from antechamber.base.outbound import OutboundOptions
from antechamber.client import Environment, ProfileStore
from antechamber.client.authorize import begin_login, manual_redirect
from antechamber.client.loopback import Received
from antechamber.client.oauth import redeem_code
from antechamber.client.posting import open_poster
from antechamber.client.transport import open_outbound
from tests.clients.test_log_in import allow
from tests.faults.processes import clean_environment, wait_for
from tests.live import LiveServer
from tests.unit.client.homes import folder_of, put_login, read_json, write_json
from tests.unit.client.issuer import issuing
from tests.visiting import enter

_ASK = """
import json
from antechamber.client import find_credentials
credentials = find_credentials()
print(json.dumps(dict(credentials.headers())))
"""
# Kills itself at its first call that changes the disk, its second, … until the work is done before; then reads all.
_KILLED_EVERYWHERE = """
import itertools, json, os, shutil, signal, sys
from pathlib import Path
from antechamber.base.secret import Secret
from antechamber.client.environment import Environment
from antechamber.client.oauth import TokenAnswer
from antechamber.client.store import ProfileStore

home = Path(sys.argv[1])

def log_in(home, name, token, **how):
    answer = TokenAnswer(Secret(token), 3600, Secret("refresh of " + token), workspace_id="wrkspc_01")
    ProfileStore(Environment({}, home)).write_login(name, answer, 1_800_000_000, **how)

WORK = {
    "log in": lambda home: log_in(home, "new", "new", activate=True),
    "log in again": lambda home: log_in(home, "old", "new"),
    "set": lambda home: ProfileStore(Environment({}, home)).set("old", "workspace_id", "wrkspc_02"),
    "rename": lambda home: ProfileStore(Environment({}, home)).rename("old", "new"),
    "log out": lambda home: ProfileStore(Environment({}, home)).log_out("old"),
}[sys.argv[2]]

def tokens(home):
    store = ProfileStore(Environment({}, home))
    store.read(store.active()[0])
    return {name: (found.access_token.reveal() if found.access_token else None)
            for name in store.names() for found in [store.read(name)]}

CHANGES = {"fchmod", "flock", "fsync", "ftruncate", "mkdir", "open", "rename", "replace", "rmdir", "unlink", "write"}
log_in(home / "before", "old", "old")
for number in itertools.count(1):
    place = home / str(number)
    shutil.copytree(home / "before", place)
    child = os.fork()
    if child == 0:
        left = number
        def count(frame, event, argument):
            global left
            left -= event == "c_call" and argument.__name__ in CHANGES
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        sys.setprofile(count)
        WORK(place)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(json.dumps({"killed": os.WIFSIGNALED(status), "tokens": tokens(place)}))
    if not os.WIFSIGNALED(status):
        break
    # a killed holder's lock stands in nobody's way
    if number % 4 == 0 and tokens(place).get("old"):
        log_in(place, "old", "after")
        assert tokens(place)["old"] == "after"
"""
_PROCESSES = 20


def spawn(home: Path, code: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    environment = clean_environment(HOME=str(home), **variables)
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def headers_of(process: subprocess.Popen[str]) -> dict[str, str]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    found: dict[str, str] = json.loads(out)
    return found


def test_twenty_processes_that_find_one_expired_log_in_ask_once_and_all_go_on(tmp_path: Path) -> None:
    with issuing(seconds=0.2) as issuer:
        path = put_login(tmp_path, base_url=issuer.url, account_email="a@example.com", of_another_program=[1])
        processes = [spawn(tmp_path, _ASK) for _ in range(_PROCESSES)]
        told = [headers_of(process) for process in processes]
        assert {headers["authorization"] for headers in told} == {"Bearer sk-ant-oat01-1"}
        assert len(issuer.of_grant("refresh_token")) == 1
        kept = read_json(path)
        assert (kept["refresh_token"], kept["account_email"], kept["of_another_program"]) == (
            "sk-ant-ort01-1",
            "a@example.com",
            [1],
        )
    assert not path.parent.with_name("credentials.lock").exists()


def test_twenty_processes_that_are_refused_at_once_never_spend_a_refresh_token_twice(tmp_path: Path) -> None:
    code = _ASK.replace("credentials.headers()", "credentials.headers(refused=credentials.headers())")
    with issuing(seconds=0.2) as issuer:
        put_login(tmp_path, base_url=issuer.url, left=3000)
        processes = [spawn(tmp_path, code) for _ in range(_PROCESSES)]
        told = [headers_of(process) for process in processes]
        # who starts late reads the new token first, and is told that it is refused as well
        asked = len(issuer.of_grant("refresh_token"))
        assert issuer.refresh_token == f"sk-ant-ort01-{asked}", "nobody is logged out"
        assert all(headers["authorization"].startswith("Bearer sk-ant-oat01-") for headers in told)


_LIST = """
import json, urllib.request
from antechamber.client import find_credentials
credentials = find_credentials()
headers = {**dict(credentials.headers()), "anthropic-version": "2026-10-21"}
with urllib.request.urlopen(urllib.request.Request(credentials.base_url + "/v1/models", headers=headers)) as answer:
    print(json.dumps({"status": str(answer.status), "authorization": headers["authorization"]}))
"""


def test_twenty_processes_refresh_a_real_log_in_once_and_again_when_it_ends_again(
    make_server: Callable[..., LiveServer], tmp_path: Path
) -> None:
    live = make_server()
    path = log_in(live, tmp_path)
    for round_ in (1, 2):
        write_json(path, {**read_json(path), "expires_at": 1})
        processes = [spawn(tmp_path, _LIST) for _ in range(_PROCESSES)]
        told = [headers_of(process) for process in processes]
        assert [one["status"] for one in told] == ["200"] * _PROCESSES
        assert len({one["authorization"] for one in told}) == 1
        # the log is written a little later than the answers
        live.ask("GET", f"/v1/models/round-{round_}")
        wait_for(lambda: f"/v1/models/round-{round_}" in live.log(), "the log has come so far")  # noqa: B023 - at once
        assert live.log().count('"/v1/oauth/token"') == 1 + round_, "the code's, and one refresh a round"


def log_in(live: LiveServer, home: Path) -> Path:
    """Log in as a person whose browser shows the code; return the credentials file."""
    browser = enter(live, "faults@example.com")
    attempt = begin_login(SystemChance(), console_url=live.base_url)
    redirect = manual_redirect(live.base_url, attempt.client_id)
    code = re.search(r"ante-code01-\S+#\S+", allow(browser, browser.open(attempt.url(redirect))).text)
    assert code is not None
    post = open_poster(open_outbound, OutboundOptions())
    answer = redeem_code(post, live.base_url, attempt, Received(attempt.read_pasted(code[0]), redirect))
    store = ProfileStore(Environment({}, home))
    store.write_login("default", answer, 0, config={"base_url": live.base_url})
    return store.folder / "credentials" / "default.json"


def test_twenty_processes_of_one_federation_profile_exchange_once(tmp_path: Path) -> None:
    with issuing(seconds=0.2) as issuer:
        folder = folder_of(tmp_path)
        (folder / "configs").mkdir(parents=True)
        (tmp_path / "identity.jwt").write_text("a.b.c")
        config = {
            "version": "1.0",
            "authentication": {
                "type": "oidc_federation",
                "federation_rule_id": "fdrl_01",
                "identity_token": {"source": "file", "path": str(tmp_path / "identity.jwt")},
            },
            "organization_id": "org",
            "base_url": issuer.url,
        }
        (folder / "configs" / "default.json").write_text(json.dumps(config))
        processes = [spawn(tmp_path, _ASK) for _ in range(_PROCESSES)]
        assert {headers_of(process)["authorization"] for process in processes} == {"Bearer sk-ant-oat01-1"}
        assert len(issuer.asked) == 1


def test_a_process_killed_while_it_refreshes_leaves_the_log_in_and_no_lock_that_holds(tmp_path: Path) -> None:
    with issuing(seconds=30) as issuer:
        put_login(tmp_path, base_url=issuer.url)
        first = spawn(tmp_path, _ASK)
        wait_for(lambda: len(issuer.asked) == 1, "the refresh has reached the server")
        assert folder_of(tmp_path).joinpath("credentials.lock").is_dir()
        first.send_signal(signal.SIGKILL)
        first.communicate()
        # as a server does within its grace: the same successor again
        issuer.refresh_token, issuer.serial, issuer.seconds = "sk-ant-ort01-0", 0, 0.0
        assert headers_of(spawn(tmp_path, _ASK))["authorization"] == "Bearer sk-ant-oat01-1"
        assert not folder_of(tmp_path).joinpath("credentials.lock").exists()


@pytest.mark.parametrize(
    ("work", "allowed"),
    [
        ("log in", [{"old": "old"}, {"old": "old", "new": None}, {"old": "old", "new": "new"}]),
        ("log in again", [{"old": "old"}, {"old": "new"}]),
        ("set", [{"old": "old"}]),
        (
            "rename",
            [
                {"old": "old"},
                {"old": "old", "new": None},
                {"old": "old", "new": "old"},
                {"old": None, "new": "old"},
                {"new": "old"},
            ],
        ),
        ("log out", [{"old": "old"}, {"old": None}]),
    ],
)
def test_a_kill_at_any_point_of_a_write_leaves_the_old_or_the_new(
    tmp_path: Path, work: str, allowed: list[dict[str, str]]
) -> None:
    process = spawn(tmp_path, _KILLED_EVERYWHERE, str(tmp_path), work)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    told = [json.loads(line) for line in out.splitlines()]
    assert [one["killed"] for one in told] == [True] * (len(told) - 1) + [False]
    assert len(told) > 10
    assert [one for one in told if one["tokens"] not in allowed] == []
    assert told[-1]["tokens"] == allowed[-1]


def test_a_disk_without_room_is_noticed_before_the_refresh_token_is_spent(tmp_path: Path) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    ignored = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    with issuing() as issuer:
        path = put_login(tmp_path, base_url=issuer.url)
        before = path.read_bytes()
        process = spawn(tmp_path, limited + ignored + _ASK)
        _, err = process.communicate(timeout=60)
        assert process.returncode
        assert "cannot be refreshed" in err
        assert (issuer.asked, path.read_bytes()) == ([], before)
