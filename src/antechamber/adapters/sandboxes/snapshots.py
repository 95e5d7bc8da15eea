"""Upper layers in the blob store."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from antechamber.base.chance import Chance
from antechamber.features.environments.model.sandbox import SandboxError
from antechamber.features.environments.ports.blobs import Blobs, NoBlob

_FOLDER: Final = "snapshots"
_PIECE: Final = 1 << 18
_NAME_BYTES: Final = 16
_PROGRAM: Final = ("-P", "-m", "antechamber.adapters.sandboxes.archive")

Process = asyncio.subprocess.Process


class Snapshots:
    """Keeps and restores folders, each by a program of its own (archive.py), so that none holds the supervisor up."""

    def __init__(self, blobs: Blobs, chance: Chance) -> None:
        self._blobs = blobs
        self._chance = chance

    async def save(self, upper: Path, first_id: int) -> str:
        """Keep a folder whole, ids from `first_id` as from 0, and return its name; SandboxError."""
        name = f"{_FOLDER}/{self._chance.draw(_NAME_BYTES).hex()}.tar.zst"
        try:
            async with _running("save", upper, first_id) as process:
                await self._blobs.put(name, _output(process))
        except OSError as error:
            message = f"the snapshot cannot be kept: {error.strerror or error}"
            raise SandboxError(message) from error
        return name

    async def restore(self, name: str, upper: Path, first_id: int) -> None:
        """Fill an empty folder; SandboxError."""
        try:
            async with _running("restore", upper, first_id) as process:
                await _feed(process, self._blobs.read(name))
                await _must_end_well(process)
        except (NoBlob, ValueError) as error:
            message = f"there is no snapshot {name}"
            raise SandboxError(message) from error

    async def delete(self, name: str) -> None:
        """Forget a snapshot, if there is one."""
        await self._blobs.delete(name)


@contextlib.asynccontextmanager
async def _running(verb: str, folder: Path, first_id: int) -> AsyncIterator[Process]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *_PROGRAM, verb, str(folder), str(first_id), stdin=pipe, stdout=pipe, stderr=pipe, cwd="/"
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _output(process: Process) -> AsyncIterator[bytes]:
    while process.stdout is not None and (piece := await process.stdout.read(_PIECE)):
        yield piece
    # Before the blob is whole: a snapshot that broke off is none.
    await _must_end_well(process)


async def _feed(process: Process, chunks: AsyncIterator[bytes]) -> None:
    if process.stdin is None:
        return
    async for chunk in chunks:
        try:
            process.stdin.write(chunk)
            await process.stdin.drain()
        except ConnectionError:
            return  # it has ended, and says why
    process.stdin.close()


async def _must_end_well(process: Process) -> None:
    said = await process.stderr.read() if process.stderr is not None else b""
    if await process.wait() != 0:
        lines = said.decode(errors="replace").strip().splitlines()
        message = f"the snapshot broke off: {lines[-1] if lines else 'it did not say why'}"
        raise SandboxError(message)
