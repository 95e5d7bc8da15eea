"""What tests of sandboxes do over and over: make rooms, run programs there and take all that they say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from antechamber.features.environments.model.sandbox import Command, ExitStatus, SandboxSpec
from antechamber.features.environments.ports.sandboxes import Process, Sandbox, Sandboxes

ORGANIZATION = "8b2e5a3c-0000-4000-8000-000000000001"


@dataclass(slots=True)
class Runtime:
    """A runtime under test, and specs that fit it."""

    kind: str
    sandboxes: Sandboxes
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def name(self) -> str:
        """Return an id that no sandbox or layer has had."""
        return f"test-{next(self.numbers)}"

    def spec(self, sandbox_id: str, **parts: Any) -> SandboxSpec:  # noqa: ANN401 - fields of SandboxSpec
        return SandboxSpec(sandbox_id, ORGANIZATION, **parts)

    @asynccontextmanager
    async def room(self, **parts: Any) -> AsyncIterator[Sandbox]:  # noqa: ANN401 - fields of SandboxSpec
        """Start a sandbox, and remove it at the end."""
        spec = self.spec(self.name(), **parts)
        try:
            yield await self.sandboxes.create(spec)
        finally:
            await self.sandboxes.remove(spec.id)


@dataclass(frozen=True, slots=True)
class Said:
    """All of a program's output, and how it ended."""

    out: bytes
    err: bytes
    status: ExitStatus

    @property
    def text(self) -> str:
        return self.out.decode()


async def collect(stream: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in stream])


async def finish(process: Process) -> Said:
    """Take what a program says, errors after the rest: none of the tests' programs fills both."""
    out = await collect(process.stdout)
    err = await collect(process.stderr)
    return Said(out, err, await process.wait())


async def run(sandbox: Sandbox, *argv: str, given: bytes = b"", **how: Any) -> Said:  # noqa: ANN401 - fields of Command
    """Run a program to its end, with this on its input."""
    process = await sandbox.execute(Command(argv, **how))
    if given:
        await process.write(given)
    await process.close_input()
    return await finish(process)


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def sleepers(room: Sandbox, seconds: str) -> int:
    """Count the programs `sleep SECONDS` in a sandbox, ended ones that are not reaped yet left out."""
    script = f"""
import pathlib
found = 0
for each in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        if each.joinpath("cmdline").read_bytes().startswith(b"sleep\\0{seconds}\\0"):
            found += 1
    except OSError:
        pass
print(found)
"""
    return int((await run(room, "python3", "-c", script)).text)
