"""Sessions of a running server, each in a container of its own, over kills of the server and of its supervisor."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from antechamber.adapters.sandboxes.remote import RemoteSandboxes
from antechamber.adapters.sandboxes.remote.frames import connect
from tests.live import LiveServer
from tests.sandboxes.running import Said, run
from tests.sandboxing import alive, family

pytestmark = pytest.mark.sandbox

BETA = "managed-agents-2026-04-01"
SECONDS = 90
LIMITED = {"type": "cloud", "networking": {"type": "limited", "allowed_hosts": ["allowed.example"]}}


class Place:
    """A server, with an agent and environments by name."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.agent: str = self.post("/v1/agents", {"name": "coder", "model": "claude-sim-agent-1"})["id"]

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - an answer
        headers = {"x-api-key": self.server.api_key, "anthropic-version": "2023-06-01", "anthropic-beta": BETA}
        return self.server.ask(method, path, headers, None if body is None else json.dumps(body))

    def get(self, path: str) -> dict[str, Any]:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json()
        return found

    def post(self, path: str, body: object) -> dict[str, Any]:
        answer = self.ask("POST", path, body)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json()
        return found

    def environment(self, name: str, config: object = None) -> str:
        return str(self.post("/v1/environments", {"name": name, "config": config})["id"])

    def session(self, environment: str) -> str:
        """Start a session, and return it once its container runs."""
        made = self.post("/v1/sessions", {"agent": self.agent, "environment_id": environment})
        return self.running(made["id"])

    def running(self, session: str) -> str:
        until(lambda: self.container(session)["state"] == "running", lambda: str(self.container(session)))
        return session

    def container(self, session: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/v1/sessions/{session}")["container"]
        return found

    def sandboxes(self) -> RemoteSandboxes:
        return RemoteSandboxes(partial(connect, self.server.data / "sandboxes" / "run" / "sandboxd.sock"))

    def execute(self, session: str, script: str) -> Said:
        """Run a script in a session's container."""

        async def inside() -> Said:
            sandbox = await self.sandboxes().find(session)
            assert sandbox is not None
            return await run(sandbox, "sh", "-c", script)

        return asyncio.run(inside())

    def is_there(self, session: str) -> bool:
        async def listed() -> bool:
            return any(info.id == session for info in await self.sandboxes().listing())

        return asyncio.run(listed())


def until(condition: Callable[[], object], why: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One server for every test: each has environments and sessions of its own, and leaves the server running."""
    server = LiveServer(tmp_path_factory.mktemp("server"))
    try:
        yield Place(server.start())
        assert '"event": "unhandled"' not in server.log()
    finally:
        server.stop()


def test_two_sessions_of_one_environment_never_see_each_others_writes(place: Place) -> None:
    environment = place.environment("shared")
    one, two = place.session(environment), place.session(environment)
    assert place.execute(one, "echo mine > /workspace/said; cat /workspace/said").text == "mine\n"
    assert place.execute(two, "test -e /workspace/said").status.code == 1
    assert place.container(one) == {"state": "running", "error": None, "base": "host", "layers": []}
    assert place.ask("DELETE", f"/v1/sessions/{one}").status == 200
    until(lambda: not place.is_there(one))
    assert not (place.server.data / "sandboxes" / "sessions" / one).exists()
    assert place.execute(two, "echo fine").text == "fine\n"


def test_a_session_comes_back_on_its_own_files_after_a_kill_of_the_server(place: Place) -> None:
    environment = place.environment("archived")
    session = place.session(environment)
    place.execute(session, "echo kept > /workspace/said")
    place.ask("POST", f"/v1/environments/{environment}/archive")
    assert place.server.process is not None
    processes = family(place.server.process.pid)
    place.server.kill()
    until(lambda: not alive(processes))
    place.server.start()
    until(lambda: _runs(place, session))
    assert place.execute(session, "cat /workspace/said").text == "kept\n"


def _runs(place: Place, session: str) -> bool:
    """Say whether the container really runs, whatever was written of it before the kill."""
    if not (place.server.data / "sandboxes" / "run" / "sandboxd.sock").exists():
        return False

    async def found() -> bool:
        return await place.sandboxes().find(session) is not None

    try:
        return asyncio.run(found())
    except OSError:
        return False


def test_what_was_deleted_just_before_a_kill_is_gone_after_it(place: Place) -> None:
    environment = place.environment("gone")
    kept, gone = place.session(environment), place.session(environment)
    assert place.ask("DELETE", f"/v1/sessions/{gone}").status == 200
    place.server.kill()
    place.server.start()
    until(lambda: _runs(place, kept))
    until(lambda: not place.is_there(gone))
    until(lambda: not (place.server.data / "sandboxes" / "sessions" / gone).exists())


def test_a_session_comes_back_on_its_own_files_after_a_kill_of_the_supervisor(place: Place) -> None:
    session = place.session(place.environment("kept"))
    place.execute(session, "echo kept > /workspace/said")
    pid = int((place.server.data / "sandboxes" / "run" / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    until(lambda: (place.server.data / "sandboxes" / "run" / "pid").read_text() not in {"", f"{pid}\n"})
    until(lambda: _runs(place, session))
    assert place.execute(session, "cat /workspace/said").text == "kept\n"


def test_what_a_session_was_denied_is_read_with_its_rule(place: Place) -> None:
    session = place.session(place.environment("limited", LIMITED))
    asked = place.execute(session, "python3 -c \"import urllib.request as u; u.urlopen('https://denied.example')\"")
    assert asked.status.code != 0
    until(lambda: place.get(f"/v1/sessions/{session}/egress")["data"])
    first = place.get(f"/v1/sessions/{session}/egress?limit=1")["data"][0]
    assert (first["decision"], first["host"]) == ("deny", "denied.example")
    assert first["rule"]
    log = place.server.data / "sandboxes" / "egress" / f"{session}.jsonl"
    assert log.exists()
    assert place.ask("DELETE", f"/v1/sessions/{session}").status == 200
    until(lambda: not log.exists())


def test_a_container_that_cannot_be_made_is_shown_with_what_to_do(place: Place) -> None:
    config = {"type": "cloud", "packages": {"apt": ["jq"]}}
    said = {"agent": place.agent, "environment_id": place.environment("apt", config)}
    session = place.post("/v1/sessions", said)["id"]
    until(lambda: place.container(session)["state"] == "failed")
    assert "ante sandboxes images build" in place.container(session)["error"]
    assert place.ask("DELETE", f"/v1/sessions/{session}").status == 200
