"""A running sandbox: its first process, the programs in it, its files, and what it takes."""

import itertools
import signal
import termios
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from antechamber.adapters.sandboxes.oci import bundle, consoles, files
from antechamber.adapters.sandboxes.oci.cgroups import Cgroups
from antechamber.adapters.sandboxes.oci.children import Child
from antechamber.adapters.sandboxes.oci.killing import Beside, measure
from antechamber.adapters.sandboxes.oci.programs import OciProcess, Reach
from antechamber.adapters.sandboxes.oci.runtime import Runtime, open_pipes
from antechamber.adapters.sandboxes.oci.spares import Spare, Spares
from antechamber.adapters.sandboxes.oci.within import Within
from antechamber.base.chance import Chance
from antechamber.features.environments.model.sandbox import (
    Command,
    Entry,
    Limits,
    SandboxError,
    SandboxGone,
    Stats,
)

_USER: Final = 'id -u -- "$1" && id -g -- "$1" && { getent passwd -- "$1" | cut -d: -f6; }'
_LANGUAGE: Final = "C.UTF-8"
_TERMINAL: Final = "xterm-256color"


@dataclass(frozen=True, slots=True)
class User:
    """Who a program runs as, in the sandbox's own ids."""

    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a sandbox has of the machine; `most` are the highest limits of a process that can be set here."""

    runtime: Runtime
    cgroups: Cgroups
    chance: Chance
    folder: Path
    limits: Limits
    environment: Mapping[str, str]
    most: Mapping[str, int]
    disk: Callable[[], Awaitable[int]]
    spares: Spares


class Endings(Protocol):
    """What ends sandboxes (`OciSandboxes`)."""

    async def snapshot(self, sandbox_id: str) -> str:
        """Keep the upper layer of a sandbox."""

    async def stop(self, sandbox_id: str) -> None:
        """End a sandbox, keeping what it wrote."""

    async def remove(self, sandbox_id: str) -> None:
        """End a sandbox and remove what it wrote."""


class OciSandbox:
    """Implements Sandbox; `Endings` are the runtime's, which owns its folder."""

    def __init__(self, sandbox_id: str, first: Child, held: Held, endings: Endings) -> None:
        self._id = sandbox_id
        self._first = first
        self._held = held
        self._endings = endings
        self._numbers = itertools.count()
        self._users = {"root": User(0, 0, "/root"), "0": User(0, 0, "/root")}
        own = bundle.rlimits(held.limits, alone=held.cgroups.version == 0, most=held.most)
        self._rlimits: list[dict[str, Any]] = own
        self._reach: Reach = Beside(held.cgroups, sandbox_id, self.kill)
        if held.runtime.is_gvisor:
            self._reach = Within(held.runtime, sandbox_id, self.kill)
        first.when_ended(lambda _: held.spares.close())

    @property
    def id(self) -> str:
        """The id that its spec gave it."""
        return self._id

    @property
    def first(self) -> Child:
        """Its first process."""
        return self._first

    async def execute(self, command: Command) -> OciProcess:
        """Start a program; SandboxGone, SandboxError. A program that is not there ends with 127, as in a shell."""
        user = await self._user(command.user)
        self._must_run()
        rendered = bundle.text_of(self._process_of(command, user))
        before = self._held.cgroups.oom_kills(self._id)
        begun = None if command.tty else await self._held.spares.start(rendered)
        begun, terminal = (begun, None) if begun is not None else await self._begin(command, rendered)
        process = OciProcess(
            begun.child,
            begun.pipes.ours,
            begun.pid_file,
            self._reach,
            lambda: self._held.cgroups.oom_kills(self._id) != before,
            terminal,
        )
        if command.timeout_seconds:
            process.limit_to(command.timeout_seconds)
        return process

    def _process_of(self, command: Command, user: User) -> dict[str, Any]:
        environment = {"PATH": bundle.PATH, "HOME": user.home, "LANG": _LANGUAGE} | (
            {"TERM": _TERMINAL} if command.tty else {}
        )
        return bundle.process(
            [bundle.REAPER, "-s", "--", *command.argv],
            cwd=command.cwd,
            environment={**environment, **self._held.environment, **command.environment},
            user=(user.uid, user.gid),
            rlimits=self._rlimits,
            size=(command.rows, command.columns) if command.tty else None,
        )

    async def _begin(self, command: Command, rendered: bytes) -> tuple[Spare, int | None]:
        """Start a program with a command of its own, and return that and the program's terminal, if it has one."""
        name = self._held.folder / f"x{next(self._numbers)}"
        text, pid_file = name.with_suffix(".json"), name.with_suffix(".pid")
        text.write_bytes(rendered)
        terminal = None
        pipes = open_pipes()
        try:
            if command.tty:
                async with consoles.listening(name.with_suffix(".tty")) as console:
                    child = self._held.runtime.execute(self._id, pipes, text, pid_file, console.path)
                    terminal = await console.receive(child)
                    # not every runtime looks at the size that it is told
                    termios.tcsetwinsize(terminal, (command.rows, command.columns))
                    child = await self._held.runtime.settle(child, pid_file)
            else:
                child = self._held.runtime.execute(self._id, pipes, text, pid_file, None)
        except BaseException:
            pipes.close_ours()
            raise
        return Spare(child, pipes, text, pid_file), terminal

    def read(self, path: str, *, offset: int = 0, limit: int | None = None) -> AsyncIterator[bytes]:
        """Read a file, opened inside; FileNotFoundError, IsADirectoryError, PermissionError, SandboxGone."""
        return files.read(self.execute, path, offset, limit)

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, mode: int = 0o644) -> None:
        """Write a file whole (by rename), making its folder; NotADirectoryError, OSError(ENOSPC), SandboxGone."""
        await files.write(self.execute, path, chunks, mode, self._held.chance)

    async def listing(self, path: str) -> list[Entry]:
        """Return what lies in a folder, by name; FileNotFoundError, NotADirectoryError."""
        return await files.listing(self.execute, path)

    async def stats(self) -> Stats:
        """Return what it takes now."""
        self._must_run()
        cgroups = self._held.cgroups
        counts = cgroups.counts(self._id) if cgroups.version else measure(self._first.pid)
        if self._held.runtime.is_gvisor:
            counts = replace(counts, pids=len(await self._held.runtime.processes(self._id)))
        return Stats(
            counts.memory_bytes,
            counts.memory_peak_bytes,
            counts.cpu_microseconds,
            counts.pids,
            await self._held.disk(),
            counts.oom_kills,
        )

    async def snapshot(self) -> str:
        """Keep its upper layer in the blob store (tar, zstd) and return the name to restore from."""
        self._must_run()
        return await self._endings.snapshot(self._id)

    async def stop(self) -> None:
        """End every process; the upper layer stays, and `create` with the same id takes it up."""
        await self._endings.stop(self._id)

    async def destroy(self) -> None:
        """End every process and remove what it wrote."""
        await self._endings.remove(self._id)

    def kill(self) -> None:
        """End every process at once; the kernel does, when the first ends."""
        self._first.send(signal.SIGKILL)

    def _must_run(self) -> None:
        if self._first.code is not None:
            message = f"the sandbox {self._id} has ended; what it wrote is kept"
            raise SandboxGone(message)

    async def _user(self, name: str) -> User:
        """Return who a name, a number or `uid:gid` is inside; SandboxError."""
        found = self._users.get(name)
        if found is None:
            found = _numbered(name) or await self._named(name)
            self._users[name] = found
        return found

    async def _named(self, name: str) -> User:
        process = await self.execute(Command(("/bin/sh", "-c", _USER, "sh", name), cwd="/"))
        await process.close_input()
        text = b"".join([chunk async for chunk in process.stdout]).decode(errors="replace")
        words = text.splitlines()
        if (await process.wait()).code != 0 or len(words) < 2:  # noqa: PLR2004 - both ids
            message = f"the sandbox knows no user {name!r}"
            raise SandboxError(message)
        return User(int(words[0]), int(words[1]), words[2] if len(words) > 2 and words[2] else "/")  # noqa: PLR2004


def _numbered(name: str) -> User | None:
    uid, _, gid = name.partition(":")
    if uid.isdecimal() and (gid.isdecimal() or not gid):
        return User(int(uid), int(gid or uid), "/root" if int(uid) == 0 else "/")
    return None
