"""A client on raw sockets that shows what really came: chunks, cuts and resets included."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

MESSAGES = "/v1/messages"
CHAT = "/v1/chat/completions"
VERSION = {"anthropic-version": "2023-06-01"}


SECONDS = 5.0


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; TimeoutError after five seconds."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.005)


@dataclass
class Reply:
    """An answer; `ended` is `whole`, `cut` (closed too early) or `reset`."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    ended: str = "whole"

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    def json(self) -> Any:  # noqa: ANN401 - whatever came
        return msgspec.json.decode(self.body)

    def events(self) -> list[dict[str, Any]]:
        """Return the data of every event but pings and comments; `[DONE]` as it is."""
        found = []
        for block in self.body.decode().split("\n\n"):
            data = "".join(line.removeprefix("data: ") for line in block.split("\n") if line.startswith("data: "))
            if data == "[DONE]":
                found.append({"type": "[DONE]"})
            elif data and (event := msgspec.json.decode(data)).get("type") != "ping":
                found.append(event)
        return found

    def text(self) -> str:
        """Return the text of a streamed message."""
        return "".join(
            event["delta"]["text"] for event in self.events() if event.get("delta", {}).get("type") == "text_delta"
        )


class Caller:
    """One connection, opened when first needed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def send(self, raw: bytes) -> None:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(raw)
        await self.writer.drain()

    async def ask(
        self, path: str, body: object = None, headers: dict[str, str] | None = None, method: str = "POST"
    ) -> Reply:
        await self.send(request(path, body, headers, method))
        return await self.reply(method)

    async def reply(self, method: str = "POST") -> Reply:
        assert self.reader is not None
        reply = Reply()
        try:
            await self._head(reply)
            if method != "HEAD":
                await self._body(reply)
        except asyncio.IncompleteReadError as error:
            if error.partial:
                reply.chunks.append(error.partial)
            reply.ended = "cut"
        except ConnectionResetError:
            reply.ended = "reset"
        return reply

    async def _head(self, reply: Reply) -> None:
        assert self.reader is not None
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        reply.status = int(first.split(" ")[1])
        for line in lines:
            name, _, value = line.partition(":")
            reply.headers[name] = value.strip()

    async def _body(self, reply: Reply) -> None:
        assert self.reader is not None
        if "content-length" in reply.headers:
            reply.chunks.append(await self.reader.readexactly(int(reply.headers["content-length"])))
        elif "transfer-encoding" not in reply.headers:
            reply.chunks.append(await self.reader.read())
        else:
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                reply.chunks.append(await self.reader.readexactly(size))
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.reader = self.writer = None

    def abort(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
            self.reader = self.writer = None


def request(path: str, body: object = None, headers: dict[str, str] | None = None, method: str = "POST") -> bytes:
    raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
    lines = [f"{method} {path} HTTP/1.1", "host: sim", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    if body is not None:
        lines.append(f"content-length: {len(raw)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def message(prompt: object = "hello", **fields: object) -> dict[str, Any]:
    """Return a Messages body."""
    return {
        "model": "sim-1",
        "max_tokens": 100_000,
        "messages": [{"role": "user", "content": prompt}],
        **fields,
    }


def check_grammar(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Check that a stream is a sentence of the Messages grammar and return its content blocks."""
    assert events[0]["type"] == "message_start"
    assert events[0]["message"]["content"] == []
    assert events[-1]["type"] == "message_stop"
    assert events[-2]["type"] == "message_delta"
    blocks: list[dict[str, Any]] = []
    opened = False
    for event in events[1:-2]:
        if event["type"] == "content_block_start":
            assert not opened
            assert event["index"] == len(blocks)
            opened = True
            blocks.append(dict(event["content_block"]))
        else:
            assert opened
            assert event["index"] == len(blocks) - 1
            if event["type"] == "content_block_stop":
                opened = False
            else:
                _apply(blocks[-1], event["delta"])
    assert not opened
    for block in blocks:
        if "partial_json" in block:
            block["input"] = msgspec.json.decode(block.pop("partial_json"))
    return blocks


def _apply(block: dict[str, Any], delta: dict[str, Any]) -> None:
    kind, fields = {
        "text_delta": ("text", "text"),
        "thinking_delta": ("thinking", "thinking"),
        "signature_delta": ("thinking", "signature"),
        "input_json_delta": ("tool_use", "partial_json"),
    }[delta["type"]]
    assert block["type"] == kind
    block[fields] = block.get(fields, "") + delta[fields]
