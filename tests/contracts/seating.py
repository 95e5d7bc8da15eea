"""Agents, sessions and work over one database, with sandboxes in memory that remember what they were asked for."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from antechamber.adapters.sandboxes.memory import MemorySandboxes
from antechamber.base.actor import OPERATOR
from antechamber.base.chance import SystemChance
from antechamber.base.clock import SystemClock
from antechamber.base.ids import EnvironmentId, WorkspaceId
from antechamber.features.agents.model import Definition, McpServer, ModelChoice
from antechamber.features.environments.model.builds import Prepared
from antechamber.features.environments.model.configs import CloudDraft, ConfigDraft, SelfHostedConfig
from antechamber.features.environments.model.environments import Environment, EnvironmentDraft
from antechamber.features.environments.model.networking import NetworkingDraft
from antechamber.features.environments.model.sandbox import HostRule, Limits, SandboxError, SandboxSpec
from antechamber.features.environments.ports.sandboxes import Sandbox
from antechamber.features.environments.service.shells import Rooms, Surroundings
from antechamber.features.environments.service.work import Queue
from antechamber.features.sessions.model.sessions import AgentChoice, Reach, SessionDraft
from antechamber.features.sessions.service import Containers
from antechamber.features.sessions.service.sessions import Shown
from antechamber.wiring.environments import build_environments
from antechamber.wiring.sessions import build_sessions
from tests.contracts.tenants import MINE, PEPPER, Services

ROOM = WorkspaceId("wrkspc_1")
REGISTRY = HostRule("registry.example", "pip")
_SECONDS = 30


class Recording(MemorySandboxes):
    """Sandboxes in memory that can be told to fail, and keep what they were asked for."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.specs: list[SandboxSpec] = []
        self.failures: list[SandboxError] = []

    async def create(self, spec: SandboxSpec) -> Sandbox:
        self.specs.append(spec)
        if self.failures:
            raise self.failures.pop(0)
        return await super().create(spec)


class Seating:
    """The services of one workspace; `open` makes a node that looks after its containers, again after a `close`."""

    def __init__(self, made: Services) -> None:
        self.made = made
        self.sandboxes = Recording()
        self.prepared: list[Environment] = []
        self.unbuilt: list[Exception] = []
        self.forgotten: list[str] = []
        under = made.database, made.clock, SystemChance()
        self.environments = build_environments(*under, made.audit)
        self.services = build_sessions(self.environments, *under, PEPPER, made.audit, "local")
        self.containers: Containers | None = None

    async def prepare(self, environment: Environment) -> Prepared:
        self.prepared.append(environment)
        if self.unbuilt:
            raise self.unbuilt.pop(0)
        return Prepared("host")

    async def read(self, sandbox_id: str, *, after: int = 0, limit: int = 1000) -> Sequence[Mapping[str, object]]:
        del sandbox_id, after, limit
        return []

    async def remove(self, sandbox_id: str) -> None:
        self.forgotten.append(sandbox_id)

    def open(self) -> Containers:
        around = Surroundings(Limits(pids=7), (REGISTRY,), ("blocked.example",), {"LANG": "C"}, {"/etc/x": b"y"})
        rooms = Rooms(self.sandboxes, self, lambda: around)
        self.containers = self.services.open_containers(self.environments, rooms, self)
        self.containers.start()
        return self.containers

    async def close(self) -> None:
        if self.containers is not None:
            await self.containers.stop()

    async def environment(self, name: str, config: ConfigDraft | None = None) -> Environment:
        return await self.environments.environments.create(
            MINE, ROOM, EnvironmentDraft(name=name, config=config), OPERATOR
        )

    async def limited(self, name: str, networking: NetworkingDraft) -> Environment:
        return await self.environment(name, CloudDraft(networking=networking))

    async def session(self, environment: Environment, *servers: McpServer) -> Shown:
        tools = tuple({"type": "mcp_toolset", "mcp_server_name": server.name, "configs": []} for server in servers)
        said = Definition("coder", ModelChoice("claude"), tools=tools, mcp_servers=servers)
        agent = await self.services.agents.create(MINE, ROOM, said, OPERATOR)
        draft = SessionDraft(AgentChoice(agent.id), environment.id)
        return await self.services.sessions.create(MINE, ROOM, draft, OPERATOR)

    async def again(self, shown: Shown) -> Shown:
        return await self.services.sessions.get(Reach(MINE, ROOM), shown.session.id)

    async def until(self, shown: Shown, condition: Callable[[Shown], bool]) -> Shown:
        """Return a session once it is as wanted."""
        async with asyncio.timeout(_SECONDS):
            while True:
                found = await self.again(shown)
                if condition(found):
                    return found
                await asyncio.sleep(0.01)

    async def until_gone(self, shown: Shown) -> None:
        async with asyncio.timeout(_SECONDS):
            while True:
                if shown.session.id in self.forgotten and await self.sandboxes.find(shown.session.id) is None:
                    return
                await asyncio.sleep(0.01)


def queue_of(environment: Environment) -> Queue:
    return Queue(MINE, ROOM, EnvironmentId(environment.id))


SELF_HOSTED = SelfHostedConfig()
