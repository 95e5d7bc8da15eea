"""`ante environments shell` between pipes, against a server that speaks the messages of a shell."""

import asyncio
import contextlib
import io
import json
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from antechamber.base.outbound import OutboundOptions
from antechamber.cli.environments.attaching import Place, attach
from antechamber.cli.exits import Exit
from antechamber.cli.world import World
from antechamber.client.failures import ServerRefused, ServerUnreachable
from antechamber.client.http import Static
from tests.unit.cli.wire import Scripted, ante, error, invocation

Talk = Callable[[ServerConnection], Awaitable[None]]
STARTED = json.dumps({"type": "started", "sandbox_id": "shell_1"})
KEY = ("x-api-key", "k")


def ended(code: int, **how: object) -> str:
    return json.dumps({"type": "exit", "code": code, "signal": None, "oom": False, "timed_out": False, **how})


@dataclass
class Pipes:
    """A world whose stdin is what a test gives."""

    stdin: str | int = ""
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)

    @contextlib.contextmanager
    def world(self) -> Iterator[World]:
        given = io.StringIO(self.stdin) if isinstance(self.stdin, str) else os.fdopen(self.stdin, encoding="utf-8")
        with given:
            yield replace(invocation([]).world, stdin=given, stdout=self.out, stderr=self.err)


@contextlib.asynccontextmanager
async def peer(talk: Talk) -> AsyncIterator[Place]:
    async with serve(talk, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield Place(f"http://127.0.0.1:{port}", "env_1", Static([KEY]), OutboundOptions(user_agent="antechamber-cli/1"))


async def run(talk: Talk, pipes: Pipes, *program: str) -> int:
    async with asyncio.timeout(30), peer(talk) as place:
        with pipes.world() as world:
            return await attach(place, world, list(program), tty=False)


async def test_a_program_is_asked_for_and_its_output_and_code_come_back() -> None:
    seen: list[object] = []

    async def talk(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.extend(
            [socket.request.path, socket.request.headers["anthropic-beta"], socket.request.headers["x-api-key"]]
        )
        seen.append(json.loads(await socket.recv()))
        await socket.send(STARTED)
        await socket.send(b"\x01out\n")
        await socket.send(b"\x02err\n")
        await socket.send(ended(7))

    pipes = Pipes()
    assert await run(talk, pipes, "ls", "-la") == 7
    assert (pipes.out.getvalue(), pipes.err.getvalue()) == ("out\n", "err\n")
    path, beta, key, start = seen
    assert (path, beta, key) == ("/v1/environments/env_1/shell", "managed-agents-2026-04-01", "k")
    assert start == {
        "type": "start",
        "command": ["ls", "-la"],
        "tty": False,
        "rows": 24,
        "columns": 80,
        "environment": {},
    }


def fed(writing: int, text: str) -> None:
    with os.fdopen(writing, "w") as stream:
        stream.write(text)


@pytest.mark.parametrize("kind", ["text", "file", "pipe", "nothing"])
async def test_what_is_piped_in_arrives_and_so_does_its_end(kind: str, tmp_path: Path) -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(STARTED)
        heard = b""
        while isinstance(message := await socket.recv(), bytes):
            heard += message
        assert json.loads(message) == {"type": "end_input"}
        await socket.send(b"\x01" + heard)
        await socket.send(ended(0))

    text = "" if kind == "nothing" else "a line\n" * 20_000
    pipes = Pipes(os.open(os.devnull, os.O_RDONLY) if kind == "nothing" else text)
    if kind == "file":
        (tmp_path / "in").write_text(text)
        pipes = Pipes(os.open(tmp_path / "in", os.O_RDONLY))
    if kind == "pipe":
        reading, writing = os.pipe()
        threading.Thread(target=fed, args=(writing, text)).start()
        pipes = Pipes(reading)
    assert await run(talk, pipes) == 0
    assert pipes.out.getvalue() == text


async def test_a_program_that_ends_first_does_not_wait_for_stdin() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(STARTED)
        await socket.send(ended(3))

    reading, writing = os.pipe()
    try:
        assert await run(talk, Pipes(reading)) == 3
    finally:
        os.close(writing)


async def test_why_a_program_was_ended_is_said() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(STARTED)
        await socket.send(ended(137, signal=9, oom=True))

    pipes = Pipes()
    assert await run(talk, pipes) == 137
    assert "more memory" in pipes.err.getvalue()


@pytest.mark.parametrize("first", [[], [STARTED]], ids=["before", "after"])
async def test_an_error_of_the_server_is_an_error_here(first: list[str]) -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        body = {"type": "error", "error": {"type": "api_error", "message": "no base 'standard'"}, "request_id": "req_1"}
        for message in (*first, json.dumps(body)):
            await socket.send(message)
        await socket.close(1011)

    with pytest.raises(ServerRefused, match="no base 'standard'") as refused:
        await run(talk, Pipes())
    assert (refused.value.status, refused.value.request_id) == (500, "req_1")


@pytest.mark.parametrize("messages", [[], [STARTED], [STARTED, "{}"]], ids=["at once", "later", "nonsense"])
async def test_a_conversation_that_breaks_off_is_no_end(messages: list[str]) -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        for message in messages:
            await socket.send(message)

    with pytest.raises(ServerUnreachable) as cut:
        await run(talk, Pipes())
    assert cut.value.kind == "reset"


async def test_nobody_at_the_address_is_told() -> None:
    place = Place("http://127.0.0.1:1", "env_1", Static([KEY]), OutboundOptions())
    with Pipes().world() as world, pytest.raises(ServerUnreachable) as missing:
        await attach(place, world, [], tty=False)
    assert missing.value.kind == "refused"


async def test_a_refused_handshake_is_the_error_in_its_body() -> None:
    class Refusing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = json.dumps({"type": "error", "error": {"type": "permission_error", "message": "not you"}}).encode()
            self.send_response(403)
            self.send_header("request-id", "req_9")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        place = Place(f"http://127.0.0.1:{server.server_port}", "env_1", Static([KEY]), OutboundOptions())
        with Pipes().world() as world, pytest.raises(ServerRefused, match="not you") as refused:
            await attach(place, world, [], tty=False)
        assert (refused.value.status, refused.value.request_id) == (403, "req_9")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_token_that_was_replaced_is_asked_for_once_more() -> None:
    class Renewing:
        can_renew = True
        asked = 0

        def headers(self, refused: object = None) -> list[tuple[str, str]]:
            self.asked += 1
            return [("authorization", "Bearer new" if refused else "Bearer old")]

    async def check(socket: ServerConnection, request: object) -> object:
        fresh = getattr(request, "headers", {}).get("authorization") == "Bearer new"
        return None if fresh else socket.respond(401, "no")

    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(STARTED)
        await socket.send(ended(0))

    signer = Renewing()
    async with asyncio.timeout(30), serve(talk, "127.0.0.1", 0, process_request=check) as server:  # type: ignore[arg-type]
        port = next(iter(server.sockets)).getsockname()[1]
        place = Place(f"http://127.0.0.1:{port}", "env_1", signer, OutboundOptions())
        with Pipes().world() as world:
            assert await attach(place, world, [], tty=False) == 0
    assert signer.asked == 2


def test_an_environment_that_is_not_there_opens_nothing() -> None:
    ran = ante(
        "environments", "shell", "env_1", answers=[error(404, "not_found_error", "Environment not found: env_1")]
    )
    assert (ran.code, "Environment not found" in ran.err) == (Exit.NOT_FOUND, True)


def test_a_build_that_fails_is_shown_before_anything_is_opened() -> None:
    environment = Scripted(
        body={"id": "env_1", "config": {"type": "cloud", "packages": {"type": "packages", "pip": ["x"]}}}
    )
    failed = {"id": "build_1", "environment_id": "env_1", "state": "failed", "managers": []}
    answers = [environment, Scripted(body={**failed, "state": "building"}), Scripted(body=failed)]
    ran = ante("environments", "shell", "env_1", answers=[*answers, Scripted(body={"text": "", "is_complete": True})])
    assert "failed: " in ran.err
    assert ran.code != Exit.OK


def test_a_shell_wants_to_know_where() -> None:
    ran = ante("environments", "shell")
    assert (ran.code, "say which environment" in ran.err) == (Exit.USAGE, True)
