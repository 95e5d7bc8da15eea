"""WebSockets (RFC 6455) on the routes of the control plane: checked, refused and logged as any GET.

A handshake goes to FastAPI as the GET that it is; a route that takes an `Opened` (http/needs.py) gets the socket, and
who comes without one is told to bring it. Until a route accepts, a refusal is an answer over HTTP; after it, a text
message of the same body before the close.
"""

import contextlib
from typing import Any, Final

from antechamber.http.reply import Message, Receive, Scope, Send

# where the request that a handshake is made to has its socket
SOCKET_KEY: Final = "antechamber.socket"
_FIRST_ERROR: Final = 400
_SERVER_ERROR: Final = 500
# RFC 6455 §7.4.1: normal, policy violation, unexpected condition
_NORMAL: Final = 1000
_REFUSED: Final = 1008
_BROKEN: Final = 1011
SWITCHING: Final = 101


class SocketClosed(Exception):
    """The caller has closed the socket, or is gone."""


class Socket:
    """One WebSocket of a caller."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.is_open = False
        self._receive = receive
        self._send = send
        self._status = 0
        self._is_over = False
        self._can_answer = "websocket.http.response" in (scope.get("extensions") or {})

    async def accept(self) -> None:
        """Open it; SocketClosed if the caller did not wait."""
        if (await self._receive())["type"] != "websocket.connect":
            self._is_over = True
            raise SocketClosed
        await self._send({"type": "websocket.accept"})
        self.is_open = True

    async def receive(self) -> bytes | str:
        """Return the next message: bytes of a binary one, text of the other; SocketClosed."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            self._is_over = True
            raise SocketClosed
        data: bytes | None = message.get("bytes")
        return message["text"] if data is None else data

    async def send(self, message: bytes | str) -> None:
        """Send a message; SocketClosed."""
        kind = "text" if isinstance(message, str) else "bytes"
        await self._deliver({"type": "websocket.send", kind: message})

    async def answer(self, message: Message) -> None:
        """Turn what FastAPI or the shell answers into what a socket can say; nothing is said to who is gone."""
        with contextlib.suppress(SocketClosed):
            if self.is_open:
                await self._end(message)
            elif self._can_answer:
                await self._deliver({**message, "type": message["type"].replace("http.", "websocket.http.", 1)})
            elif not message.get("more_body", False) and message["type"] == "http.response.body":
                await self._deliver({"type": "websocket.close", "code": _REFUSED})

    async def _end(self, message: Message) -> None:
        """Close, after the body of an error."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            return
        if self._status >= _FIRST_ERROR and message.get("body"):
            await self.send(message["body"].decode())
        if not message.get("more_body", False):
            code = _NORMAL if self._status < _FIRST_ERROR else _REFUSED if self._status < _SERVER_ERROR else _BROKEN
            await self._deliver({"type": "websocket.close", "code": code})

    async def _deliver(self, message: Message) -> None:
        if self._is_over:
            raise SocketClosed
        try:
            await self._send(message)
        except Exception as error:
            # each server has an exception of its own for a connection that is gone
            self._is_over = True
            raise SocketClosed from error


def as_request(scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive, Send]:
    """Return the GET that a handshake is, with its socket inside."""
    socket = Socket(scope, receive, send)

    async def receive_nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    request: dict[str, Any] = {**scope, "type": "http", "method": "GET", SOCKET_KEY: socket}
    request["scheme"] = "https" if scope.get("scheme") == "wss" else "http"
    return request, receive_nothing, socket.answer
