"""Sandboxes of another process, as if they were here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from antechamber.adapters.sandboxes.remote import calls
from antechamber.adapters.sandboxes.remote.failures import exception_of
from antechamber.adapters.sandboxes.remote.frames import PIECE, Connection, ConnectionGone, Failure, Kind
from antechamber.adapters.sandboxes.remote.process import RemoteProcess
from antechamber.features.environments.model.sandbox import (
    Base,
    Capabilities,
    Command,
    Entry,
    Layer,
    ReplacedBase,
    SandboxError,
    SandboxGone,
    SandboxInfo,
    SandboxSpec,
    Stats,
)
from antechamber.features.environments.ports.sandboxes import Process, Sandbox, Sandboxes

Answer = TypeVar("Answer")
Connect = Callable[[], Awaitable[Connection]]


class RemoteSandboxes(Sandboxes):
    """`connect` makes a connection, starting the other process if need be; SandboxError says why it cannot."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def capabilities(self) -> Capabilities:
        """Return what it can enforce on this machine."""
        return await self.ask(calls.Describe(), Capabilities)

    async def bases(self) -> list[Base]:
        """Return the base profiles that it knows."""
        return await self.ask(calls.Bases(), list[Base])

    async def create(self, spec: SandboxSpec) -> Sandbox:
        """Start a sandbox; it goes on starting when the caller is cancelled."""
        await self.ask(calls.Create(spec), type(None))
        return RemoteSandbox(self, spec.id)

    async def find(self, sandbox_id: str) -> Sandbox | None:
        """Return a running sandbox."""
        return RemoteSandbox(self, sandbox_id) if await self.ask(calls.Find(sandbox_id), bool) else None

    async def listing(self, labels: Mapping[str, str] | None = None) -> list[SandboxInfo]:
        """Return the sandboxes that carry all of these labels, stopped ones too."""
        return await self.ask(calls.List(labels), list[SandboxInfo])

    async def remove(self, sandbox_id: str) -> None:
        """Remove a sandbox, running or stopped."""
        await self.ask(calls.Remove(sandbox_id), type(None))

    async def seal(self, sandbox_id: str, digest: str) -> Layer:
        """End a sandbox and make what it wrote a layer."""
        return await self.ask(calls.Seal(sandbox_id, digest), Layer)

    async def layers(self, organization_id: str | None = None) -> list[Layer]:
        """Return the sealed layers."""
        return await self.ask(calls.Layers(organization_id), list[Layer])

    async def drop_layer(self, organization_id: str, digest: str) -> bool:
        """Remove a layer that no sandbox uses."""
        return await self.ask(calls.DropLayer(organization_id, digest), bool)

    async def drop_bases(self, before: int, *, is_trial: bool = False) -> list[ReplacedBase]:
        """Remove bases that were replaced and that nothing stands on."""
        return await self.ask(calls.DropBases(before, is_trial), list[ReplacedBase])

    async def begin(self, call: calls.Call) -> Connection:
        """Send a call on a connection of its own and return that."""
        connection = await self._connect()
        try:
            await connection.send(Kind.CALL, calls.encode(call))
        except BaseException:
            connection.close()
            raise
        return connection

    async def ask(self, call: calls.Call, answer: type[Answer]) -> Answer:
        """Send a call and return its answer."""
        try:
            connection = await self.begin(call)
            try:
                return await answered(connection, answer)
            finally:
                connection.close()
        except ConnectionGone as error:
            raise _lost() from error


class RemoteSandbox(Sandbox):
    """A sandbox of the other process."""

    def __init__(self, sandboxes: RemoteSandboxes, sandbox_id: str) -> None:
        self._sandboxes = sandboxes
        self._id = sandbox_id

    @property
    def id(self) -> str:
        """The id that its spec gave it."""
        return self._id

    async def execute(self, command: Command) -> Process:
        """Start a program; it is ended when nothing here holds the Process any more."""
        try:
            connection = await self._sandboxes.begin(calls.Execute(self._id, command))
            try:
                await answered(connection, type(None))
            except BaseException:
                connection.close()
                raise
        except ConnectionGone as error:
            raise _lost() from error
        return RemoteProcess(connection)

    async def read(self, path: str, *, offset: int = 0, limit: int | None = None) -> AsyncIterator[bytes]:
        """Read a file, as fast as the chunks are taken."""
        try:
            connection = await self._sandboxes.begin(calls.Read(self._id, path, offset, limit))
            try:
                while (piece := await _piece(connection)) is not None:
                    yield piece
            finally:
                connection.close()
        except ConnectionGone as error:
            raise _lost() from error

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, mode: int = 0o644) -> None:
        """Write a file whole; nothing of it is kept if `chunks` fails."""
        try:
            connection = await self._sandboxes.begin(calls.Write(self._id, path, mode))
        except ConnectionGone as error:
            raise _lost() from error
        sending = asyncio.ensure_future(_send_all(connection, chunks))
        answer = asyncio.ensure_future(answered(connection, type(None)))
        try:
            # The answer may come first: a full disk says so before everything is sent.
            await asyncio.wait({sending, answer}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done() and not isinstance(sending.exception(), ConnectionGone):
                sending.result()
            await answer
        except ConnectionGone as error:
            raise _lost() from error
        finally:
            for task in (sending, answer):
                task.cancel()
            await asyncio.gather(sending, answer, return_exceptions=True)
            connection.close()

    async def listing(self, path: str) -> list[Entry]:
        """Return what lies in a folder."""
        return await self._sandboxes.ask(calls.Entries(self._id, path), list[Entry])

    async def stats(self) -> Stats:
        """Return what it takes now."""
        return await self._sandboxes.ask(calls.Measure(self._id), Stats)

    async def snapshot(self) -> str:
        """Keep its upper layer in the blob store."""
        return await self._sandboxes.ask(calls.Snapshot(self._id), str)

    async def stop(self) -> None:
        """End every process."""
        await self._sandboxes.ask(calls.Stop(self._id), type(None))

    async def destroy(self) -> None:
        """End every process and remove what it wrote."""
        await self._sandboxes.ask(calls.Destroy(self._id), type(None))


async def answered(connection: Connection, answer: type[Answer]) -> Answer:
    """Return the answer that comes; or raise what comes instead."""
    kind, payload = await connection.receive()
    if kind is Kind.ERROR:
        raise exception_of(msgspec.msgpack.decode(payload, type=Failure))
    if kind is not Kind.RESULT:
        raise _foreign(kind)
    return msgspec.msgpack.decode(payload, type=answer)


async def _piece(connection: Connection) -> bytes | None:
    kind, payload = await connection.receive()
    if kind is Kind.ERROR:
        raise exception_of(msgspec.msgpack.decode(payload, type=Failure))
    if kind is Kind.END:
        return None
    if kind is not Kind.DATA:
        raise _foreign(kind)
    return payload


async def _send_all(connection: Connection, chunks: AsyncIterator[bytes]) -> None:
    async for chunk in chunks:
        whole = memoryview(chunk)
        for start in range(0, len(whole), PIECE):
            await connection.send(Kind.DATA, whole[start : start + PIECE])
    await connection.send(Kind.END)


def _lost() -> SandboxGone:
    return SandboxGone("the supervisor of sandboxes went away, and every program of a sandbox with it; try again")


def _foreign(kind: Kind) -> SandboxError:
    return SandboxError(f"the supervisor of sandboxes answered with a frame that has no place here: {kind.name}")
