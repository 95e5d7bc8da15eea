"""`ante worker`: items of a self-hosted environment's queue, served by programs, stopped, and handed back."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from antechamber.cli.exits import Exit
from tests.cli.test_log_in import ANTE, Shell
from tests.live import LiveServer

SECONDS = 120
BETA = "managed-agents-2026-04-01"


class Town(Shell):
    """A self-hosted environment, its key, and a person's shell with that alone."""

    def __init__(self, live: LiveServer, home: Path) -> None:
        super().__init__(live, home)
        self._live = live
        config = {"type": "self_hosted"}
        self.place = self.ask("POST", "/v1/environments", {"name": home.name, "config": config})["id"]
        key = self.ask("POST", f"/v1/environments/{self.place}/keys", {"name": "worker"})["key"]
        self.agent = self.ask("POST", "/v1/agents", {"name": home.name, "model": "sim-1"})["id"]
        self.variables |= {"ANTHROPIC_ENVIRONMENT_ID": self.place, "ANTHROPIC_ENVIRONMENT_KEY": key}
        self.key = key

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        headers = {"x-api-key": self._live.api_key, "anthropic-version": "2023-06-01", "anthropic-beta": BETA}
        answer = self._live.ask(method, path, headers, None if body is None else json.dumps(body))
        assert answer.status == 200, answer.body
        found: dict[str, Any] = json.loads(answer.body)
        return found

    def start_session(self) -> str:
        return str(self.ask("POST", "/v1/sessions", {"agent": self.agent, "environment_id": self.place})["id"])

    def item(self) -> dict[str, Any]:
        """Return the newest item of the queue, as its owner sees it."""
        path = f"/v1/environments/{self.place}/work"
        headers = {"authorization": f"Bearer {self.key}", "anthropic-version": "2023-06-01", "anthropic-beta": BETA}
        answer = self._live.ask("GET", path, headers)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = json.loads(answer.body)["data"][0]
        return found

    @contextlib.contextmanager
    def working(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """Run a worker beside the test."""
        worker = subprocess.Popen(
            [*ANTE, "worker", "poll", *words], env=self.environment, cwd=self.home, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            yield worker
        finally:
            worker.kill()
            worker.communicate()


def wait_for(path: Path) -> str:
    until = time.monotonic() + SECONDS
    while not path.exists() or not path.read_text().endswith("\n"):
        assert time.monotonic() < until, path
        time.sleep(0.05)
    return path.read_text()


@pytest.fixture
def town(live: LiveServer, tmp_path: Path) -> Town:
    return Town(live, tmp_path)


def program(town: Town, text: str) -> str:
    path = town.home / "program.py"
    path.write_text(text)
    return shlex.join([sys.executable, str(path)])


def test_a_program_gets_the_item_and_the_item_ends_with_it(town: Town) -> None:
    session = town.start_session()
    told = program(
        town,
        "import json, os, sys\n"
        "names = {name: text for name, text in os.environ.items() if name.startswith('ANTHROPIC_')}\n"
        "open('seen', 'w').write(json.dumps([json.load(sys.stdin), names]))\n"
        "print('of the program')\n",
    )
    town.variables["ANTHROPIC_API_KEY"] = "of-its-user"
    done = town.run("beta:worker", "poll", "--drain", "--exec", told, "--log-format", "json")
    assert done.returncode == Exit.OK, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    item = town.item()
    assert [line["event"] for line in lines] == ["taken", "started", "ended", "stopped"]
    assert (lines[0]["work_id"], lines[0]["session_id"], lines[2]["exit_code"]) == (item["id"], session, 0)
    assert done.stderr == "of the program\n"
    given, names = json.loads((town.home / "seen").read_text())
    assert (given["id"], given["data"]["id"], names["ANTHROPIC_SESSION_ID"]) == (item["id"], session, session)
    assert (names["ANTHROPIC_WORK_ID"], names["ANTHROPIC_ENVIRONMENT_ID"]) == (item["id"], town.place)
    assert names["ANTHROPIC_WORK_SECRET"] == given["secret"]
    # what opens more than the item is not its program's
    assert not {"ANTHROPIC_API_KEY", "ANTHROPIC_ENVIRONMENT_KEY"} & set(names)
    assert (item["state"], bool(item["started_at"]), bool(item["latest_heartbeat_at"])) == ("stopped", True, True)
    assert town.run("worker", "poll", "--drain", "--exec", told).stdout == ""


def test_what_people_read_fits_eighty_columns(town: Town) -> None:
    town.start_session()
    done = town.run("worker", "poll", "--drain", "--exec", "true")
    assert done.returncode == Exit.OK, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()[:2]] == ["took", "running"]
    assert "is done" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_who_is_told_to_leave_hands_the_item_back_for_the_next(town: Town) -> None:
    session = town.start_session()
    told = program(town, "import os, time\nopen('pid', 'w').write(f'{os.getpid()}\\n')\ntime.sleep(600)\n")
    with town.working("--exec", told) as worker:
        pid = int(wait_for(town.home / "pid"))
        worker.send_signal(signal.SIGTERM)
        out, err = worker.communicate(timeout=SECONDS)
    assert worker.returncode == Exit.OK, err
    assert "goes back to the queue" in out
    assert out.splitlines()[-1].endswith("leaving")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    until = time.monotonic() + SECONDS
    while town.item()["state"] != "queued":
        assert time.monotonic() < until, town.item()
        time.sleep(0.1)
    again = town.run("worker", "poll", "--drain", "--exec", "true", "--log-format", "json")
    assert json.loads(again.stdout.splitlines()[0])["session_id"] == session
    assert town.item()["state"] == "stopped"


def test_an_item_that_its_owner_stops_ends_its_program(town: Town) -> None:
    town.start_session()
    told = program(town, "import time\nopen('up', 'w').write('up\\n')\ntime.sleep(600)\n")
    with town.working("--exec", told, "--log-format", "json") as worker:
        wait_for(town.home / "up")
        town.ask("POST", f"/v1/environments/{town.place}/work/{town.item()['id']}/stop", {"force": True})
        # the next heartbeat would tell in half a minute; to leave is enough here
        worker.send_signal(signal.SIGINT)
        out, _ = worker.communicate(timeout=SECONDS)
    assert worker.returncode == Exit.INTERRUPTED
    assert json.loads(out.splitlines()[-1])["event"] == "leaving"
    assert town.item()["state"] == "stopped"


def test_a_program_that_keeps_its_own_lease_ends_its_item_itself(town: Town) -> None:
    town.start_session()
    told = program(town, "import os\nopen('seen', 'w').write(os.environ['ANTHROPIC_ENVIRONMENT_KEY'] + '\\n')\n")
    done = town.run("beta:worker", "poll", "--drain", "--on-work", told, "--log-format", "json")
    assert done.returncode == Exit.OK, done.stderr
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["taken", "started", "ended"]
    assert wait_for(town.home / "seen").strip() == town.key
    item = town.item()
    assert (item["state"], item["latest_heartbeat_at"]) == ("starting", None)
    failing = town.run(
        "worker", "run", "--on-work", "false", "--work-id", item["id"], "--session-id", item["data"]["id"]
    )
    assert failing.returncode == Exit.OK, failing.stderr
    assert town.item()["state"] == "stopped"


def test_a_session_that_is_gone_needs_no_program(town: Town) -> None:
    session = town.start_session()
    path = f"/v1/environments/{town.place}/work/poll"
    headers = {"authorization": f"Bearer {town.key}", "anthropic-version": "2023-06-01", "anthropic-beta": BETA}
    work = json.loads(town._live.ask("GET", path, headers).body)
    town.ask("DELETE", f"/v1/sessions/{session}")
    told = {"ANTHROPIC_WORK_ID": work["id"], "ANTHROPIC_SESSION_ID": session, "ANTHROPIC_WORK_SECRET": work["secret"]}
    done = town.run("worker", "run", "--exec", "touch ran", **told)
    assert not (town.home / "ran").exists(), done.stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--exec", "./no-such-program"), "./no-such-program cannot be run: No such file or directory"),
        ((), "--exec PROGRAM, or --on-work PROGRAM"),
        (("--exec", "true", "--on-work", "true"), "--exec PROGRAM, or --on-work PROGRAM"),
        (("--on-work", "in-process"), "name one with --exec or --on-work"),
        (("--exec", "true", "--environment-id", ""), "give --environment-id"),
    ],
)
def test_what_cannot_work_is_told_at_once(town: Town, words: tuple[str, ...], text: str) -> None:
    town.start_session()
    if "--environment-id" in words:
        words = words[:2]
        del town.variables["ANTHROPIC_ENVIRONMENT_ID"]
    done = town.run("worker", "poll", "--drain", *words)
    assert (done.returncode, text in " ".join(done.stderr.split())) == (Exit.USAGE, True), done.stderr


def test_a_key_of_nothing_ends_it_with_its_reason(town: Town) -> None:
    done = town.run("worker", "poll", "--exec", "true", "--environment-key", "sk-ant-oat01-nothing")
    assert done.returncode == Exit.AUTHENTICATION, done.stderr
