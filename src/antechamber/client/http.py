"""Calls of the server, one after the other: authentication, versions, retries, typed errors, events and pages."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar
from urllib.parse import quote, urlencode

from antechamber import __version__
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.outbound import Headers, Outbound, OutboundError, OutboundResponse
from antechamber.client.events import EventReader, ServerEvent
from antechamber.client.failures import ServerRefused, ServerUnreachable
from antechamber.client.retries import MAX_RETRIES, is_worth_retrying, wait_seconds

T = TypeVar("T")
_UNAUTHORIZED: Final = 401

VERSION: Final = "2026-10-21"
USER_AGENT: Final = f"antechamber-cli/{__version__}"
_FIRST_ERROR: Final = 400

Query = Iterable[tuple[str, object]]


class Watcher(Protocol):
    """Is told of every try, for --debug."""

    def sent(self, method: str, url: str, headers: Headers, body: bytes | None) -> None:
        """Hear that a request is about to go out."""

    def received(self, status: int, headers: Headers, seconds: float) -> None:
        """Hear that its answer's headers came after `seconds`."""


class _Silent:
    def sent(self, method: str, url: str, headers: Headers, body: bytes | None) -> None:
        """Say nothing."""

    def received(self, status: int, headers: Headers, seconds: float) -> None:
        """Say nothing."""


class Signer(Protocol):
    """Says who calls, for each request anew (`signing.Credentials`)."""

    @property
    def can_renew(self) -> bool:
        """True if a 401 may be answered by asking for other headers."""
        ...

    def headers(self, refused: Headers | None = None) -> Headers:
        """Return the headers; given those that were answered with 401, others."""
        ...


@dataclass(frozen=True, slots=True)
class Static:
    """Headers that stay as they are."""

    fixed: Headers = ()
    can_renew: bool = False

    def headers(self, refused: Headers | None = None) -> Headers:
        """Return them."""
        del refused
        return self.fixed


@dataclass(frozen=True, slots=True)
class Timing:
    """Where a server's calls get time and randomness from."""

    clock: Clock
    chance: Chance
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer with a status below 400; header names in lower case, the last value of a repeated one."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """Read the body as JSON; None when there is no body, ValueError when it is something else."""
        found: object = json.loads(self.body) if self.body.strip() else None
        return found


class Stream:
    """An answer that comes in pieces."""

    def __init__(self, server: "Server", method: str, url: str, response: OutboundResponse) -> None:
        self._server = server
        self._method = method
        self._url = url
        self._response = response
        self.status = response.status
        self.headers = dict(response.headers)

    def pieces(self) -> Iterator[bytes]:
        """Yield the body's bytes as they come; ServerUnreachable when it is cut."""
        while (piece := self._server.wait(self._response.chunk(), self._method, self._url)) is not None:
            yield piece

    def events(self) -> Iterator[ServerEvent]:
        """Yield events until the stream ends; an `error` event raises ServerRefused."""
        reader = EventReader()
        for piece in self.pieces():
            for event in reader.feed(piece):
                if event.name == "error":
                    raise ServerRefused.from_event(self._method, self._url, self.headers, event.data)
                yield event


@dataclass(slots=True)
class Server:
    """A server and the one who calls it; a context manager, since it owns connections and an event loop."""

    base_url: str
    outbound: Outbound
    timing: Timing
    credentials: Signer = field(default_factory=Static)
    max_retries: int = MAX_RETRIES
    watcher: Watcher = field(default_factory=_Silent)
    _runner: asyncio.Runner = field(default_factory=asyncio.Runner)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self.outbound.close())
        self._runner.close()

    def call(self, method: str, path: str, *, query: Query = (), body: object = None, headers: Headers = ()) -> Answer:
        """Send a request and return the whole answer; ServerRefused for an error, ServerUnreachable for none."""
        with self.stream(method, path, query=query, body=body, headers=headers) as stream:
            return Answer(stream.status, stream.headers, b"".join(stream.pieces()))

    @contextmanager
    def stream(
        self, method: str, path: str, *, query: Query = (), body: object = None, headers: Headers = ()
    ) -> Iterator[Stream]:
        """Send a request and hand out its answer as it comes; the connection is dropped at the block's end."""
        url = self.base_url + path + encode_query(query)
        data = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        response = self._persist(method, url, headers, data)
        try:
            yield Stream(self, method, url, response)
        finally:
            self._runner.run(response.close())

    def wait(self, step: Coroutine[object, object, T], method: str, url: str) -> T:
        """Run one step to its end; Ctrl-C cancels it and raises KeyboardInterrupt."""
        try:
            return self._runner.run(step)
        except OutboundError as error:
            raise ServerUnreachable(method, url, error.kind, error.note) from error

    def _persist(self, method: str, url: str, headers: Headers, data: bytes | None) -> OutboundResponse:
        attempt, signed, renewed = 0, self.credentials.headers(), False
        while True:
            answered: Mapping[str, str] = {}
            try:
                response = self._attempt(method, url, self._headers(signed, headers, data, attempt), data)
            except ServerUnreachable:
                if attempt >= self.max_retries:
                    raise
            else:
                answered = dict(response.headers)
                if response.status < _FIRST_ERROR:
                    return response
                content = self.wait(response.body(), method, url)
                if response.status == _UNAUTHORIZED and self.credentials.can_renew and not renewed:
                    # A token that was revoked or replaced elsewhere: once, whatever the retries allow.
                    signed, renewed, attempt = self.credentials.headers(refused=signed), True, attempt + 1
                    continue
                if attempt >= self.max_retries or not is_worth_retrying(response.status, answered):
                    raise ServerRefused(method, url, response.status, answered, content)
            timing = self.timing
            timing.sleep(wait_seconds(attempt, answered, timing.clock.now(), timing.chance))
            attempt += 1

    def _attempt(self, method: str, url: str, headers: Headers, data: bytes | None) -> OutboundResponse:
        self.watcher.sent(method, url, headers, data)
        started = self.timing.clock.monotonic()
        response = self.wait(_send(self.outbound, method, url, headers, data), method, url)
        self.watcher.received(response.status, response.headers, self.timing.clock.monotonic() - started)
        return response

    def _headers(self, signed: Headers, headers: Headers, data: bytes | None, attempt: int) -> Headers:
        own = [("anthropic-version", VERSION), ("user-agent", USER_AGENT), ("x-stainless-retry-count", str(attempt))]
        content = [("content-type", "application/json")] if data is not None else []
        given = {name.lower() for name, _ in headers}
        defaults = [(name, value) for name, value in (*own, *content) if name not in given]
        return [*defaults, *signed, *headers]

    def pages(self, path: str, *, query: Query = (), headers: Headers = ()) -> Iterator[Mapping[str, object]]:
        """Yield the pages of a list, in any of the wire's pagination styles."""
        asked = [(name, value) for name, value in query if value is not None]
        cursor: tuple[str, str] | None = None
        while True:
            following = [(name, value) for name, value in asked if cursor is None or name not in _CURSORS]
            page = self.call("GET", path, query=[*following, *([cursor] if cursor else [])], headers=headers).json()
            if not isinstance(page, dict):
                return
            yield page
            cursor = next_cursor(page, backwards=any(name == "before_id" for name, _ in asked))
            if cursor is None:
                return


_CURSORS: Final = frozenset({"after_id", "before_id", "page", "after"})


def next_cursor(page: Mapping[str, object], *, backwards: bool = False) -> tuple[str, str] | None:
    """Return the parameter that asks for the page after this one; None at the end (wire-admin.md 1.4).

    ID cursors have `last_id` (`first_id` when going backwards), page cursors and reports have `next_page`.
    """
    if "next_page" in page:
        following = page["next_page"]
        return ("page", following) if isinstance(following, str) and following else None
    name, key = ("before_id", "first_id") if backwards else ("after_id", "last_id")
    edge = page.get(key)
    return (name, edge) if page.get("has_more") is True and isinstance(edge, str) and edge else None


def items_of(page: Mapping[str, object]) -> Sequence[object]:
    """Return what a page lists."""
    data = page.get("data")
    return data if isinstance(data, list) else []


def encode_query(query: Query) -> str:
    """Write a query string: a list becomes `name[]=a&name[]=b`, booleans are lower case, None is left out."""
    pairs: list[tuple[str, str]] = []
    for name, value in query:
        if isinstance(value, (list, tuple)):
            pairs.extend((f"{name.removesuffix('[]')}[]", _plain(item)) for item in value)
        elif value is not None:
            pairs.append((name, _plain(value)))
    return "?" + urlencode(pairs, quote_via=quote) if pairs else ""


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _send(outbound: Outbound, method: str, url: str, headers: Headers, data: bytes | None) -> OutboundResponse:
    return await outbound.send(method, url, headers, data)
