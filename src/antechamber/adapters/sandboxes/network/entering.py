"""Asks the helper program for listeners inside namespaces."""

import array
import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

_PROGRAM: Final = Path(__file__).with_name("entrance.py")
_LARGEST: Final = 64 * 1024
_MOST_DESCRIPTORS: Final = 253
_PATIENCE_SECONDS: Final = 30


class EnteringError(Exception):
    """The namespaces of a process could not be entered or given listeners; the message says why."""


class _Opened(msgspec.Struct):
    id: int
    listeners: list[Mapping[str, Any]]
    error: str | None = None


class Entrance:
    """The helper program, started once; many requests may be under way."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._process: asyncio.subprocess.Process | None = None
        self._socket: socket.socket | None = None
        self._asked: dict[int, asyncio.Future[tuple[_Opened, list[int]]]] = {}
        self._last = 0
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start it in the namespaces of this process, unless it runs."""
        await self._connection()

    async def stop(self) -> None:
        """End it."""
        self._close("the helper was stopped")
        await self._end()

    async def open(self, asked: Mapping[str, object]) -> tuple[Sequence[Mapping[str, Any]], list[socket.socket]]:
        """Return kinds and ports of listeners, and the sockets themselves; EnteringError."""
        connection = await self._connection()
        self._last += 1
        number = self._last
        waiting: asyncio.Future[tuple[_Opened, list[int]]] = asyncio.get_running_loop().create_future()
        self._asked[number] = waiting
        try:
            await asyncio.get_running_loop().sock_sendall(connection, msgspec.json.encode({**asked, "id": number}))
            async with asyncio.timeout(_PATIENCE_SECONDS):
                opened, descriptors = await waiting
        except TimeoutError:
            message = f"the helper did not answer within {_PATIENCE_SECONDS} s"
            raise EnteringError(message) from None
        except OSError as error:
            self._close(str(error))
            message = f"the helper cannot be asked: {error}"
            raise EnteringError(message) from error
        finally:
            self._asked.pop(number, None)
        if opened.error is not None:
            raise EnteringError(opened.error)
        return opened.listeners, [socket.socket(fileno=each) for each in descriptors]

    async def _connection(self) -> socket.socket:
        async with self._starting:
            if self._socket is None:
                # it has ended by itself
                await self._end()
                await self._launch()
            assert self._socket is not None  # noqa: S101 - just started
            return self._socket

    async def _launch(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(_PROGRAM), str(theirs.fileno()),
                stdin=asyncio.subprocess.PIPE, pass_fds=(theirs.fileno(),), env={},
            )  # fmt: skip
        self._socket = ours
        asyncio.get_running_loop().add_reader(ours, self._receive)

    async def _end(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None

    def _receive(self) -> None:
        connection = self._socket
        if connection is None:
            return
        try:
            data, ancillary, _, _ = connection.recvmsg(_LARGEST, socket.CMSG_SPACE(4 * _MOST_DESCRIPTORS))
        except BlockingIOError:
            return
        except OSError as error:
            self._close(str(error))
            return
        descriptors = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        if not data:
            self._close("the helper has ended")
            return
        opened = msgspec.json.decode(data, type=_Opened)
        waiting = self._asked.pop(opened.id, None)
        if waiting is None or waiting.done():
            for each in descriptors:
                os.close(each)
            return
        waiting.set_result((opened, list(descriptors)))

    def _close(self, why: str) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            asyncio.get_running_loop().remove_reader(connection)
            connection.close()
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(EnteringError(why))
        self._asked.clear()
