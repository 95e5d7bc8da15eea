"""`ante serve` with its supervisor and egress proxy: started at need, told no secret, ended however it ends."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from antechamber.wiring.operator import ask_operator
from tests.live import LiveServer
from tests.sandboxing import alive, family

# each starts servers or supervisors more than once
pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

SECONDS = 120
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


def has_another(server: LiveServer, find: Callable[[LiveServer], int | None], pid: int) -> bool:
    return find(server) not in {None, pid} and readiness(server) == "ready"


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def models_are_served(server: LiveServer) -> bool:
    return server.ask("GET", "/v1/models", {"x-api-key": server.api_key}).status in {200, 400}


def test_both_start_at_need_are_told_no_secret_and_end_with_the_server(server: LiveServer) -> None:
    assert readiness(server) == "idle"
    assert children(server) == {}
    assert not (server.data / "sandboxes").exists()

    told = ask(server)
    assert told["capabilities"]["runtime"] == "crun"
    assert told["bases"][0]["name"] == "host"
    assert readiness(server) == "ready"
    processes = children(server)
    assert len(processes) >= 3
    for pid in processes:
        assert SECRET.encode() not in Path(f"/proc/{pid}/environ").read_bytes() + command(pid)
        assert b"ANTE_SERVER_" not in Path(f"/proc/{pid}/environ").read_bytes()
    run = server.data / "sandboxes" / "run"
    modes = {path.name: path.stat().st_mode & 0o777 for path in run.glob("*.sock")}
    assert modes == {"egress.sock": 0o600, "sandboxd.sock": 0o600}
    assert run.stat().st_mode & 0o777 == 0o700

    server.stop()
    assert alive(processes) == []


def test_what_is_killed_comes_back_and_a_killed_server_leaves_nothing(server: LiveServer) -> None:
    ask(server)
    for find in (inner, proxy):
        pid = find(server)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(partial(has_another, server, find, pid))
        assert models_are_served(server)
    assert ask(server)["capabilities"]["runtime"] == "crun"

    processes = children(server)
    server.kill()
    until(lambda: not alive(processes))
    server.start()
    # There were sandboxes here before: both come back without being asked for.
    until(lambda: readiness(server) == "ready")


def test_a_machine_without_the_runtime_serves_models_and_says_what_to_install(
    make_server: Callable[..., LiveServer],
) -> None:
    server = make_server(env={"ANTE_SERVER_SANDBOX_RUNTIME": "runsc"})
    assert models_are_served(server)
    assert "apt-get install runsc" in ask(server)["problem"]
    assert "apt-get install runsc" in readiness(server)
    assert server.ask("GET", "/health/ready").status == 200
    assert models_are_served(server)
