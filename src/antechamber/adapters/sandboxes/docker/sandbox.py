"""One container, as a sandbox."""

from collections.abc import AsyncIterator
from importlib import resources
from typing import Any, Final, Protocol

from antechamber.adapters.sandboxes.docker import bodies, engine, files
from antechamber.adapters.sandboxes.docker.calls import Calls, EngineError
from antechamber.adapters.sandboxes.docker.links import Link
from antechamber.adapters.sandboxes.docker.running import DockerProcess
from antechamber.base.chance import Chance
from antechamber.features.environments.model.sandbox import Command, Entry, SandboxGone, SandboxSpec, Stats

_SIGNAL: Final = (resources.files(__package__) / "signal.sh").read_text(encoding="utf-8")
_MARK_BYTES: Final = 12


class Runtime(Protocol):
    """What a sandbox asks of the runtime that it belongs to."""

    async def keep(self, sandbox: "DockerSandbox") -> str:
        """Keep what it wrote as a snapshot, and return its name."""
        ...

    async def stop(self, sandbox_id: str) -> None:
        """End a sandbox, and keep what it wrote."""
        ...

    async def kill(self, sandbox: "DockerSandbox") -> None:
        """End it for one of its programs, which nothing else ends."""
        ...

    async def remove(self, sandbox_id: str) -> None:
        """End a sandbox, and remove what it wrote."""
        ...


class DockerSandbox:
    """A running container."""

    def __init__(self, calls: Calls, chance: Chance, container: str, spec: SandboxSpec, runtime: Runtime) -> None:
        self._calls = calls
        self._chance = chance
        self._runtime = runtime
        self._processes: set[DockerProcess] = set()
        self._oom_kills = 0
        self._gone = False
        self.container = container
        self.spec = spec

    @property
    def id(self) -> str:
        """The id that its spec gave it."""
        return self.spec.id

    async def execute(self, command: Command) -> DockerProcess:
        """Start a program; SandboxGone, SandboxError."""
        if self._gone:
            message = "the sandbox has ended"
            raise SandboxGone(message)
        mark = self._chance.draw(_MARK_BYTES).hex()
        process, link, early = await self._start(command, mark)
        self._processes.add(process)
        process.begin(link, early, command.timeout_seconds, self._processes.discard)
        return process

    def read(self, path: str, *, offset: int = 0, limit: int | None = None) -> AsyncIterator[bytes]:
        """Read a file, opened inside."""
        return files.read(self, path, offset, limit)

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, mode: int = 0o644) -> None:
        """Write a file whole."""
        await files.write(self, path, chunks, mode)

    async def listing(self, path: str) -> list[Entry]:
        """Return what lies in a folder."""
        return await files.listing(self, path)

    async def stats(self) -> Stats:
        """Return what it takes now."""
        told = await self._calls.json(
            "GET", f"/containers/{self.container}/stats", query={"stream": "false", "one-shot": "true"}
        )
        sizes = await engine.inspect(self._calls, self.container, size=True)
        memory = told.get("memory_stats") or {}
        return Stats(
            memory_bytes=memory.get("usage"),
            memory_peak_bytes=memory.get("max_usage"),
            cpu_microseconds=told["cpu_stats"]["cpu_usage"]["total_usage"] // 1000,
            pids=(told.get("pids_stats") or {}).get("current"),
            disk_bytes=None if sizes is None else sizes.get("SizeRw", 0),
            oom_kills=self._oom_kills,
        )

    async def snapshot(self) -> str:
        """Keep what it wrote, and return the name to restore from."""
        return await self._runtime.keep(self)

    async def stop(self) -> None:
        """End every process; what it wrote stays."""
        await self._runtime.stop(self.id)

    async def destroy(self) -> None:
        """End every process and remove what it wrote."""
        await self._runtime.remove(self.id)

    async def inspect(self, execution: str) -> dict[str, Any]:
        """Return what the engine says of an execution."""
        told: dict[str, Any] = await self._calls.json("GET", f"/exec/{execution}/json")
        return told

    async def resize(self, execution: str, rows: int, columns: int) -> None:
        """Set the size of its terminal; one that has just ended has none."""
        try:
            await self._calls.json("POST", f"/exec/{execution}/resize", query={"h": rows, "w": columns})
        except EngineError as error:
            if error.status not in {engine.NOT_FOUND, engine.CONFLICT}:
                raise

    async def send_signal(self, mark: str, number: int, user: str) -> None:
        """Send a signal to the program of a mark."""
        argv = ("/bin/sh", "-c", _SIGNAL, mark, str(number))
        # who a program runs as may read its mark: root without CAP_SYS_PTRACE may not read that of others
        process, link, early = await self._start(
            Command(argv, cwd="/", user=user), self._chance.draw(_MARK_BYTES).hex()
        )
        process.begin(link, early, 0, lambda _: None)
        await process.wait()

    async def kill(self) -> None:
        """End the whole container."""
        await self._runtime.kill(self)

    def oom_kills(self) -> int:
        """Return how often the kernel ended a process of it for want of memory."""
        return self._oom_kills

    def note_oom(self) -> None:
        """Take note that it did."""
        self._oom_kills += 1

    def close(self) -> None:
        """Start no more programs."""
        self._gone = True

    def note_end(self) -> None:
        """Take note that the container has ended."""
        self.close()
        for process in self._processes.copy():
            process.gone()

    async def _start(self, command: Command, mark: str) -> tuple[DockerProcess, Link, bytes]:
        body = bodies.execution(command, mark, self.spec.environment)
        execution, link, early = await engine.execute(self._calls, self.container, body)
        return DockerProcess(self, execution, mark, command.user, tty=command.tty), link, early
