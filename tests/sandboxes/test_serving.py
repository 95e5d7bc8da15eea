"""`ante serve` with its supervisor and egress proxy: started at need, told no secret, ended however it ends."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from antechamber.wiring.operator import ask_operator
from tests.live import LiveServer
from tests.sandboxing import alive, family

pytestmark = pytest.mark.sandbox

SECONDS = 60
SECRET = "sk-ant-upstream-secret-of-the-operator"


@pytest.fixture
def server(make_server: Callable[..., LiveServer]) -> LiveServer:
    return make_server(env={"ANTE_SERVER_ANTHROPIC_API_KEY": SECRET, "OTHER_SECRET": SECRET})


def ask(server: LiveServer) -> dict[str, Any]:
    """Ask the running server for what its sandboxes can do, which starts what is needed for them."""
    return dict(asyncio.run(ask_operator(server.data / "operator.sock", "sandboxes"))["result"])


def readiness(server: LiveServer) -> str:
    return str(server.ask("GET", "/health/ready").json()["details"]["sandboxes"])


def children(server: LiveServer) -> dict[int, str]:
    assert server.process is not None
    return {pid: began for pid, began in family(server.process.pid).items() if pid != server.process.pid}


def inner(server: LiveServer) -> int | None:
    """Return the supervisor, inside its namespaces, that takes calls now."""
    path = server.data / "sandboxes" / "run" / "pid"
    return int(path.read_text()) if path.exists() and path.read_text() else None


def proxy(server: LiveServer) -> int | None:
    return next((pid for pid in children(server) if b"antechamber.adapters.egress" in command(pid)), None)


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def models_are_served(server: LiveServer) -> bool:
    return server.ask("GET", "/v1/models", {"x-api-key": server.api_key}).status in {200, 400}


def test_who_uses_no_sandboxes_has_no_further_process(server: LiveServer) -> None:
    assert readiness(server) == "idle"
    assert children(server) == {}
    assert not (server.data / "sandboxes").exists()


def test_both_start_at_need_are_told_no_secret_and_end_with_the_server(server: LiveServer) -> None:
    told = ask(server)
    assert told["capabilities"]["runtime"] == "crun"
    assert told["bases"][0]["name"] == "host"
    assert readiness(server) == "ready"
    processes = children(server)
    assert len(processes) >= 3
    for pid in processes:
        for part in ("environ", "cmdline"):
            assert SECRET.encode() not in Path(f"/proc/{pid}/{part}").read_bytes(), (pid, part)
    names = Path(f"/proc/{min(processes)}/environ").read_bytes()
    assert b"ANTE_SERVER_" not in names
    run = server.data / "sandboxes" / "run"
    assert {path.name: path.stat().st_mode & 0o777 for path in run.glob("*.sock")} == {
        "egress.sock": 0o600,
        "sandboxd.sock": 0o600,
    }
    assert run.stat().st_mode & 0o777 == 0o700
    server.stop()
    assert alive(processes) == []


def test_a_killed_server_takes_both_with_it(server: LiveServer) -> None:
    ask(server)
    processes = children(server)
    server.kill()
    until(lambda: not alive(processes))
    server.start()
    # There were sandboxes here before: both come back without being asked for.
    until(lambda: readiness(server) == "ready")


@pytest.mark.parametrize("which", ["sandboxd", "egress"])
def test_one_that_is_killed_is_started_again(server: LiveServer, which: str) -> None:
    ask(server)
    find = inner if which == "sandboxd" else proxy
    pid = find(server)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: find(server) not in {None, pid} and readiness(server) == "ready")
    assert ask(server)["capabilities"]["runtime"] == "crun"
    assert models_are_served(server)


def test_a_machine_without_the_runtime_serves_models_and_says_what_to_install(
    make_server: Callable[..., LiveServer],
) -> None:
    server = make_server(env={"ANTE_SERVER_SANDBOX_RUNTIME": "runsc"})
    assert models_are_served(server)
    assert "apt-get install runsc" in ask(server)["problem"]
    assert "apt-get install runsc" in readiness(server)
    assert server.ask("GET", "/health/ready").status == 200
    assert models_are_served(server)
    line = [sys.executable, "-m", "antechamber", "sandboxes", "capabilities", "--data", str(server.data), "--json"]
    ran = subprocess.run(line, env=server.environment, capture_output=True, check=True)
    assert "apt-get install runsc" in json.loads(ran.stdout)["problem"]
