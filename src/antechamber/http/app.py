"""The outer shell: one ASGI callable that gives each request its id, sends it on, and writes its line in the log."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

import structlog

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import AuthenticationFailed, InvalidRequest, Unavailable, WireError
from antechamber.base.ids import Kind, mint
from antechamber.base.permissions import Permission
from antechamber.http.authenticate import Authenticator
from antechamber.http.context import CONTEXT_KEY, Context
from antechamber.http.errors import internal
from antechamber.http.log import AccessLog
from antechamber.http.pace import Pace
from antechamber.http.proxies import TrustedProxies
from antechamber.http.reply import (
    Asgi,
    CallerLeftError,
    Message,
    Receive,
    Scope,
    Send,
    check_length,
    send_error,
    unread,
)
from antechamber.http.sockets import as_request

_JSON: Final = b"application/json"
# whose sender is not known yet when it is read
_CONTROL_BODY_LIMIT: Final = 4 << 20
_CALLER_LEFT_STATUS: Final = 499
_UNAUTHENTICATED: Final = 401
_CHALLENGE: Final = b"www-authenticate"
# whose endpoints challenge clients, and by themselves
_OAUTH: Final = "/oauth/"
# the content type as the caller sent it: forms and JSON are told apart only where both are taken (http/forms.py)
CONTENT_TYPE_KEY: Final = "antechamber.content_type"
_AUTHENTICATOR_KEY: Final = "antechamber.authenticator"
_PACE_KEY: Final = "antechamber.pace"
_BROKEN_OFF: Final = "The request's body broke off before its end."
_STOPPING: Final = "The server is stopping; try again."
_log = structlog.get_logger("http")


@dataclass(frozen=True, slots=True)
class RawRoute:
    """A data-plane endpoint: served by a bare ASGI callable.

    `path` may end in `{id}`: the rest of the path. `openai` says whose error bodies the endpoint speaks, unless it
    decides by the request (`Context.openai`).
    """

    method: str
    path: str
    permission: Permission
    handle: Asgi
    summary: str
    openai: bool = False

    def serves(self, path: str) -> bool:
        """Say whether a request's path is this endpoint's."""
        prefix, placeholder, _ = self.path.partition("{")
        return path.startswith(prefix) and len(path) > len(prefix) if placeholder else path == prefix


class Shell:
    """The application that the HTTP server calls."""

    def __init__(  # noqa: PLR0913 - one argument for each thing that it joins
        self,
        *,
        control: Asgi,
        raw: Sequence[RawRoute],
        authenticator: Authenticator,
        clock: Clock,
        chance: Chance,
        proxies: TrustedProxies,
        log: AccessLog,
        observe: Callable[[Context], None],
        refused: Callable[[Context, str, str | None], None] | None = None,
        pace: Pace | None = None,
        challenge: str | None = None,
    ) -> None:
        """`refused` hears of each refusal with its path as registered and the caller's user agent; it may not wait.

        `challenge` is what `www-authenticate` says beside a 401 of the API (RFC 6750 §3, RFC 9728 §5.1).
        """
        self._control = control
        self._exact = {(route.method, route.path): route for route in raw if "{" not in route.path}
        self._prefixed = [route for route in raw if "{" in route.path]
        self._authenticator = authenticator
        self._clock = clock
        self._chance = chance
        self._proxies = proxies
        self._log = log
        self._observe = observe
        self._refused = refused
        self._pace = pace
        self._challenge = [] if challenge is None else [(_CHALLENGE, challenge.encode())]
        self._tasks: set[asyncio.Task[None] | None] = set()
        self._is_cut = False

    def cut(self) -> None:
        """Cancel every open request: the server stops, and has waited long enough."""
        self._is_cut = True
        for task in self._tasks:
            if task is not None:
                task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] == "websocket":
            scope, receive, send = as_request(scope, receive, send)
        context = Context(
            request_id=mint(Kind.REQUEST, self._clock, self._chance),
            started=self._clock.monotonic(),
            method=scope["method"],
            path=scope["path"],
            address=self._proxies.caller(scope),
        )
        scope[CONTEXT_KEY] = context
        route = self._find(context.method, context.path)
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            if route is not None:
                await self._raw(route, context, scope, receive, send)
            else:
                await self._controlled(context, scope, receive, send)
        except asyncio.CancelledError:
            if not self._is_cut:
                raise
            if context.status == 0:
                openai = route is not None and route.openai
                await send_error(send, context, Unavailable(_STOPPING, retry_after=1), openai=openai)
        finally:
            self._tasks.discard(task)
            self._log.write(context)
            self._observe(context)
            if context.refused and self._refused is not None:
                self._refused(context, _registered(route, scope), _user_agent(scope))

    def _find(self, method: str, path: str) -> RawRoute | None:
        route = self._exact.get((method, path))
        if route is not None:
            return route
        return next((route for route in self._prefixed if route.method == method and route.serves(path)), None)

    async def _raw(self, route: RawRoute, context: Context, scope: Scope, receive: Receive, send: Send) -> None:
        context.openai = route.openai
        try:
            await route.handle(scope, receive, send)
        except WireError as error:
            if context.status == 0:
                if isinstance(error, AuthenticationFailed):
                    context.error_headers += self._challenge
                await send_error(send, context, error, openai=context.openai, rest=unread(scope, receive))
        except CallerLeftError:
            if context.status == 0:
                # A body that breaks off looks the same, and its caller may still be there.
                await send_error(send, context, InvalidRequest(_BROKEN_OFF), openai=context.openai)
            context.status = _CALLER_LEFT_STATUS
        except Exception as error:
            _log.exception("unhandled", request_id=context.request_id)
            if context.status:
                raise
            await send_error(send, context, internal(repr(error)), openai=context.openai)

    async def _controlled(self, context: Context, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_AUTHENTICATOR_KEY] = self._authenticator
        scope[_PACE_KEY] = self._pace
        scope[CONTENT_TYPE_KEY] = _content_type(scope["headers"])
        scope["headers"] = _as_json(context.method, scope["headers"])
        scope["query_string"] = _without_brackets(scope["query_string"])

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                context.status = message["status"]
                message["headers"] = [*message.get("headers", []), *context.identity_headers()]
                if message["status"] == _UNAUTHENTICATED and _OAUTH not in context.path:
                    message["headers"] += self._challenge
            await send(message)

        try:
            _check_declared(scope["headers"])
            await self._control(scope, _bounded(receive), send_named)
        except WireError as error:
            await send_error(send, context, error, rest=unread(scope, receive))
        except CallerLeftError:
            context.status = _CALLER_LEFT_STATUS
        except Exception as error:  # noqa: BLE001 - the last line of defence: the caller gets an answer
            _log.exception("unhandled", request_id=context.request_id)
            context.note = repr(error)
            if not context.status:
                await send_error(send, context, internal(repr(error)))


def _as_json(method: str, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Call every body JSON: curl's `--data` says it is a form (wire-admin.md 1.1)."""
    kept = list(headers)
    if method in {"POST", "PUT", "PATCH"}:
        kept = [pair for pair in kept if pair[0] != b"content-type"]
        kept.append((b"content-type", _JSON))
    return kept


def _content_type(headers: Sequence[tuple[bytes, bytes]]) -> str:
    found = next((value for name, value in headers if name == b"content-type"), b"")
    return found.partition(b";")[0].strip().lower().decode("latin-1")


def _without_brackets(query: bytes) -> bytes:
    """Turn `roles[]=a&roles[]=b` into `roles=a&roles=b` (wire-admin.md 1.1)."""
    if b"[" not in query and b"%5B" not in query.upper():
        return query
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode([(name.removesuffix("[]"), value) for name, value in pairs]).encode()


def _check_declared(headers: Sequence[tuple[bytes, bytes]]) -> None:
    for name, value in headers:
        if name == b"content-length":
            check_length(value, _CONTROL_BODY_LIMIT)


def _bounded(receive: Receive) -> Receive:
    total = 0

    async def receive_bounded() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        check_length(str(total).encode(), _CONTROL_BODY_LIMIT)
        return message

    return receive_bounded


def _registered(route: RawRoute | None, scope: Scope) -> str:
    """Return the path as it is registered: what a caller wrote into it may be a secret."""
    if route is not None:
        return route.path
    return getattr(scope.get("route"), "path", "")


def _user_agent(scope: Scope) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"user-agent"), None)


async def _live(receive: Receive, send: Send) -> None:
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
