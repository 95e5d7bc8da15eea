"""A server in memory and a world to run the command in."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from antechamber.base.chance import SeededChance
from antechamber.base.clock import ManualClock
from antechamber.base.outbound import Headers, Outbound, OutboundError, OutboundOptions, OutboundResponse, Sink
from antechamber.cli.app import run
from antechamber.cli.settings import Invocation
from antechamber.cli.world import World
from antechamber.client.environment import Environment

NOW = 1_795_000_000_000_000


@dataclass
class Scripted:
    """An answer to give; `cut` ends the body with an error of that kind."""

    status: int = 200
    body: object = None
    pieces: Sequence[bytes] = ()
    headers: Headers = ()
    cut: str | None = None
    closed: bool = False

    def __post_init__(self) -> None:
        self._rest = [*self.pieces] or ([] if self.body is None else [json.dumps(self.body).encode()])

    async def chunk(self) -> bytes | None:
        if self._rest:
            return self._rest.pop(0)
        if self.cut:
            raise OutboundError(self.cut, "cut")
        return None

    async def body_(self) -> bytes:
        whole, self._rest = b"".join(self._rest), []
        return whole

    async def close(self) -> None:
        self.closed = True


class Answering:
    """Hands a Scripted out as the port's response."""

    def __init__(self, scripted: Scripted) -> None:
        self.status = scripted.status
        self.headers: Headers = [("request-id", "req_1"), *scripted.headers]
        self.chunk = scripted.chunk
        self.body = scripted.body_
        self.close = scripted.close

    async def pour(self, sink: Sink) -> None:
        while piece := await self.chunk():
            if (taken := sink(piece)) is not None:
                await taken


@dataclass
class Sent:
    method: str
    url: str
    headers: dict[str, str]
    body: object


@dataclass
class MemoryServer:
    answers: list[Scripted | OutboundError]
    sent: list[Sent] = field(default_factory=list)

    async def send(self, method: str, url: str, headers: Headers, body: bytes | None = None) -> OutboundResponse:
        self.sent.append(Sent(method, url, dict(headers), None if body is None else json.loads(body)))
        answer = self.answers.pop(0)
        if isinstance(answer, OutboundError):
            raise answer
        return Answering(answer)

    async def close(self) -> None:
        pass


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass
class Ran:
    code: int
    out: str
    err: str
    server: MemoryServer
    slept: list[float]

    @property
    def request(self) -> Sent:
        return self.server.sent[-1]


def ante(
    *arguments: str,
    answers: Sequence[Scripted | OutboundError] = (),
    stdin: str | None = None,
    terminal: bool = False,
    variables: dict[str, str] | None = None,
    home: Path = Path("/nonexistent"),
) -> Ran:
    server = MemoryServer(list(answers))
    out = Terminal() if terminal else io.StringIO()
    err = Terminal() if terminal else io.StringIO()
    slept: list[float] = []

    def connect(_: OutboundOptions) -> Outbound:
        return server

    world = World(
        stdin=Terminal() if stdin is None else io.StringIO(stdin),
        stdout=out,
        stderr=err,
        clock=ManualClock(NOW),
        chance=SeededChance(1),
        sleep=slept.append,
        environment=Environment({"ANTHROPIC_API_KEY": "sk-ant-api03-abcdefghijklmn"} | (variables or {}), home),
        connect=connect,
    )
    return Ran(int(run(arguments, world)), out.getvalue(), err.getvalue(), server, slept)


def invocation(answers: Sequence[Scripted | OutboundError]) -> Invocation:
    """What a shell's completion stands on."""
    server = MemoryServer(list(answers))
    quiet = io.StringIO()
    world = World(
        stdin=Terminal(),
        stdout=quiet,
        stderr=quiet,
        clock=ManualClock(NOW),
        chance=SeededChance(1),
        sleep=lambda _: None,
        environment=Environment({"ANTHROPIC_API_KEY": "sk-ant-api03-abcdefghijklmn"}, Path("/nonexistent")),
        connect=lambda _: server,
    )
    return Invocation(world)


def error(status: int, kind: str, message: str = "no") -> Scripted:
    return Scripted(status, {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})


def sse(*events: dict[str, object]) -> list[bytes]:
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events]
