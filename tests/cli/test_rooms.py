"""Shells in fresh containers, at a terminal of eighty columns and between pipes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.test_log_in import Shell
from tests.cli.tmux import terminal
from tests.live import LiveServer
from tests.sandboxes import registries

pytestmark = [pytest.mark.sandbox, pytest.mark.long, pytest.mark.timeout(240)]

SECONDS = 60


class Rooms(Shell):
    """A person's shell with an API key, and an environment of their own."""

    def __init__(self, live: LiveServer, home: Path) -> None:
        super().__init__(live, home)
        self.variables["ANTHROPIC_API_KEY"] = live.api_key
        self._kept = live.data / "sandboxes" / "sessions"
        self.environment_id = self.create(home.name)

    def create(self, name: str, *flags: str) -> str:
        made = self.run("environments", "create", name, *flags, "--transform", "id", "-r")
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def enter(self, *program: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self.run("environments", "shell", self.environment_id, *program, stdin=stdin)

    def containers(self) -> set[str]:
        return {path.name for path in self._kept.glob("shell_*")}

    def wait_until_gone(self, before: set[str]) -> None:
        until = time.monotonic() + SECONDS
        while self.containers() - before:
            assert time.monotonic() < until, self.containers()
            time.sleep(0.1)


def toml(tables: dict[str, dict[str, object]]) -> str:
    return "".join(
        f"[{name}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())
        for name, table in tables.items()
    )


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that fetches packages from where this machine does."""
    config = toml({"registries": registries.table(), "egress": {"private": registries.private()}})
    server = LiveServer(tmp_path_factory.mktemp("rooms"), config=config)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def rooms(server: LiveServer, tmp_path: Path) -> Rooms:
    return Rooms(server, tmp_path)


def test_a_program_runs_between_pipes_and_leaves_nothing(rooms: Rooms) -> None:
    before = rooms.containers()
    done = rooms.enter("sh", "-c", "cat; echo oops >&2; pwd; exit 7", stdin="piped in\n")
    assert (done.returncode, done.stdout, done.stderr) == (7, "piped in\n/workspace\n", "oops\n")
    rooms.wait_until_gone(before)


def test_each_has_a_container_of_its_own(rooms: Rooms) -> None:
    assert rooms.enter("sh", "-c", "echo mine > here; ls").stdout == "here\n"
    assert rooms.enter("ls").stdout == ""


def test_what_is_not_there_is_told_as_a_shell_does(rooms: Rooms) -> None:
    assert rooms.enter("no-such-program").returncode == 127
    gone = rooms.run("environments", "shell", "env_011CZkZaBF1tNoB5wlCeusgy", "true")
    assert (gone.returncode, "Environment not found" in gone.stderr) == (5, True)
    assert rooms.run("environments", "archive", rooms.environment_id).returncode == 0
    archived = rooms.enter("true")
    assert (archived.returncode, "environment_archived" in archived.stderr) == (6, True)


def sized(size: str) -> str:
    """Wait inside for a size; what is typed must not look like what is waited for."""
    return f"clear; until stty size | grep -q '{size}'; do sleep 0.2; done; echo is $(stty size)"


def test_a_person_sits_in_it(rooms: Rooms, tmp_path: Path) -> None:
    with terminal(tmp_path, rooms.environment, "environments", "shell", rooms.environment_id) as screen:
        screen.wait_for("# ")
        screen.type(sized("40 80"), "Enter")
        screen.wait_for("is 40 80")
        screen.tmux("resize-window", "-t", "ante", "-x", "100", "-y", "30")
        screen.type("sleep 600; echo woken", "Enter")
        screen.type("", "C-c")
        screen.type(sized("30 100"), "Enter")
        screen.wait_for("is 30 100")
        screen.type("exit 3", "Enter")
        screen.wait_for("ended with 3")
        screen.type("cooked again", "Enter")
        screen.wait_for("cooked again")


def test_a_signal_reaches_the_program(rooms: Rooms) -> None:
    program = "trap 'echo told; exit 5' INT; echo ready; while :; do sleep 0.1; done"
    with rooms.begin("environments", "shell", rooms.environment_id, "sh", "-c", program) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (5, "told\n"), err


def test_who_is_killed_takes_the_container_along(rooms: Rooms) -> None:
    before = rooms.containers()
    with rooms.begin("environments", "shell", rooms.environment_id, "sh", "-c", "echo ready; sleep 600") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert len(rooms.containers() - before) == 1
        process.kill()
    rooms.wait_until_gone(before)


def test_a_megabyte_goes_in_and_comes_out(rooms: Rooms, tmp_path: Path) -> None:
    content = os.urandom(1 << 20)
    (tmp_path / "in").write_bytes(content)
    with (tmp_path / "in").open("rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-m", "antechamber", "environments", "shell", rooms.environment_id, "cat"],
            stdin=stdin,
            env=rooms.environment,
            capture_output=True,
            check=False,
            timeout=SECONDS,
        )
    assert (done.returncode, done.stdout == content) == (0, True), done.stderr


def test_it_is_in_the_audit_log(rooms: Rooms, server: LiveServer) -> None:
    assert rooms.enter("true").returncode == 0
    shown = rooms.run(
        "audit", "list", "--limit", "1", "--max-items", "1", "--format", "json", "--api-key", server.admin_key
    )
    (newest,) = json.loads(shown.stdout)
    assert (newest["type"], newest["environment_id"]) == ("environment_shell_opened", rooms.environment_id)


def test_a_build_is_watched_and_what_it_installed_is_there(rooms: Rooms, tmp_path: Path) -> None:
    made = rooms.create(f"{tmp_path.name} data", "--pip", "six==1.16.0", "--npm", "is-number@7.0.0")
    with terminal(tmp_path, rooms.environment, "environments", "build", made, "--watch") as screen:
        screen.wait_for("built in")
        screen.wait_for("ended with 0")
        shown = screen.shown()
        assert shown == screen.shown(joined=True)
    bars = [line.split() for line in shown.splitlines() if "installed" in line]
    assert [(bar[0], bar[-3]) for bar in bars] == [("npm", "1/1"), ("pip", "1/1")]
    program = "import six; print(six.__version__)"
    done = rooms.run("environments", "shell", made, "python3", "-c", program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.16.0\n", "")
    (build,) = json.loads(rooms.run("environments", "builds", made).stdout)
    assert build["lock"]["packages"]["pip"] == ["six==1.16.0"]
    assert "six" in rooms.run("environments", "log", made).stdout


def test_a_shell_shows_the_build_that_it_waits_for_and_why_it_failed(rooms: Rooms, tmp_path: Path) -> None:
    made = rooms.create(f"{tmp_path.name} none", "--pip", "six==0.0.99")
    done = rooms.run("environments", "shell", made, "true")
    assert done.returncode == 6
    assert "failed: pip six==0.0.99" in done.stderr
    assert "environment_build_failed" in done.stderr


def test_a_server_that_stops_ends_its_shells_and_a_killed_one_leaves_none(
    make_server: Callable[..., LiveServer], tmp_path: Path
) -> None:
    server = make_server()
    rooms = Rooms(server, tmp_path)
    with rooms.begin("environments", "shell", rooms.environment_id, "sh", "-c", "echo ready; sleep 600") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        server.stop()
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode != 0
        assert "stopping" in err or "cut" in err, (out, err)
    assert rooms.containers() == set()
    server.start()
    with rooms.begin("environments", "shell", rooms.environment_id, "sh", "-c", "echo ready; sleep 600") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        server.kill()
        process.communicate(timeout=SECONDS)
        assert process.returncode != 0
    server.start()
    rooms.wait_until_gone(set())
    assert rooms.enter("echo", "again").stdout == "again\n"
