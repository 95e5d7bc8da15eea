"""The official EnvironmentWorker and poller serve our queue: they take, keep and stop work, and answer tools."""

import asyncio
import json
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from antechamber.base.ids import OrganizationId, SessionId
from antechamber.settings import load
from antechamber.wiring.storage import open_storage
from tests.clients.environments import python_environment, run_python
from tests.live import LiveServer, clean_environment

BETA = "managed-agents-2026-04-01"
CUSTOM = {
    "type": "custom", "name": "weather", "description": "the weather",
    "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}},
}  # fmt: skip
_SECONDS = 240


class Town:
    """A server with one self-hosted environment, and the loop of its one session, played by the test."""

    def __init__(self, server: LiveServer, name: str = "of the official worker") -> None:
        self.server = server
        config = {"type": "self_hosted"}
        self.environment = self.ask("POST", "/v1/environments", {"name": name, "config": config})["id"]
        self.key = self.ask("POST", f"/v1/environments/{self.environment}/keys", {"name": "worker"})["key"]
        tools = [{"type": "agent_toolset_20260401"}, CUSTOM]
        said = {"name": "coder", "model": "claude-sim-agent-1", "tools": tools}
        agent = self.ask("POST", "/v1/agents", said)["id"]
        self.session = self.ask("POST", "/v1/sessions", {"agent": agent, "environment_id": self.environment})["id"]

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        headers = {"x-api-key": self.server.api_key, "anthropic-version": "2023-06-01", "anthropic-beta": BETA}
        answer = self.server.ask(method, path, headers, None if body is None else json.dumps(body))
        assert answer.status == 200, answer.body
        found: dict[str, Any] = json.loads(answer.body)
        return found

    async def say(self, kind: str, **fields: object) -> str:
        storage = open_storage(load({"data": self.server.data}).settings)
        organization_id = OrganizationId(self.server.organization_id)
        async with storage.database.begin() as unit:
            place = (unit, organization_id, SessionId(self.session))
            event = await storage.agents.events.add(*place, kind, fields)
        await storage.database.close()
        return event.id

    def results(self, count: int) -> list[dict[str, Any]]:
        """Return the results of tools, once there are so many."""
        until = time.monotonic() + _SECONDS
        while True:
            events = self.ask("GET", f"/v1/sessions/{self.session}/events")["data"]
            found = [event for event in events if event["type"].endswith("tool_result")]
            if len(found) >= count:
                return found
            assert time.monotonic() < until, events
            time.sleep(0.1)


async def test_the_official_worker_serves_sessions_from_our_queue(live: LiveServer, tmp_path: Path) -> None:
    town = Town(live)
    bash = await town.say("agent.tool_use", name="bash", input={"command": "echo hello > said; cat said"})
    custom = await town.say("agent.custom_tool_use", name="weather", input={"place": "Oslo"})
    variables = {
        "ANTE_TEST_ENVIRONMENT": town.environment,
        "ANTE_TEST_ENVIRONMENT_KEY": town.key,
        "ANTE_TEST_WORKDIR": str(tmp_path),
    }
    with ThreadPoolExecutor(1) as pool:
        driving = pool.submit(run_python, "anthropic-2", "worker_sdk", live, variables, _SECONDS)
        one, two = sorted(town.results(2), key=lambda event: str(event["type"]))
        await town.say("session.status_idle", stop_reason={"type": "end_turn"})
        told = driving.result()
    for outcome in told.values():
        assert "failed" not in outcome, outcome["failed"]
    assert (one["type"], one["custom_tool_use_id"], two["tool_use_id"]) == ("user.custom_tool_result", custom, bash)
    assert one["content"] == [{"type": "text", "text": "sun over Oslo"}]
    assert "hello" in two["content"][0]["text"]
    assert (tmp_path / "said").read_text() == "hello\n"
    _check_served(told["served"]["value"], town)
    _check_dispatched(told["dispatched"]["value"])
    _check_refused(told["refused"]["value"])


def _check_served(told: dict[str, Any], town: Town) -> None:
    (item,) = told["items"]
    assert (item["state"], item["data"]) == ("stopped", {"id": town.session, "type": "session"})
    for name in ("acknowledged_at", "started_at", "latest_heartbeat_at", "stop_requested_at", "stopped_at"):
        assert item[name], name
    assert item["secret"] is None
    assert told["one"] == item
    assert (told["stats"]["depth"], told["stats"]["pending"], told["stats"]["workers_polling"]) == (0, 0, 1)


def _check_dispatched(told: dict[str, Any]) -> None:
    assert (told["state"], told["secret"], told["listed"]) == ("stopped", None, False)
    assert told["heartbeat"]


def _check_refused(told: dict[str, Any]) -> None:
    assert (told["first"]["lease_extended"], told["first"]["ttl_seconds"]) == (True, 300)
    assert (told["stale"]["class"], told["stale"]["status"]) == ("BetaHeartbeatPreconditionFailedError", 412)
    assert told["stale"]["body"]["error"]["details"]["current_state"]["state"] == "active"
    assert (told["stopped"]["state"], told["again"], told["nothing"]) == ("stopped", 409, None)


HANDLER = """\
import asyncio
from anthropic import AsyncAnthropic

async def main():
    client = AsyncAnthropic(api_key="unused")
    await client.beta.environments.work.worker(max_idle=0.5).handle_item()

asyncio.run(main())
"""


async def test_the_official_item_handler_serves_what_our_worker_hands_it(live: LiveServer, tmp_path: Path) -> None:
    town = Town(live, "of our worker")
    await town.say("agent.tool_use", name="bash", input={"command": "echo by the handler > said"})
    handler = tmp_path / "handler.py"
    handler.write_text(HANDLER)
    command = shlex.join([str(python_environment("anthropic-2")), "-P", str(handler)])
    variables = {"ANTHROPIC_BASE_URL": live.base_url, "ANTHROPIC_ENVIRONMENT_KEY": town.key, "HOME": str(tmp_path)}
    worker = subprocess.Popen(  # noqa: ASYNC220 - of a worker beside the test
        [sys.executable, "-m", "antechamber", "beta:worker", "poll", "--drain", "--environment-id", town.environment,
         "--on-work", command, "--workdir", str(tmp_path)],
        env=clean_environment(variables), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        await asyncio.to_thread(town.results, 1)
        await town.say("session.status_idle", stop_reason={"type": "end_turn"})
        out, err = await asyncio.to_thread(worker.communicate, timeout=_SECONDS)
    finally:
        worker.kill()
        worker.wait()
    assert worker.returncode == 0, err
    assert "ended with 0" in out
    assert (tmp_path / "said").read_text() == "by the handler\n"
