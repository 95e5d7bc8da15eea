"""Calls of the server: whole, watched while they run, or left in the middle."""

import asyncio
import contextlib
import socket
import time
from typing import Any

from tests.faults.processes import Server
from tests.unit.simulated.caller import Caller, Reply, request

_VERSION = "2023-06-01"
MESSAGES = "/v1/messages"
COMPLETE = "/v1/complete"
CHAT = "/v1/chat/completions"
BYTES_PER_TOKEN = 4


def body_for(path: str, prompt: str, model: str = "sim-1", *, stream: bool = True, **fields: object) -> dict[str, Any]:
    """Return a request's body in the path's dialect."""
    if path == COMPLETE:
        body: dict[str, Any] = {"prompt": f"\n\nHuman: {prompt}\n\nAssistant:", "max_tokens_to_sample": 100_000}
    elif path == CHAT:
        body = {"messages": [{"role": "user", "content": prompt}], "stream_options": {"include_usage": True}}
        if not stream:
            del body["stream_options"]
    else:
        body = {"messages": [{"role": "user", "content": prompt}], "max_tokens": 100_000}
    return {"model": model, "stream": stream, **body, **fields}


def headers_for(key: str, controls: str = "", **more: str) -> dict[str, str]:
    """Return a request's headers; `controls` is what the simulated upstream is told to do."""
    headers = {"x-api-key": key, "anthropic-version": _VERSION, "content-type": "application/json"}
    if controls:
        headers["x-sim"] = controls
    return {**headers, **{name.replace("_", "-"): value for name, value in more.items()}}


def text_of(reply: Reply) -> str:
    """Return the text that has come, of a stream in any dialect; a torn event at the end counts as not come."""
    whole, _, _ = reply.body.decode(errors="replace").rpartition("\n\n")
    told = Reply(chunks=[whole.encode()])
    parts = []
    for event in told.events():
        delta = event.get("delta") or {}
        parts.append(delta.get("text") or delta.get("thinking") or delta.get("partial_json") or "")
        parts.append(event.get("completion") or "")
        parts += [(choice.get("delta") or {}).get("content") or "" for choice in event.get("choices") or []]
    return "".join(parts)


def tokens_of(reply: Reply) -> int:
    """Return how many tokens the text is that has come."""
    return -(-len(text_of(reply).encode()) // BYTES_PER_TOKEN)


_begun: list["Running"] = []


class Running(Caller):
    """One request under way: what has come so far can be looked at, and the caller can leave."""

    def __init__(
        self, server: Server, path: str, body: object = None, controls: str = "", method: str = "POST", **headers: str
    ) -> None:
        super().__init__(server.port)
        self.seen = Reply(ended="open")
        pairs = headers_for(server.key, controls, **headers)
        if "content-length" in pairs:
            self._raw = request(path, None, pairs, method) + (body if isinstance(body, bytes) else b"")
        else:
            self._raw = request(path, body, pairs, method)
        self._reading: asyncio.Task[None] | None = None

    async def begin(self) -> "Running":
        """Send the request, and read in the background."""
        _begun.append(self)
        await self.send(self._raw)
        self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        try:
            await self._head(self.seen)
            await self._body(self.seen)
        except asyncio.IncompleteReadError as error:
            self.seen.chunks.append(error.partial)
            self.seen.ended = "cut"
        except OSError:
            self.seen.ended = "reset"
        else:
            self.seen.ended = "whole"

    async def done(self, seconds: float = 60.0) -> Reply:
        """Return the answer once it has ended, well or not."""
        assert self._reading is not None
        async with asyncio.timeout(seconds):
            await self._reading
        self.close()
        return self.seen

    async def leave(self, *, rudely: bool = False) -> int:
        """Close the connection, with a reset if `rudely`; returns when, in microseconds since 1970."""
        assert self._reading is not None
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        left_at = time.time_ns() // 1000
        if rudely:
            assert self.writer is not None
            sock: socket.socket = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.abort()
        return left_at

    async def drop(self) -> None:
        """Let go of the connection, whatever state the test has left it in."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        writer = self.writer
        self.abort()
        if writer is not None:
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    @property
    def request_id(self) -> str:
        """The server's id of this request, once headers have come."""
        return self.seen.headers["request-id"]


async def ask(
    server: Server, path: str, body: object = None, controls: str = "", method: str = "POST", **headers: str
) -> Reply:
    """Return the answer to one request."""
    running = Running(server, path, body, controls, method, **headers)
    return await (await running.begin()).done()


async def drop_all() -> None:
    """Let go of every connection that a test has opened."""
    while _begun:
        await _begun.pop().drop()


async def until(condition: Any, what: str, seconds: float = 15.0) -> None:  # noqa: ANN401 - any predicate
    """Wait in the event loop until something is so; AssertionError when the deadline has passed."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.02)
