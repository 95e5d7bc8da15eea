"""The simulated upstream: a server on a port, which paths it knows, and what becomes of a request."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec

from antechamber.adapters.providers.simulated import models, staging
from antechamber.adapters.providers.simulated.answer import Answer, Ask, Refused, Usage
from antechamber.adapters.providers.simulated.caching import PrefixCache
from antechamber.adapters.providers.simulated.composing import compose
from antechamber.adapters.providers.simulated.connection import Connection, Malformed, Request
from antechamber.adapters.providers.simulated.dialects.chat import Chat
from antechamber.adapters.providers.simulated.dialects.complete import Complete
from antechamber.adapters.providers.simulated.dialects.messages import Messages, check_version
from antechamber.adapters.providers.simulated.dialects.port import Dialect
from antechamber.adapters.providers.simulated.playback import Cue, Item, Playback
from antechamber.adapters.providers.simulated.scenario import (
    BEFORE_HEADERS,
    ENDLESS,
    Scenario,
    apply,
    find_directive,
    parse_pairs,
    strip_directives,
)
from antechamber.adapters.providers.simulated.scenarios import load_scenarios
from antechamber.adapters.providers.simulated.signing import ThinkingSeal
from antechamber.adapters.providers.simulated.ticks import Ticks
from antechamber.adapters.providers.simulated.truth import TruthLedger, TruthRecord
from antechamber.base.chance import SeededChance
from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.tokens import estimate

COUNT_TOKENS: Final = "/v1/messages/count_tokens"
CHAT: Final = "/v1/chat/completions"
TRUTH: Final = "/sim/truth"
TOO_MANY: Final = 429
MOST_COUNTED: Final = 10_000
_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PLAIN_ERRORS: Final = Messages()


@dataclass(slots=True)
class _Exchange:
    """A request for a generation and what belongs to it."""

    connection: Connection
    request: Request
    dialect: Dialect
    record: TruthRecord
    scenario: Scenario

    def head(self, kind: str, length: int | None, extra: Iterable[tuple[str, str]] = ()) -> bytes:
        status, keep = self.record.status, self.connection.keeps()
        return staging.head(status, self.record.id, kind=kind, length=length, keep=keep, extra=extra)


class SimulatedUpstream:
    """A model provider that answers by rule; see docs/guides/simulated-models.md.

    `seed` decides ids, signatures and every drawn number. With `key`, requests under `/v1/` need it in `x-api-key` or
    as a bearer token. `port` is 0 until it listens. ScenarioFileError when `scenario_file` is not understood.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        seed: int | str = 0,
        truth: Path | None = None,
        scenario_file: Path | None = None,
        key: str | None = None,
    ) -> None:
        self.ledger = TruthLedger(clock, truth)
        self.connections: set[Connection] = set()
        self.port = 0
        self._clock = clock
        self._seed = seed
        self._key = key
        self._scenarios = load_scenarios(scenario_file)
        self._seal = ThinkingSeal(seed)
        self._cache = PrefixCache(clock)
        self._dialects: dict[str, Dialect] = {
            "/v1/messages": Messages(),
            COUNT_TOKENS: Messages(counting=True),
            "/v1/complete": Complete(),
            CHAT: Chat(),
        }
        digest = hashlib.sha256(f"ids:{seed}".encode()).digest()
        self._prefix = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:12])
        self._count = 0
        self._attempts: dict[tuple[str, str, str], int] = {}
        self._server: asyncio.Server | None = None
        self._ticks: Ticks | None = None

    @property
    def truth(self) -> TruthLedger:
        """What was really produced."""
        return self.ledger

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen and return the port (`port` 0: one that is free)."""
        loop = asyncio.get_running_loop()
        self._ticks = Ticks(loop)
        self._server = await loop.create_server(lambda: Connection(self), host, port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        """Stop listening, drop every connection (open records end as `error`) and close the truth file."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.shut()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None
        self.ledger.close()

    def handle(self, connection: Connection, request: Request) -> None:
        """Answer a request, now or by a playback."""
        self._count += 1
        request_id = f"req_01{self._prefix}{self._count:010d}"
        dialect = self._dialects.get(request.path)
        try:
            if request.path.startswith("/v1/"):
                self._admit(request)
            if dialect is not None and request.method == "POST":
                self._generate(connection, request, dialect, request_id)
            else:
                self._look_up(connection, request, request_id)
        except Refused as error:
            shape = self._dialects[CHAT] if _speaks_openai(request) else _PLAIN_ERRORS
            body = shape.error(error.status, error.kind, error.message, request_id)
            keep = connection.keeps()
            top = staging.head(error.status, request_id, kind=staging.JSON, length=len(body), keep=keep)
            connection.answer(top if request.method == "HEAD" else top + body)

    def malformed(self, connection: Connection, error: Malformed) -> None:
        """Answer bytes that were no request and close."""
        self._count += 1
        request_id = f"req_01{self._prefix}{self._count:010d}"
        refused = Refused(error.status, error.message)
        body = _PLAIN_ERRORS.error(refused.status, refused.kind, refused.message, request_id)
        top = staging.head(error.status, request_id, kind=staging.JSON, length=len(body), keep=False)
        connection.answer(top + body)

    def _admit(self, request: Request) -> None:
        if self._key is not None and not hmac.compare_digest(_credential(request).encode(), self._key.encode()):
            raise Refused(401, "invalid x-api-key")

    def _look_up(self, connection: Connection, request: Request, request_id: str) -> None:
        """Answer everything that is not a generation."""
        path, method = request.path, "GET" if request.method == "HEAD" else request.method
        if path == TRUTH and method == "GET":
            body = self.ledger.dump()
        elif path == TRUTH and method == "DELETE":
            self.ledger.clear()
            body = b"{}"
        elif method == "GET" and path in ("/", "/api/hello"):
            body = b'{"name":"antechamber simulated models"}'
        elif method == "GET" and (path == "/v1/models" or path.startswith("/v1/models/")):
            body = _models(request)
        else:
            raise Refused(404, f"Not found: {request.method} {path}")
        keep = connection.keeps()
        top = staging.head(200, request_id, kind=staging.JSON, length=len(body), keep=keep)
        connection.answer(top if request.method == "HEAD" else top + body)

    def _generate(self, connection: Connection, request: Request, dialect: Dialect, request_id: str) -> None:
        record = TruthRecord(
            id=request_id,
            request_id=request.headers.get("x-antechamber-request-id"),
            at=self._clock.now(),
            path=request.path,
            model="",
        )
        turn = _Exchange(connection, request, dialect, record, self._scenarios.defaults)
        try:
            answer = self._compose(turn)
        except Refused as error:
            record.status = error.status
            self.ledger.open(record)
            self._refuse(turn, error)
            return
        self.ledger.open(record)
        if answer is None:
            body = msgspec.json.encode({"input_tokens": record.input_tokens})
            connection.answer(turn.head(staging.JSON, len(body)) + body, record)
        elif record.stream:
            self._stream(turn, answer)
        else:
            self._whole(turn, answer)

    def _compose(self, turn: _Exchange) -> Answer | None:
        """Read the request and decide the answer; None for a count of tokens."""
        record, request = turn.record, turn.request
        ask = turn.dialect.read(request.body, request.headers, self._seal)
        record.model, record.stream = ask.model, ask.stream
        scenario = turn.scenario = self._scenario(ask, request)
        if scenario.close:
            turn.connection.last()
        if scenario.status:
            raise Refused(scenario.status, scenario.message or f"Simulated error {scenario.status}")
        if scenario.events == ENDLESS and not ask.stream:
            raise Refused(400, "sim: events=inf needs a streamed request")
        if ask.model not in models.CANONICAL:
            raise Refused(404, f"model: {ask.model}")
        ask.model = record.model = models.CANONICAL[ask.model]
        ask.prompt = strip_directives(ask.prompt)
        counting = request.path == COUNT_TOKENS
        if ask.cacheable and not counting:
            usage = self._cache.account(request.body, f"{ask.model}|{_credential(request)}")
        else:
            usage = Usage(input=estimate(len(request.body)))
        record.input_tokens, record.cache_read = usage.input, usage.cache_read
        record.cache_5m, record.cache_1h = usage.cache_5m, usage.cache_1h
        if counting:
            return None
        answer = Answer(
            answer_id=f"msg_01{record.id[6:]}",
            model=ask.model,
            created=record.at // MICROSECONDS,
            usage=usage,
            include_usage=ask.include_usage,
        )
        compose(ask, scenario, answer, self._seal)
        record.output_tokens = usage.output
        return answer

    def _scenario(self, ask: Ask, request: Request) -> Scenario:
        """Lay the file's rule, the prompt's directive and the `x-sim` header over each other, in this order."""
        scenario, chosen_by = self._scenarios.choose(ask.model, request.path, ask.prompt, request.headers)
        scenario = apply(scenario, find_directive(ask.prompt))
        header = request.headers.get("x-sim", "")
        if header:
            scenario = apply(scenario, parse_pairs(header))
        if scenario.times:
            key = (chosen_by, header, ask.prompt)
            attempt = self._attempts[key] = self._attempts.pop(key, 0) + 1
            if len(self._attempts) > MOST_COUNTED:
                del self._attempts[next(iter(self._attempts))]
            if attempt > scenario.times:
                return scenario.without_faults()
        if scenario.probability < 1 and self._chance().uniform(0, 1) >= scenario.probability:
            return scenario.without_faults()
        return scenario

    def _chance(self) -> SeededChance:
        # One source per request: what one request draws does not depend on how others are interleaved with it.
        return SeededChance(f"{self._seed}:{self._count}")

    def _stream(self, turn: _Exchange, answer: Answer) -> None:
        scenario, record = turn.scenario, turn.record
        framed = turn.request.modern
        if not framed:
            turn.connection.last()
        top = turn.head(staging.EVENTS, None if framed else -1, self._limits(turn))
        headers_delay, first_delay = self._delays(scenario)
        error = turn.dialect.error_frame(
            scenario.error_type, scenario.message or "Simulated error in the stream", record.id
        )
        frames = turn.dialect.frames(answer, scenario)
        self._play(turn, top, staging.staged(frames, scenario, first_delay, error), headers_delay, chunked=framed)

    def _whole(self, turn: _Exchange, answer: Answer) -> None:
        scenario, record = turn.scenario, turn.record
        if scenario.error is not None:
            message = scenario.message or "Simulated error in the body"
            body = turn.dialect.error(200, scenario.error_type, message, record.id)
            record.status = 200
            weight = 0
        else:
            body = turn.dialect.whole(answer, scenario)
            weight = sum(block.pieces.size() or 0 for block in answer.blocks)
        if scenario.content_length > 0:
            turn.connection.last()
        top = turn.head(staging.JSON, max(0, len(body) + scenario.content_length), self._limits(turn))
        if scenario.answers_at_once():
            record.produced_bytes = weight
            self.ledger.end(record, "complete" if scenario.error is None else "error")
            turn.connection.answer(top + body)
            return
        headers_delay, first_delay = self._delays(scenario)
        delay = first_delay + staging.generating_seconds(answer, scenario)
        # A whole answer's headers come when it is ready, unless it is to be cut somewhere in its body.
        self._play(turn, top, staging.whole(body, weight, scenario), headers_delay + delay, chunked=False)

    def _play(self, turn: _Exchange, top: bytes, items: Iterator[Item], delay: float, *, chunked: bool) -> None:
        assert self._ticks is not None  # noqa: S101 - a connection exists only after start
        playback = Playback(
            turn.connection,
            items,
            turn.record,
            self.ledger,
            turn.scenario,
            chunked=chunked,
            paced=turn.record.stream,
            ticks=self._ticks,
        )
        turn.connection.begin(playback, turn.record)
        if turn.scenario.reset == BEFORE_HEADERS:
            self.ledger.end(turn.record, "reset")
            turn.connection.reset()
        elif turn.scenario.hang == BEFORE_HEADERS:
            playback.hold()
        else:
            playback.start(top, delay)

    def _delays(self, scenario: Scenario) -> tuple[float, float]:
        if scenario.headers is None and scenario.ttft is None:
            return 0.0, 0.0
        chance = cache(self._chance)
        headers = scenario.headers.seconds(chance) if scenario.headers is not None else 0.0
        return headers, scenario.ttft.seconds(chance) if scenario.ttft is not None else 0.0

    def _limits(self, turn: _Exchange) -> list[tuple[str, str]]:
        if not turn.scenario.ratelimit:
            return []
        return staging.limit_headers(turn.request.path, self._clock.now(), exhausted=False)

    def _refuse(self, turn: _Exchange, error: Refused) -> None:
        """Answer a generation with an error, after the scenario's delay if it has one."""
        scenario, record = turn.scenario, turn.record
        body = turn.dialect.error(error.status, error.kind, error.message, record.id)
        extra: list[tuple[str, str]] = []
        if error.status == TOO_MANY or scenario.ratelimit:
            exhausted = error.status == TOO_MANY
            extra = staging.limit_headers(turn.request.path, self._clock.now(), exhausted=exhausted)
        retry_after = scenario.retry_after
        if retry_after is None and error.status == TOO_MANY:
            retry_after = 1
        if retry_after is not None:
            extra.append(("retry-after", f"{retry_after:g}"))
        top = turn.head(staging.JSON, len(body), extra)
        record.stream = False
        turn.scenario = scenario.without_faults()
        if scenario.headers is None:
            turn.connection.answer(top + body, record)
            return
        delay, _ = self._delays(scenario)
        self._play(turn, top, iter([(body, 0), Cue("ended", ended="error")]), delay, chunked=False)


def _speaks_openai(request: Request) -> bool:
    catalogue = request.path.startswith("/v1/models") and "anthropic-version" not in request.headers
    return catalogue or request.path == CHAT


def _credential(request: Request) -> str:
    headers = request.headers
    return headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")


def _models(request: Request) -> bytes:
    """Return the catalogue or one entry, in Anthropic's shape when the version header is there, else in OpenAI's."""
    anthropic = "anthropic-version" in request.headers
    if anthropic:
        check_version(request.headers)
    if request.path == "/v1/models":
        try:
            return models.anthropic_page(request.arguments()) if anthropic else models.openai_page()
        except ValueError:
            raise Refused(400, "limit: Input should be a valid integer") from None
    name = unquote(request.path.removeprefix("/v1/models/"))
    if name not in models.CANONICAL:
        raise Refused(404, f"model: {name}")
    return msgspec.json.encode(models.anthropic_model(name) if anthropic else models.openai_model(name))


async def serve_simulated(
    host: str,
    port: int,
    *,
    clock: Clock,
    seed: int | str = 0,
    truth: Path | None = None,
    scenario_file: Path | None = None,
    key: str | None = None,
    ready: Callable[[int], None] | None = None,
) -> None:
    """Serve until cancelled; `ready` is told the port."""
    upstream = SimulatedUpstream(clock=clock, seed=seed, truth=truth, scenario_file=scenario_file, key=key)
    try:
        bound = await upstream.start(host, port)
        if ready is not None:
            ready(bound)
        await asyncio.get_running_loop().create_future()
    finally:
        await upstream.stop()
