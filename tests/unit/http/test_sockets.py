"""WebSockets behind the shell: refused in HTTP before they open, in a message after, and logged like the rest."""

import asyncio
import json
from io import BytesIO
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Response

from antechamber.base.chance import SystemChance
from antechamber.base.clock import SystemClock
from antechamber.base.errors import NotFound
from antechamber.base.permissions import Permission
from antechamber.base.principal import ApiKey
from antechamber.base.secret import Secret
from antechamber.http.app import Shell
from antechamber.http.authenticate import Authenticator
from antechamber.http.betas import ManagedAgents
from antechamber.http.context import Context
from antechamber.http.control import build_control
from antechamber.http.log import AccessLog
from antechamber.http.needs import Opened
from antechamber.http.proxies import TrustedProxies
from antechamber.http.sockets import SWITCHING, SocketClosed
from tests.asgi import call
from tests.unit.http.test_control import Keys

BETA = (b"anthropic-beta", b"managed-agents-2026-04-01")
VERSION = (b"anthropic-version", b"2023-06-01")
KEY = (b"x-api-key", b"key")
GOOD = (KEY, VERSION, BETA)


def echoes(gone: list[str]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/echo/{name}")
    async def echo(
        name: str, caller: Annotated[ApiKey, ManagedAgents(Permission.SESSIONS_WRITE)], socket: Opened
    ) -> Response:
        if name == "nobody":
            message = "nobody: there is no such name"
            raise NotFound(message)
        try:
            await socket.accept()
            await socket.send(caller.key_id)
            while (said := await socket.receive()) != "bye":
                if said == "bug":
                    message = "canary"
                    raise RuntimeError(message)
                if said == "lost":
                    message = "lost: is not here"
                    raise NotFound(message)
                await socket.send(said)
        except SocketClosed:
            gone.append(name)
        return Response(status_code=SWITCHING)

    return routes


class Caller:
    """The other end of a handshake, as an ASGI server tells of it."""

    def __init__(self, shell: Shell, path: str, *headers: tuple[bytes, bytes], can_answer: bool = True) -> None:
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.told: asyncio.Queue[Any] = asyncio.Queue()
        self.is_gone = False
        self.put({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "scheme": "ws",
            "http_version": "1.1",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"here"), *headers],
            "client": ("127.0.0.1", 1),
            "extensions": {"websocket.http.response": {}} if can_answer else {},
        }
        self.task = asyncio.ensure_future(shell(scope, self.messages.get, self._send))

    async def _send(self, message: Any) -> None:  # noqa: ANN401 - an ASGI message
        if self.is_gone:
            raise ConnectionError
        self.told.put_nowait(message)

    def put(self, message: dict[str, object]) -> None:
        self.messages.put_nowait(message)

    def say(self, text: str) -> None:
        self.put({"type": "websocket.receive", "text": text})

    async def hear(self) -> Any:  # noqa: ANN401 - an ASGI message
        async with asyncio.timeout(20):
            return await self.told.get()


@pytest.fixture
def gone() -> list[str]:
    return []


@pytest.fixture
def seen() -> list[Context]:
    return []


@pytest.fixture
async def shell(gone: list[str], seen: list[Context]) -> Shell:
    clock, keys = SystemClock(), Keys()
    return Shell(
        control=build_control([echoes(gone)], []),
        raw=[],
        authenticator=Authenticator([keys], keys, clock, Secret("p")),
        clock=clock,
        chance=SystemChance(),
        proxies=TrustedProxies(""),
        log=AccessLog(clock, BytesIO()),
        observe=seen.append,
    )


async def opened(shell: Shell) -> Caller:
    caller = Caller(shell, "/v1/echo/a", *GOOD)
    assert (await caller.hear())["type"] == "websocket.accept"
    assert (await caller.hear())["text"] == "apikey_1"
    return caller


async def test_messages_go_both_ways_and_the_end_is_a_normal_close(shell: Shell, seen: list[Context]) -> None:
    caller = await opened(shell)
    caller.say("hello")
    assert (await caller.hear())["text"] == "hello"
    caller.put({"type": "websocket.receive", "bytes": b"\x00\xff"})
    assert (await caller.hear())["bytes"] == b"\x00\xff"
    caller.say("bye")
    assert await caller.hear() == {"type": "websocket.close", "code": 1000}
    await caller.task
    assert [(context.status, context.method, context.path) for context in seen] == [(101, "GET", "/v1/echo/a")]


@pytest.mark.parametrize(
    ("path", "headers", "status", "said"),
    [
        ("/v1/echo/a", [VERSION, BETA], 401, "No credential"),
        ("/v1/echo/a", [(b"x-api-key", b"other"), VERSION, BETA], 401, "invalid x-api-key"),
        ("/v1/echo/a", [(b"x-api-key", b"admin"), VERSION, BETA], 403, "sessions:write"),
        ("/v1/echo/a", [KEY, VERSION], 404, "managed-agents-2026-04-01"),
        ("/v1/echo/a", [KEY, BETA], 400, "anthropic-version"),
        ("/v1/echo/nobody", GOOD, 404, "no such name"),
        ("/v1/elsewhere", GOOD, 404, "no such path"),
    ],
)
async def test_a_refusal_before_it_opens_is_an_answer_over_http(
    shell: Shell, seen: list[Context], path: str, headers: list[tuple[bytes, bytes]], status: int, said: str
) -> None:
    caller = Caller(shell, path, *headers)
    start, body = await caller.hear(), await caller.hear()
    await caller.task
    assert (start["type"], start["status"]) == ("websocket.http.response.start", status)
    assert body["type"] == "websocket.http.response.body"
    error = json.loads(body["body"])
    assert said in error["error"]["message"]
    assert (b"request-id", error["request_id"].encode()) in start["headers"]
    assert seen[0].status == status


async def test_a_server_that_cannot_answer_in_http_closes(shell: Shell) -> None:
    caller = Caller(shell, "/v1/echo/a", VERSION, BETA, can_answer=False)
    assert await caller.hear() == {"type": "websocket.close", "code": 1008}
    await caller.task
    assert caller.told.empty()


@pytest.mark.parametrize(
    ("word", "code", "kind"), [("lost", 1008, "not_found_error"), ("bug", 1011, "api_error")], ids=["refused", "broken"]
)
async def test_a_refusal_after_it_opened_is_a_message_before_the_close(
    shell: Shell, seen: list[Context], word: str, code: int, kind: str
) -> None:
    caller = await opened(shell)
    caller.say(word)
    error = json.loads((await caller.hear())["text"])
    assert (error["type"], error["error"]["type"]) == ("error", kind)
    assert "canary" not in str(error)
    assert await caller.hear() == {"type": "websocket.close", "code": code}
    await asyncio.wait([caller.task], timeout=20)
    assert seen[0].error == kind


async def test_a_caller_who_leaves_is_noticed_and_told_nothing(shell: Shell, gone: list[str]) -> None:
    caller = await opened(shell)
    caller.put({"type": "websocket.disconnect", "code": 1005})
    await caller.task
    assert (gone, caller.told.empty()) == (["a"], True)
    caller = await opened(shell)
    caller.is_gone = True
    caller.say("hello")
    await caller.task
    assert gone == ["a", "a"]


async def test_a_server_that_stops_cuts_an_open_socket(shell: Shell) -> None:
    caller = await opened(shell)
    shell.cut()
    assert json.loads((await caller.hear())["text"])["error"]["message"].startswith("The server is stopping")
    assert (await caller.hear())["type"] == "websocket.close"


async def test_who_comes_without_a_socket_is_told_to_bring_one(shell: Shell) -> None:
    headers = {name.decode(): value.decode() for name, value in GOOD}
    answer = await call(shell, "GET", "/v1/echo/a", headers=headers)
    assert answer.status == 400
    assert "Upgrade: websocket" in answer.body.decode()
