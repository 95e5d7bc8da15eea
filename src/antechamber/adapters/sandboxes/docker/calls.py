"""Requests to an engine over HTTP/1.1, one connection each, and what becomes of a refusal."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote, urlencode

import h11

from antechamber.adapters.sandboxes.docker.links import Engine, Link
from antechamber.features.environments.model.sandbox import SandboxError

ANSWER_SECONDS: Final = 120.0
_UPGRADED: Final = (101, 200)


class EngineError(SandboxError):
    """The engine refused: `status` is HTTP's, the message its own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"the engine said {status}: {message}")
        self.status = status


class Answer:
    """An answer whose head has come."""

    def __init__(self, link: Link, state: h11.Connection, head: h11.Response) -> None:
        self._link = link
        self._state = state
        self.status = head.status_code

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; SandboxError when it is cut off."""
        while True:
            event = await _next_event(self._link, self._state)
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            else:
                return

    async def read(self) -> bytes:
        """Return the whole body."""
        return b"".join([chunk async for chunk in self.chunks()])


class Calls:
    """Asks an engine; paths are below the version that it speaks, once `version` is set."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.version = ""

    async def json(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, str | int] | None = None
    ) -> Any:  # noqa: ANN401 - the engine's JSON; whoever asks knows its shape
        """Send JSON and return that of the answer, None without one; EngineError."""
        content = None if body is None else _given(json.dumps(body).encode())
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self.stream(method, path, content, query=query, kind="application/json") as answer,
            ):
                told = await answer.read()
        except TimeoutError as error:
            message = f"the engine did not answer to {method} {path} within {ANSWER_SECONDS:.0f} s"
            raise SandboxError(message) from error
        return json.loads(told) if told.strip() else None

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        body: AsyncIterator[bytes] | None = None,
        *,
        query: Mapping[str, str | int] | None = None,
        kind: str = "application/x-tar",
    ) -> AsyncIterator[Answer]:
        """Send what `body` yields and hand over the answer; EngineError for a refusal."""
        link = await self._engine.connect()
        try:
            state = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
            headers = [("content-type", kind), ("transfer-encoding", "chunked")] if body else [("content-length", "0")]
            await self._send(link, state, method, self._target(path, query), headers)
            if body is not None:
                async for chunk in body:
                    await link.write(state.send(h11.Data(data=chunk)) or b"")
            await link.write(state.send(h11.EndOfMessage()) or b"")
            answer = Answer(link, state, await _head(link, state))
            await _refuse(answer, answer.status >= 400)  # noqa: PLR2004 - HTTP's errors begin there
            yield answer
        except TimeoutError:
            raise
        except OSError as error:
            message = f"the connection to the engine broke: {error}"
            raise SandboxError(message) from error
        finally:
            link.close()

    async def hijack(self, path: str, body: object) -> tuple[Link, bytes]:
        """Post JSON and take the connection over: the link, and what came on it already."""
        link = await self._engine.connect()
        try:
            state = h11.Connection(h11.CLIENT)
            content = json.dumps(body).encode()
            headers = [("connection", "Upgrade"), ("upgrade", "tcp"), ("content-type", "application/json")]
            headers.append(("content-length", str(len(content))))
            await self._send(link, state, "POST", self._target(path, None), headers)
            await link.write(state.send(h11.Data(data=content)) or b"")
            await link.write(state.send(h11.EndOfMessage()) or b"")
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = Answer(link, state, await _head(link, state))
                await _refuse(answer, answer.status not in _UPGRADED)
        except BaseException:
            link.close()
            raise
        return link, state.trailing_data[0]

    async def _send(
        self, link: Link, state: h11.Connection, method: str, target: str, headers: list[tuple[str, str]]
    ) -> None:
        request = h11.Request(method=method, target=target, headers=[("host", "engine"), *headers])
        await link.write(state.send(request) or b"")

    def _target(self, path: str, query: Mapping[str, str | int] | None) -> str:
        version = f"/v{self.version}" if self.version else ""
        return f"{version}{quote(path, safe='/:-._')}" + (f"?{urlencode(query)}" if query else "")


async def _given(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _refuse(answer: Answer, refused: bool) -> None:  # noqa: FBT001 - reads as a sentence where it is called
    if not refused:
        return
    told = await answer.read()
    try:
        message = str(json.loads(told)["message"])
    except (ValueError, KeyError, TypeError):
        message = told.decode(errors="replace").strip()
    raise EngineError(answer.status, message)


async def _head(link: Link, state: h11.Connection) -> h11.Response:
    while True:
        event = await _next_event(link, state)
        if isinstance(event, h11.InformationalResponse) and event.status_code == 101:  # noqa: PLR2004 - switching
            return h11.Response(status_code=200, headers=event.headers)
        if isinstance(event, h11.Response):
            return event
        if not isinstance(event, h11.InformationalResponse):
            message = "the engine closed the connection without an answer"
            raise SandboxError(message)


async def _next_event(link: Link, state: h11.Connection) -> object:
    while True:
        try:
            event = state.next_event()
        except h11.RemoteProtocolError as error:
            message = f"the engine's answer cannot be read: {error}"
            raise SandboxError(message) from error
        if event is not h11.NEED_DATA:
            return event
        state.receive_data(await link.read())
