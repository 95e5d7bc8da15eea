"""An upstream on loopback that keeps every request as its bytes came, and answers with what it is told."""

import asyncio
from contextlib import suppress


def http(body: bytes, status: str = "200 OK", kind: str = "application/json", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Recorder:
    """`requests` are (head, body) pairs; `answer` is sent to each, as raw HTTP."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self.answer = http(b'{"type": "message", "usage": {"input_tokens": 1, "output_tokens": 2}}')
        self.url = ""
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0
                )
                self.requests.append((head, await reader.readexactly(length)))
                writer.write(self.answer)
                await writer.drain()
        writer.close()
