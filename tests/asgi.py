"""Calls an ASGI application in this process, as an HTTP server would."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from antechamber.http.reply import Asgi, Message


@dataclass
class Answer:
    """What came back; `parts` are the pieces of the body as they were sent."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    def json(self) -> Any:  # noqa: ANN401 - whatever came
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known == name), None)


def scope_of(
    method: str, target: str, headers: Mapping[str, str], client: tuple[str, int] = ("127.0.0.1", 50_000)
) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 8787),
        "root_path": "",
        "state": {},
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode("latin-1"),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": client,
    }


async def call(
    app: Asgi,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | list[bytes] = b"",
    client: tuple[str, int] = ("127.0.0.1", 50_000),
    leaves: asyncio.Event | None = None,
) -> Answer:
    """Send a request, in one part or several; the caller stays until `leaves` is set, if it is given."""
    parts = body if isinstance(body, list) else [body]
    messages = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)} for number, part in enumerate(parts, 1)
    ]
    answer = Answer()
    gone = leaves or asyncio.Event()

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = [(name.decode(), value.decode("latin-1")) for name, value in message["headers"]]
        elif message.get("body"):
            answer.parts.append(message["body"])

    await app(scope_of(method, target, headers or {}, client), receive, send)
    return answer
