"""Asks a house's endpoints of agents, sessions and work as a workspace's programs and its workers do."""

import asyncio
import base64
import json
from typing import Any, Final

from tests.api.conftest import House
from tests.api.rooms import Room
from tests.asgi import Answer

AGENTS: Final = "/v1/agents"
SESSIONS: Final = "/v1/sessions"
MODEL: Final = "claude-sim-agent-1"
SELF_HOSTED: Final = {"type": "self_hosted"}
_PAUSE_SECONDS: Final = 0.02


class Seat(Room):
    """A workspace with an agent to start from."""

    async def post(self, path: str, body: object = None, **headers: str | None) -> dict[str, Any]:
        answer = await self.ask("POST", path, {} if body is None else body, **headers)
        assert answer.status == 200, answer.body
        made: dict[str, Any] = answer.json()
        return made

    async def agent(self, name: str = "coder", **fields: object) -> dict[str, Any]:
        return await self.post(AGENTS, {"name": name, "model": MODEL, **fields})

    async def session(self, environment: dict[str, Any] | None = None, **fields: object) -> dict[str, Any]:
        """Start a session, of an agent and in an environment of its own unless told."""
        where = environment or await self.make(f"room {len(await self.names('?limit=1000'))}")
        agent = fields.pop("agent", None) or (await self.agent())["id"]
        return await self.post(SESSIONS, {"agent": agent, "environment_id": where["id"], **fields})

    async def until(self, session: dict[str, Any], state: str) -> dict[str, Any]:
        """Return a session once its container is in a state."""
        async with asyncio.timeout(30):
            while True:
                found: dict[str, Any] = await self.get(f"{SESSIONS}/{session['id']}")
                if found["container"]["state"] == state:
                    return found
                await asyncio.sleep(_PAUSE_SECONDS)

    async def hire(self, environment: dict[str, Any], **fields: object) -> "Worker":
        """Make an environment key, and return who works with it."""
        made = await self.post(f"/v1/environments/{environment['id']}/keys", {"name": "worker", **fields})
        return Worker(self.house, environment, made["key"])


class Worker(Room):
    """A worker of an environment, who sends its key as a bearer."""

    def __init__(self, house: House, environment: dict[str, Any], key: str) -> None:
        super().__init__(house, key)
        self.root = f"/v1/environments/{environment['id']}/work"

    async def ask(self, method: str, path: str = "", body: object = None, **headers: str | None) -> Answer:
        bearer = {"authorization": f"Bearer {self.key}", "x_api_key": None}
        return await super().ask(method, path or self.root, body, **{**bearer, **headers})

    async def poll(self, query: str = "", worker_id: str | None = None) -> dict[str, Any] | None:
        answer = await self.ask("GET", f"{self.root}/poll{query}", anthropic_worker_id=worker_id)
        assert answer.status == 200, answer.body
        found: dict[str, Any] | None = answer.json()
        return found

    async def act(self, work: dict[str, Any], act: str, body: object = None) -> Answer:
        return await self.ask("POST", f"{self.root}/{work['id']}/{act}", body)

    async def beat(self, work: dict[str, Any], expected: str, ttl: int | None = None) -> Answer:
        wanted = "" if ttl is None else f"&desired_ttl_seconds={ttl}"
        return await self.act(work, f"heartbeat?expected_last_heartbeat={expected}{wanted}")

    def with_token(self, work: dict[str, Any]) -> "Worker":
        """Return the worker with what an item's secret holds in place of the environment's key."""
        secret = work["secret"]
        payload = json.loads(base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4)))
        other = Worker.__new__(Worker)
        Room.__init__(other, self.house, payload["sessions_token"])
        other.root = self.root
        return other
