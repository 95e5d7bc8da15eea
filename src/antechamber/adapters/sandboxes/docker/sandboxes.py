"""The runtime on an engine that speaks the Docker API: a container for each sandbox, an image for each layer."""

import asyncio
import contextlib
import io
import shutil
import tarfile
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from antechamber.adapters.blobs import local_blobs
from antechamber.adapters.sandboxes.configuration import SupervisorConfiguration
from antechamber.adapters.sandboxes.docker import bodies, engine, seccomp, snapshots
from antechamber.adapters.sandboxes.docker.calls import Calls
from antechamber.adapters.sandboxes.docker.images import Images
from antechamber.adapters.sandboxes.docker.links import Engine, tls_context
from antechamber.adapters.sandboxes.docker.networks import Network, NoNetwork
from antechamber.adapters.sandboxes.docker.sandbox import DockerSandbox
from antechamber.adapters.sandboxes.images.trees import Trees
from antechamber.adapters.sandboxes.network import Doors, EgressClient, lacking
from antechamber.base.chance import Chance, SystemChance
from antechamber.base.clock import SystemClock
from antechamber.features.environments.model.sandbox import (
    Base,
    Capabilities,
    Layer,
    NetworkMode,
    ReplacedBase,
    SandboxError,
    SandboxInfo,
    SandboxSpec,
)

_MICROSECONDS: Final = 1_000_000
_CHANCE: Final = SystemChance()
_OWNER_BYTES: Final = 6
_RETRY_SECONDS: Final = 1.0
_WATCH_SECONDS: Final = 15.0
_RUNNING: Final = "running"
# the engine mounts its own over these at each start, made from what the container's body says of names
_MOUNTED: Final = ("/etc/hostname", "/etc/hosts", "/etc/resolv.conf")


class DockerSandboxes:
    """Sandboxes as containers of an engine, which may have containers of others beside ours."""

    def __init__(self, configuration: SupervisorConfiguration) -> None:
        folder = Path(configuration.folder)
        self._calls = Calls(Engine(configuration.docker_url, tls_context(configuration.docker_tls)))
        self._house = bodies.House(_owner(folder, _CHANCE), configuration.docker_runtime)
        self._trees = Trees(folder / "rootfs")
        self._network: Network = EgressClient(Path(configuration.egress)) if configuration.egress else NoNetwork()
        self._blobs = local_blobs(Path(configuration.blobs))
        self._images = Images(self._calls, self._trees, self._house.owner, folder / "docker", SystemClock())
        self._running: dict[str, DockerSandbox] = {}
        # of those that this process stopped: whoever keeps an eye on them learns of it within seconds
        self._ended_for: dict[str, str] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: dict[str, Any] = {}

    async def start(self) -> None:
        """Learn what the engine is, and end what an earlier run of ours left running; what it wrote stays."""
        self._told = {**await engine.negotiate(self._calls), **await self._calls.json("GET", "/info")}
        self._house = replace(self._house, seccomp=seccomp.profile(self._told["Architecture"]))
        for left in await self._ours():
            if left["State"] == _RUNNING:
                await engine.end(self._calls, left["Id"])
        await self._network.start()
        self._spawn(self._listen())
        self._spawn(self._watch())

    async def close(self) -> None:
        """End every sandbox; what they wrote stays."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self.stop(sandbox_id) for sandbox_id in list(self._running)), return_exceptions=True)
        await self._network.stop()

    async def capabilities(self) -> Capabilities:
        """Return what the engine can enforce on its machine."""
        told = self._told
        remapped = any("name=userns" in option for option in told.get("SecurityOptions") or ())
        held = {"memory": told["MemoryLimit"], "CPU": told["CpuCfsQuota"], "processes": told["PidsLimit"]}
        missing = [f"{name}: the engine's machine has no such limit" for name, works in held.items() if not works]
        missing.append("disk: looked at every 15 s, and a sandbox over its limit is stopped")
        if not remapped:
            missing.append("user namespace: root inside is root of the engine's machine (start it with userns-remap)")
        missing += lacking()
        return Capabilities(
            runtime=self._house.runtime or told.get("DefaultRuntime", "docker"),
            version=f"{told['Version']} (API {told['ApiVersion']})",
            isolation="userns" if remapped else "container",
            rootless=any("name=rootless" in option for option in told.get("SecurityOptions") or ()),
            memory_limit=held["memory"],
            cpu_limit=held["CPU"],
            pids_limit=held["processes"],
            disk_limit=False,
            transparent_network=True,
            snapshots=True,
            missing=tuple(missing),
        )

    async def bases(self) -> list[Base]:
        """Return the base profiles of this machine; the engine gets one when it is first used."""
        return await asyncio.to_thread(self._trees.listing)

    async def create(self, spec: SandboxSpec) -> DockerSandbox:
        """Start a sandbox, on what was kept of it if there is something; SandboxError."""
        async with self._locks[spec.id]:
            name = self._name(spec.id)
            there = await engine.inspect(self._calls, name)
            if spec.id in self._running or (there is not None and there["State"]["Running"]):
                message = f"the sandbox {spec.id} is there already"
                raise SandboxError(message)
            prepared = self._network.prepare(spec.id, spec.network)
            spec = replace(
                spec,
                environment={**prepared.environment, **spec.environment},
                files={**prepared.files, **spec.files},
            )
            try:
                if there is None:
                    body = bodies.container(spec, await self._images.choose(spec), self._house)
                    await self._calls.json("POST", "/containers/create", body, query={"name": name})
                return await self._start(name, spec)
            except BaseException:
                await asyncio.shield(self._undo(name, spec.id, kept=there is not None))
                raise

    async def find(self, sandbox_id: str) -> DockerSandbox | None:
        """Return a running sandbox."""
        return self._running.get(sandbox_id)

    async def listing(self, labels: Mapping[str, str] | None = None) -> list[SandboxInfo]:
        """Return the sandboxes that carry all of these labels, stopped ones too."""
        found = (_info(container) for container in await self._ours(labels))
        told = (replace(info, ended_for=self._ended_for.get(info.id)) for info in found)
        return sorted(told, key=lambda info: info.id)

    async def stop(self, sandbox_id: str) -> None:
        """End a sandbox, and keep what it wrote."""
        async with self._locks[sandbox_id]:
            await self._let_go(sandbox_id)
            await engine.end(self._calls, self._name(sandbox_id))

    async def kill(self, sandbox: DockerSandbox) -> None:
        """End a sandbox for one of its programs; whoever starts or removes it meanwhile waits for that."""
        if self._running.get(sandbox.id) is not sandbox:
            # not wholly started yet, and whoever starts it has the lock
            await engine.end(self._calls, sandbox.container)
            return
        async with self._locks[sandbox.id]:
            self._running.pop(sandbox.id, None)
            sandbox.close()
            await engine.end(self._calls, sandbox.container)
            await self._network.detach(sandbox.id)
            sandbox.note_end()

    async def remove(self, sandbox_id: str) -> None:
        """Remove a sandbox, running or stopped, with what it wrote."""
        async with self._locks[sandbox_id]:
            await self._let_go(sandbox_id)
            await engine.remove(self._calls, self._name(sandbox_id))
        self._locks.pop(sandbox_id, None)

    async def keep(self, sandbox: DockerSandbox) -> str:
        """Keep what a sandbox wrote as a snapshot, and return its name."""
        changes = await self._calls.json("GET", f"/containers/{sandbox.container}/changes")
        return await snapshots.keep(self._blobs, sandbox, changes or [], _CHANCE)

    async def seal(self, sandbox_id: str, digest: str) -> Layer:
        """End a sandbox and make what it wrote a layer of its organisation."""
        await self.stop(sandbox_id)
        told = await engine.inspect(self._calls, self._name(sandbox_id), size=True)
        if told is None:
            message = f"the sandbox {sandbox_id} is not there"
            raise SandboxError(message)
        layer = await self._images.seal(told, digest)
        await self.remove(sandbox_id)
        return layer

    async def layers(self, organization_id: str | None = None) -> list[Layer]:
        """Return the sealed layers."""
        return await self._images.layers(organization_id)

    async def drop_layer(self, organization_id: str, digest: str) -> bool:
        """Remove a layer that no sandbox uses."""
        return await self._images.drop(organization_id, digest)

    async def drop_bases(self, before: int, *, is_trial: bool = False) -> list[ReplacedBase]:
        """Remove trees that were replaced, and the engine's copies of them, on which containers and layers stand."""
        trees = await asyncio.to_thread(self._trees.drop_replaced, before, (), _discard, is_trial=is_trial)
        images = await self._images.drop_replaced(before, is_trial=is_trial)
        found: dict[str, ReplacedBase] = {}
        for each in (*trees, *images):
            known = found.get(each.name)
            found[each.name] = replace(each, size_bytes=each.size_bytes + (known.size_bytes if known else 0))
        return list(found.values())

    async def _start(self, name: str, spec: SandboxSpec) -> DockerSandbox:
        laid = {path: spec.files[path] for path in spec.files if path not in _MOUNTED}
        if laid:
            await self._lay(name, laid)
        await self._calls.json("POST", f"/containers/{name}/start")
        told = await engine.inspect(self._calls, name)
        if told is None or not told["State"]["Running"]:
            message = "the sandbox ended as it started"
            raise SandboxError(message)
        if spec.network.mode is not NetworkMode.NONE:
            await self._network.attach(Doors.of_process(_local_pid(told)), spec.id, spec.network)
        sandbox = DockerSandbox(self._calls, _CHANCE, told["Id"], spec, self)
        if spec.restore is not None:
            await snapshots.restore(self._blobs, sandbox, spec.restore)
        self._running[spec.id] = sandbox
        self._ended_for.pop(spec.id, None)
        if spec.limits.wall_seconds:
            self._spawn(self._end_after(sandbox, spec.limits.wall_seconds))
        return sandbox

    async def _lay(self, name: str, files: Mapping[str, bytes]) -> None:
        # nothing runs in it yet that could put a link in the way, and the engine unpacks with the container as its root
        async def packed() -> AsyncIterator[bytes]:
            yield _archive(files)

        async with self._calls.stream("PUT", f"/containers/{name}/archive", packed(), query={"path": "/"}):
            pass

    async def _undo(self, name: str, sandbox_id: str, *, kept: bool) -> None:
        with contextlib.suppress(SandboxError):
            await self._let_go(sandbox_id)
            await (engine.end(self._calls, name) if kept else engine.remove(self._calls, name))

    async def _let_go(self, sandbox_id: str) -> None:
        sandbox = self._running.pop(sandbox_id, None)
        await self._network.detach(sandbox_id)
        if sandbox is not None:
            sandbox.note_end()

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(SandboxError):
                async for action, container in engine.events(self._calls, self._house.owner):
                    await self._note(action, container)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _note(self, action: str, container: str) -> None:
        sandbox = next((one for one in self._running.values() if one.container == container), None)
        if sandbox is None:
            return
        if action == "oom":
            sandbox.note_oom()
        else:
            await self._let_go(sandbox.id)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            for sandbox in list(self._running.values()):
                limit = sandbox.spec.limits.disk_bytes
                with contextlib.suppress(SandboxError):
                    told = await engine.inspect(self._calls, sandbox.container, size=True) if limit else None
                    if told is not None and told.get("SizeRw", 0) > limit:
                        await self._stop_for(sandbox, "disk")

    async def _end_after(self, sandbox: DockerSandbox, seconds: int) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(SandboxError):
            await self._stop_for(sandbox, "time")

    async def _stop_for(self, sandbox: DockerSandbox, limit: str) -> None:
        if self._running.get(sandbox.id) is sandbox:
            # first: who lists it in between must not take it for one that ended by itself
            self._ended_for[sandbox.id] = limit
            await self.stop(sandbox.id)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ours(self, labels: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        wanted = {bodies.LABEL + name: value for name, value in (labels or {}).items()}
        return await engine.listing(self._calls, {bodies.OWNER: self._house.owner, **wanted})

    def _name(self, sandbox_id: str) -> str:
        return f"antechamber-{self._house.owner}-{sandbox_id}"


def _owner(folder: Path, chance: Chance) -> str:
    """Return the name of this installation on the engine, the same at every start."""
    path = folder / "docker" / "owner"
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="ascii")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(chance.draw(_OWNER_BYTES).hex(), encoding="ascii")
    return path.read_text(encoding="ascii")


def _discard(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _info(container: Mapping[str, Any]) -> SandboxInfo:
    told = container["Labels"]
    return SandboxInfo(
        told[bodies.SANDBOX],
        told[bodies.ORGANIZATION],
        _RUNNING if container["State"] == _RUNNING else "stopped",
        told[bodies.BASE],
        tuple(filter(None, told[bodies.LAYERS].split(","))),
        container["Created"] * _MICROSECONDS,
        bodies.own_labels(told),
    )


def _local_pid(told: Mapping[str, Any]) -> int:
    """Return the container's first process on this machine, whose network can be entered; SandboxError."""
    pid = int(told["State"]["Pid"])
    with contextlib.suppress(OSError):
        if told["Id"] in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8"):
            return pid
    message = "the engine runs on another machine: sandboxes there can have no network (networking none)"
    raise SandboxError(message)


def _archive(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path.removeprefix("/"))
            info.size, info.mode = len(content), 0o644
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()
