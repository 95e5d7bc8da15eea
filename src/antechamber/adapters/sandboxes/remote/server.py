"""Serves any Sandboxes to callers on a unix socket."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from antechamber.adapters.sandboxes.remote import calls
from antechamber.adapters.sandboxes.remote.failures import failure_of
from antechamber.adapters.sandboxes.remote.frames import PIECE, Connection, ConnectionGone, Kind, listen
from antechamber.adapters.sandboxes.remote.programs import attend
from antechamber.features.environments.model.sandbox import SandboxGone
from antechamber.features.environments.ports.sandboxes import Sandbox, Sandboxes

_log = structlog.get_logger("sandboxes")


class SandboxServer:
    """Answers a connection's one call; `close` ends every program and transfer, and lets the rest go on to its end."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self._sandboxes = sandboxes
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self, path: Path) -> None:
        """Listen at the path, for the owner alone; OSError."""
        self._server = await listen(path, self._accept)

    async def close(self) -> None:
        """Take no more calls, and end those that run."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(Connection(reader, writer)))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, connection: Connection) -> None:
        try:
            kind, payload = await connection.receive()
            if kind is Kind.CALL:
                await self._answer(connection, calls.decode_call(payload))
        except ConnectionGone:
            pass  # the caller left, and learns no more
        except msgspec.ValidationError as error:
            _log.error("a call that this version does not know", note=str(error))
        finally:
            connection.close()

    async def _answer(self, connection: Connection, call: calls.Call) -> None:
        try:
            match call:
                case calls.Execute():
                    sandbox = await self._sandbox(call.id)
                    process = await sandbox.execute(call.command)
                    await attend(connection, process)
                    return
                case calls.Read():
                    await self._read(connection, call)
                    return
                case calls.Write():
                    await self._write(connection, call)
                    answer: object = None
                case _:
                    answer = await self._do(call)
        except ConnectionGone:
            raise
        except Exception as error:  # noqa: BLE001 - the caller gets it
            await connection.send(Kind.ERROR, msgspec.msgpack.encode(failure_of(error)))
        else:
            await connection.send(Kind.RESULT, msgspec.msgpack.encode(answer))
        if isinstance(call, calls.Write):
            # A caller may still send what was refused, and would lose the answer if this side closed first.
            while True:
                await connection.receive()

    async def _do(self, call: calls.Simple) -> object:
        if isinstance(call, calls.OnOne):
            return await _ON_ONE[type(call)](await self._sandbox(call.id), call)
        return await _ON_ALL[type(call)](self._sandboxes, call)

    async def _sandbox(self, sandbox_id: str) -> Sandbox:
        sandbox = await self._sandboxes.find(sandbox_id)
        if sandbox is None:
            message = f"the sandbox {sandbox_id} does not run"
            raise SandboxGone(message)
        return sandbox

    async def _read(self, connection: Connection, call: calls.Read) -> None:
        sandbox = await self._sandbox(call.id)
        sending = asyncio.ensure_future(
            _send(connection, sandbox.read(call.path, offset=call.offset, limit=call.limit))
        )
        # The caller says nothing more: what ends is its connection, also while a read waits.
        leaving = asyncio.ensure_future(connection.receive())
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _write(self, connection: Connection, call: calls.Write) -> None:
        sandbox = await self._sandbox(call.id)
        await sandbox.write(call.path, _received(connection), mode=call.mode)


_ON_ALL: Final[Mapping[type, Callable[[Sandboxes, Any], Awaitable[object]]]] = {
    calls.Describe: lambda all_, _: all_.capabilities(),
    calls.Bases: lambda all_, _: all_.bases(),
    calls.Create: lambda all_, call: _nothing(all_.create(call.spec)),
    calls.Find: lambda all_, call: _is_there(all_.find(call.id)),
    calls.List: lambda all_, call: all_.listing(call.labels),
    calls.Remove: lambda all_, call: all_.remove(call.id),
    calls.Seal: lambda all_, call: all_.seal(call.id, call.digest),
    calls.Layers: lambda all_, call: all_.layers(call.organization_id),
    calls.DropBases: lambda all_, call: all_.drop_bases(call.before, is_trial=call.is_trial),
    calls.DropLayer: lambda all_, call: all_.drop_layer(call.organization_id, call.digest),
}
_ON_ONE: Final[Mapping[type, Callable[[Sandbox, Any], Awaitable[object]]]] = {
    calls.Entries: lambda one, call: one.listing(call.path),
    calls.Measure: lambda one, _: one.stats(),
    calls.Snapshot: lambda one, _: one.snapshot(),
    calls.Stop: lambda one, _: one.stop(),
    calls.Destroy: lambda one, _: one.destroy(),
}


async def _nothing(work: Awaitable[object]) -> None:
    await work


async def _is_there(work: Awaitable[object | None]) -> bool:
    return await work is not None


async def _send(connection: Connection, chunks: AsyncIterator[bytes]) -> None:
    try:
        async for chunk in chunks:
            whole = memoryview(chunk)
            for start in range(0, len(whole), PIECE):
                await connection.send(Kind.DATA, whole[start : start + PIECE])
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
    await connection.send(Kind.END)


async def _received(connection: Connection) -> AsyncIterator[bytes]:
    while True:
        kind, payload = await connection.receive()
        if kind is Kind.END:
            return
        yield payload
