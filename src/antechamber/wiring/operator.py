"""The operator's socket: whoever can open it may steer the running server. One JSON object a line, each way."""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from antechamber.base.errors import WireError
from antechamber.wiring.data_folder import DataFolderError
from antechamber.wiring.failures import code_of

_LIMIT: Final = 1 << 20
_MODE: Final = 0o600
_log = structlog.get_logger("operator")

Command = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class OperatorSocket:
    """Answers `{"command": name, ...}` with `{"result": ...}` or `{"error": message}`."""

    def __init__(self, path: Path, commands: Mapping[str, Command]) -> None:
        self._path = path
        self._commands = commands
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen, for the owner alone; the folder's lock says that whatever socket lies there is a dead server's."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        # Before it has a name: nobody may open it in the moment between bind and chmod.
        os.fchmod(listener.fileno(), _MODE)
        try:
            listener.bind(str(self._path))
        except OSError as error:
            listener.close()
            message = f"{self._path}: cannot be listened on: {error}; choose a data folder with a shorter path"
            raise DataFolderError(message) from error
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=_LIMIT)

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.LimitOverrunError, ValueError):
            while line := await reader.readline():
                writer.write(msgspec.json.encode(await self._answer(line)) + b"\n")
                await writer.drain()
        writer.close()

    async def _answer(self, line: bytes) -> Mapping[str, Any]:
        try:
            asked = msgspec.json.decode(line, type=dict[str, Any])
            command = self._commands[asked.get("command", "")]
        except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError):
            return {"error": f"commands: {', '.join(sorted(self._commands))}"}
        try:
            return {"result": await command(asked)}
        except WireError as error:
            return {"error": error.message}
        except Exception as error:  # noqa: BLE001 - the operator learns of it, and the server goes on
            if code_of(error) is not None:
                return {"error": str(error)}
            _log.exception("operator command failed", command=asked.get("command"))
            return {"error": f"the server failed at it: {error!r}"}


async def ask_operator(path: Path, command: str, **arguments: object) -> Mapping[str, Any]:
    """Send one command to a running server; OSError when none runs there."""
    reader, writer = await asyncio.open_unix_connection(path, limit=_LIMIT)
    writer.write(msgspec.json.encode({"command": command, **arguments}) + b"\n")
    await writer.drain()
    line = await reader.readline()
    writer.close()
    if not line:
        message = "the server went away"
        raise ConnectionResetError(errno.ECONNRESET, message)
    return msgspec.json.decode(line, type=dict[str, Any])
