"""Answers from bare ASGI callables, and the bounded reading of their bodies."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, NamedTuple, TypeAlias

from antechamber.base.errors import InvalidRequest, RequestTooLarge, WireError
from antechamber.http.context import Context
from antechamber.http.errors import api_body, error_headers, is_refusal, openai_body, status_of

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Asgi: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
HeaderPairs: TypeAlias = Iterable[tuple[bytes, bytes]]

BODY_READ: Final = "antechamber.body_read"
_MEBIBYTE: Final = 1 << 20
_LINGER_SECONDS: Final = 30.0
_LINGER_IDLE_SECONDS: Final = 1.0
_LINGER_BYTES: Final = 64 << 20
_MOST_DIGITS: Final = 18  # Python refuses to read thousands of them


class CallerLeftError(Exception):
    """The caller closed the connection before its request was whole."""


class Unread(NamedTuple):
    """A body that the caller may still be sending.

    `held` bytes of the answer wait for it: on HTTP/1 the server hands out no more of a request once that is answered.
    """

    receive: Receive
    held: int


async def send_whole(send: Send, status: int, headers: HeaderPairs, body: bytes) -> None:
    """Send a complete answer with its length."""
    pairs = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


async def send_error(
    send: Send, context: Context, error: WireError, *, openai: bool = False, rest: Unread | None = None
) -> None:
    """Send an error in the caller's dialect; `rest` of the request is read meanwhile, and dropped."""
    context.status = status_of(error)
    context.error = error.type
    context.note = error.note or None
    context.refused = is_refusal(error)
    body = openai_body(error) if openai else api_body(error, context.request_id)
    headers = [*error_headers(error), *context.error_headers, *context.identity_headers()]
    if rest is None:
        await send_whole(send, context.status, headers, body)
        return
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": context.status, "headers": headers})
    at_once = len(body) - rest.held
    await send({"type": "http.response.body", "body": body[:at_once], "more_body": True})
    await _linger(rest.receive)
    await send({"type": "http.response.body", "body": body[at_once:], "more_body": False})


def unread(scope: Scope, receive: Receive) -> Unread | None:
    """Return the body if the caller may still be sending it; who expects a 100 first is not."""
    is_read = BODY_READ in scope or scope["method"] in {"GET", "HEAD"}
    if is_read or any(name == b"expect" for name, _ in scope["headers"]):
        return None
    return Unread(receive, held=0 if scope["http_version"] == "2" else 1)


async def _linger(receive: Receive) -> None:
    """Read on for a while what is not wanted, so that a caller who is still sending reads why it was refused.

    A connection that is closed on a sender is reset, and the answer is lost with it (RFC 9112 §9.6).
    """
    left = _LINGER_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while left > 0:
                async with asyncio.timeout(_LINGER_IDLE_SECONDS):
                    message = await receive()
                if not message.get("more_body", False):
                    return
                left -= len(message["body"])


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Return the request's body; RequestTooLarge as soon as it is known to be over `limit` bytes.

    `scope[BODY_READ]` is set once nothing more is to come.
    """
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), None)
    if declared is not None:
        check_length(declared, limit)
    message = await receive()
    body = _part(message)
    if not message.get("more_body", False):
        scope[BODY_READ] = True
        if len(body) > limit:
            raise _too_large(limit)
        return body
    parts = [body]
    total = len(body)
    while message.get("more_body", False):
        message = await receive()
        body = _part(message)
        total += len(body)
        if not message.get("more_body", False):
            scope[BODY_READ] = True
        if total > limit:
            raise _too_large(limit)
        parts.append(body)
    return b"".join(parts)


def check_length(declared: bytes, limit: int) -> None:
    """Raise InvalidRequest unless a content-length is a number, RequestTooLarge beyond the limit in bytes."""
    if not declared.isdigit():
        message = "content-length: must be a whole number"
        raise InvalidRequest(message)
    if len(declared) > _MOST_DIGITS or int(declared) > limit:
        raise _too_large(limit)


def _part(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise CallerLeftError
    body: bytes = message.get("body", b"")
    return body


def _too_large(limit: int) -> RequestTooLarge:
    message = f"Request exceeds the maximum size of {limit // _MEBIBYTE} MB."
    return RequestTooLarge(message)
