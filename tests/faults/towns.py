"""An organisation that is administered over HTTP: on one server over SQLite, or on two over one PostgreSQL."""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from antechamber.wiring.data_folder import DataFolder
from antechamber.wiring.operator import ask_operator
from tests.faults.calls import MESSAGES
from tests.faults.databases import StoppablePostgres
from tests.faults.processes import Process, Server
from tests.unit.simulated.caller import Caller, Reply

ORGANIZATION = "/v1/organizations"
KEYS = f"{ORGANIZATION}/api_keys"
ADMIN_KEYS = f"{ORGANIZATION}/admin_api_keys"
USERS = f"{ORGANIZATION}/users"
INVITES = f"{ORGANIZATION}/invites"
WORKSPACES = f"{ORGANIZATION}/workspaces"
MODELS = "/v1/models"
VERIFY = "/v1/compliance/activities/verify"
VERSION = {"anthropic-version": "2026-10-21"}
MESSAGE = {"model": "sim-1", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
PEPPER = "the-same-pepper-on-every-node-0123456789"
KEEPER = "keeper@example.com"
SECONDS = 1.0
_PAUSE = 0.02


class Node(Server):
    """One more server over the database of a founded one, with a data folder of its own."""

    def __init__(self, folder: Path, first: Server) -> None:
        folder.mkdir()
        Process.__init__(self, folder / "server.log")
        self.folder = folder
        self.data = folder / "data"
        self.config = first.config
        self.environment = {**first.environment, "ANTE_SERVER_NODE": folder.name}
        self.port = 0
        self.log.touch()
        self.key, self.admin_key, self.organization_id = first.key, first.admin_key, first.organization_id


async def send(
    server: Server, method: str, path: str, body: object = None, secret: str | None = None, **headers: str
) -> Reply:
    """Send one request as an admin key, or with another secret; OSError if no server is there."""
    caller = Caller(server.port)
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        async with asyncio.timeout(40):
            return await caller.ask(path, body, {**VERSION, "x-api-key": secret or server.admin_key, **more}, method)
    finally:
        caller.close()


class Town:
    """An organisation and the servers that serve it."""

    def __init__(self, nodes: Sequence[Server], postgres: StoppablePostgres | None = None) -> None:
        self.nodes = nodes
        self.postgres = postgres
        self._numbers = count(1)
        self._is_kept = False

    @property
    def first(self) -> Server:
        return self.nodes[0]

    @property
    def last(self) -> Server:
        return self.nodes[-1]

    def name(self, noun: str) -> str:
        """Return a name that nothing else has."""
        return f"{noun} {next(self._numbers)}"

    async def act(
        self, method: str, path: str, body: object = None, *, secret: str | None = None, node: Server | None = None
    ) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Do something that must work, on the first node unless told otherwise."""
        reply = await send(node or self.first, method, path, body, secret)
        assert reply.status == 200, (method, path, reply.body)
        return reply.json()

    async def ask_operator(self, act: str, **asked: object) -> Mapping[str, Any]:
        """Ask for something as the operator of the first node."""
        return await ask_operator(DataFolder(self.first.data).operator_socket, act, **asked)

    async def operate(self, act: str, **asked: object) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Do something as the operator that must work."""
        answer = await self.ask_operator(act, **asked)
        assert "result" in answer, answer
        return answer["result"]

    async def workspace(self) -> str:
        """Return a new workspace's id."""
        made = await self.act("POST", WORKSPACES, {"name": self.name("workspace")})
        return str(made["id"])

    async def person(self, role: str) -> tuple[str, str]:
        """Return a new member's id and address; a keeper is there before, for the last member cannot be removed."""
        if not self._is_kept:
            self._is_kept = True
            await self.operate("people.add", email=KEEPER, role="admin")
        email = f"{self.name(role).replace(' ', '-')}@example.com"
        return (await self.operate("people.add", email=email, role=role))["id"], email

    async def resident(self, workspace_id: str, workspace_role: str = "workspace_developer") -> tuple[str, str]:
        """Return a new member's id and address who is in a workspace too."""
        user_id, email = await self.person("user")
        await self.join(workspace_id, user_id, workspace_role)
        return user_id, email

    async def join(self, workspace_id: str, user_id: str, workspace_role: str = "workspace_developer") -> None:
        body = {"user_id": user_id, "workspace_role": workspace_role}
        await self.act("POST", f"{WORKSPACES}/{workspace_id}/members", body)

    async def key(self, **fields: object) -> tuple[str, str]:
        """Return a new API key's id and secret."""
        made = await self.act("POST", KEYS, {"name": self.name("key"), **fields})
        return made["id"], made["secret"]

    async def token(self, scope: str, email: str | None = None) -> str:
        """Return a token, a member's or nobody's."""
        made = await self.operate("token.mint", scope=scope, ttl_seconds=3600, email=email)
        return str(made["access_token"])

    async def statuses(self, secret: str, target: str = MODELS, method: str = "GET") -> list[int]:
        """Return what each node answers."""
        body = MESSAGE if target == MESSAGES else None
        replies = await asyncio.gather(*(send(node, method, target, body, secret) for node in self.nodes))
        return [reply.status for reply in replies]

    async def opens(self, secret: str, target: str = MODELS, method: str = "GET") -> None:
        """Check that a secret opens on every node, and so is in each one's memory."""
        assert await self.statuses(secret, target, method) == [200] * len(self.nodes)

    async def turns(self, secret: str, status: int, target: str = MODELS, method: str = "GET") -> None:
        """Wait at most a second until every node answers so; AssertionError for anything between before and after."""
        seen: list[list[int]] = []
        wanted = [status] * len(self.nodes)
        try:
            async with asyncio.timeout(SECONDS):
                while not seen or seen[-1] != wanted:
                    seen.append(await self.statuses(secret, target, method))
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            raise AssertionError(seen) from None
        # what was forgotten once is not remembered again
        assert await self.statuses(secret, target, method) == wanted

    async def rows(self, statement: str) -> list[dict[str, Any]]:
        """Return what the database answers."""
        if self.postgres is not None:
            return await self.postgres.query(statement)
        with closing(sqlite3.connect(f"file:{self.first.data / 'antechamber.db'}?mode=ro", uri=True)) as link:
            link.row_factory = sqlite3.Row
            return [dict(row) for row in link.execute(statement)]

    async def verify(self, node: Server | None = None) -> None:
        """Check that the audit chain is whole, on the last node unless told otherwise."""
        verdict = await self.act("GET", VERIFY, node=node or self.last)
        assert verdict["ok"], verdict


@contextmanager
def found_alone(folder: Path, config: str = 'simulated = "on"\n') -> Iterator[Town]:
    """Serve an organisation over SQLite."""
    server = Server(folder, config, ANTE_SERVER_PEPPER=PEPPER)
    try:
        server.start()
        yield Town([server])
    finally:
        server.kill()


@contextmanager
def found_pair(folder: Path, config: str = 'simulated = "on"\n') -> Iterator[Town]:
    """Serve an organisation from two nodes over one PostgreSQL."""
    postgres = StoppablePostgres()
    nodes: list[Server] = []
    try:
        variables = {"ANTE_SERVER_PEPPER": PEPPER, "ANTE_SERVER_DATABASE_URL": postgres.url}
        nodes.append(Server(folder, config, **variables))
        nodes.append(Node(folder / "second", nodes[0]))
        for node in nodes:
            node.start()
        yield Town(nodes, postgres)
    finally:
        for node in nodes:
            node.kill()
        postgres.remove()


def check_quiet(town: Town) -> None:
    """Stop the servers, and check that nothing was raised that nobody caught."""
    for node in town.nodes:
        assert node.stop() == 0
        assert '"event": "unhandled"' not in node.logged()
