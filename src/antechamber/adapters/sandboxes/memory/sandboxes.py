"""Sandboxes in memory, by the protocols."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from antechamber.adapters.sandboxes.memory.programs import PROGRAMS, MemoryProcess, Program, drained
from antechamber.base.clock import Clock
from antechamber.features.environments.model.sandbox import (
    HOST,
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

_ONLY_HOST: Final[Mapping[str, tuple[str, ...]]] = {HOST: ()}


@dataclass(slots=True)
class _Kept:
    """What is kept of a sandbox after it stops: the upper layer of those that have one."""

    spec: SandboxSpec
    created_at: int
    files: dict[str, bytes] = field(default_factory=dict)
    running: "MemorySandbox | None" = None
    ended_for: str | None = None


class MemorySandboxes(Sandboxes):
    """All of a process; they end with it. `programs` are what is there to run, `bases` the managers of its bases."""

    def __init__(
        self,
        clock: Clock,
        programs: Mapping[str, Program] = PROGRAMS,
        bases: Mapping[str, tuple[str, ...]] = _ONLY_HOST,
    ) -> None:
        self._clock = clock
        self._bases = bases
        self.programs = programs
        self._kept: dict[str, _Kept] = {}
        self._layers: dict[tuple[str, str], tuple[Layer, Mapping[str, bytes]]] = {}
        self._snapshots: dict[str, Mapping[str, bytes]] = {}

    async def start(self) -> None:
        """Nothing to begin."""

    async def close(self) -> None:
        """End every sandbox."""
        for kept in self._kept.values():
            if kept.running is not None:
                await kept.running.stop()

    async def capabilities(self) -> Capabilities:
        """Return that nothing is enforced."""
        return Capabilities(
            runtime="memory",
            version="1",
            isolation="none",
            rootless=True,
            memory_limit=False,
            cpu_limit=False,
            pids_limit=False,
            disk_limit=False,
            transparent_network=False,
            snapshots=True,
            missing=("programs: sandboxes in memory run none of this machine's",),
        )

    async def bases(self) -> list[Base]:
        """Return those that it was made with, which need nothing."""
        return [Base(name, "ready", "memory", 0, managers) for name, managers in self._bases.items()]

    async def create(self, spec: SandboxSpec) -> Sandbox:
        """Start a sandbox; SandboxError."""
        kept = self._kept.get(spec.id)
        if kept is not None and kept.running is not None:
            message = f"there is a sandbox {spec.id} already"
            raise SandboxError(message)
        below = self._below(spec)
        if kept is None:
            restored = self._snapshots.get(spec.restore, {}) if spec.restore else {}
            kept = self._kept[spec.id] = _Kept(spec, self._clock.now(), {**below, **restored})
        kept.files.update(spec.files)
        kept.ended_for = None
        kept.running = MemorySandbox(self, kept, spec)
        return kept.running

    def _below(self, spec: SandboxSpec) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        for digest in spec.layers:
            found = self._layers.get((spec.organization_id, digest))
            if found is None:
                message = f"there is no layer {digest}"
                raise SandboxError(message)
            layer, content = found
            self._layers[spec.organization_id, digest] = replace(layer, used_at=self._clock.now()), content
            files.update(content)
        return files

    async def find(self, sandbox_id: str) -> Sandbox | None:
        """Return a running sandbox."""
        kept = self._kept.get(sandbox_id)
        return kept.running if kept else None

    async def listing(self, labels: Mapping[str, str] | None = None) -> list[SandboxInfo]:
        """Return the sandboxes that carry all of these labels, stopped ones too."""
        wanted = (labels or {}).items()
        return [
            SandboxInfo(
                id=kept.spec.id,
                organization_id=kept.spec.organization_id,
                state="running" if kept.running else "stopped",
                base=kept.spec.base,
                layers=kept.spec.layers,
                created_at=kept.created_at,
                labels=kept.spec.labels,
                ended_for=kept.ended_for,
            )
            for kept in self._kept.values()
            if wanted <= kept.spec.labels.items()
        ]

    async def remove(self, sandbox_id: str) -> None:
        """Remove a sandbox, running or stopped."""
        kept = self._kept.pop(sandbox_id, None)
        if kept is not None and kept.running is not None:
            await kept.running.stop()

    async def seal(self, sandbox_id: str, digest: str) -> Layer:
        """End a sandbox and make what it wrote a layer."""
        kept = self._kept.get(sandbox_id)
        if kept is None:
            message = f"there is no sandbox {sandbox_id}"
            raise SandboxGone(message)
        await self.remove(sandbox_id)
        now = self._clock.now()
        organization_id = kept.spec.organization_id
        made = Layer(organization_id, digest, sum(map(len, kept.files.values())), now, now)
        return self._layers.setdefault((organization_id, digest), (made, kept.files))[0]

    async def layers(self, organization_id: str | None = None) -> list[Layer]:
        """Return the sealed layers."""
        found = (layer for layer, _ in self._layers.values())
        return [layer for layer in found if organization_id in {None, layer.organization_id}]

    async def drop_layer(self, organization_id: str, digest: str) -> bool:
        """Remove a layer that no sandbox uses."""
        specs = [kept.spec for kept in self._kept.values()]
        if any(spec.organization_id == organization_id and digest in spec.layers for spec in specs):
            return False
        return self._layers.pop((organization_id, digest), None) is not None

    async def drop_bases(self, before: int, *, is_trial: bool = False) -> list[ReplacedBase]:
        """Remove nothing: its bases are names."""
        del before, is_trial
        return []

    async def end_for(self, sandbox_id: str, limit: str) -> None:
        """Stop a running sandbox as a limit does; this runtime has none of its own."""
        kept = self._kept[sandbox_id]
        kept.ended_for = limit
        if kept.running is not None:
            await kept.running.stop()

    def keep_snapshot(self, files: Mapping[str, bytes]) -> str:
        """Keep files under a new name."""
        name = f"snapshot-{len(self._snapshots) + 1}"
        self._snapshots[name] = dict(files)
        return name


class MemorySandbox(Sandbox):
    """One of them, while it runs."""

    def __init__(self, sandboxes: MemorySandboxes, kept: _Kept, spec: SandboxSpec) -> None:
        self._sandboxes = sandboxes
        self._kept = kept
        self._spec = spec
        self._programs: list[MemoryProcess] = []

    @property
    def id(self) -> str:
        """The id that its spec gave it."""
        return self._spec.id

    def _check(self) -> None:
        if self._kept.running is not self:
            message = f"the sandbox {self.id} does not run"
            raise SandboxGone(message)

    async def execute(self, command: Command) -> Process:
        """Start one of the programs that there are."""
        self._check()
        environment = {**self._spec.environment, **command.environment}
        process = MemoryProcess(replace(command, environment=environment), self._kept.files, self._sandboxes.programs)
        self._programs.append(process)
        return process

    async def read(self, path: str, *, offset: int = 0, limit: int | None = None) -> AsyncIterator[bytes]:
        """Read a file."""
        self._check()
        if path not in self._kept.files:
            is_folder = any(name.startswith(path.rstrip("/") + "/") for name in self._kept.files)
            raise IsADirectoryError(path) if is_folder else FileNotFoundError(path)
        content = self._kept.files[path]
        yield content[offset : None if limit is None else offset + limit]

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, mode: int = 0o644) -> None:
        """Write a file whole; its mode is not kept."""
        del mode
        self._check()
        if any(f"{path}/".startswith(f"{name}/") and name != path for name in self._kept.files):
            raise NotADirectoryError(path)
        self._kept.files[path] = b"".join([chunk async for chunk in chunks])

    async def listing(self, path: str) -> list[Entry]:
        """Return what lies in a folder."""
        self._check()
        folder = path.rstrip("/") + "/"
        if path in self._kept.files:
            raise NotADirectoryError(path)
        found: dict[str, Entry] = {}
        for name, content in self._kept.files.items():
            if name.startswith(folder):
                first, _, rest = name.removeprefix(folder).partition("/")
                size = 0 if rest else len(content)
                found[first] = Entry(first, "folder" if rest else "file", size, 0o755 if rest else 0o644, 0)
        if not found and path not in {"/", "/workspace"}:
            raise FileNotFoundError(path)
        return [found[name] for name in sorted(found)]

    async def stats(self) -> Stats:
        """Return how much its files take."""
        self._check()
        return Stats(None, None, None, None, sum(map(len, self._kept.files.values())), None)

    async def snapshot(self) -> str:
        """Keep its files."""
        self._check()
        return self._sandboxes.keep_snapshot(self._kept.files)

    async def stop(self) -> None:
        """End every program."""
        self._kept.running = None
        for process in self._programs:
            await drained(process)

    async def destroy(self) -> None:
        """End every program and remove what was written."""
        await self.stop()
        await self._sandboxes.remove(self.id)
