"""The runtime as the features see it: sandboxes made, found, ended, and sealed into layers."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from antechamber.adapters.sandboxes.images.trees import Tree, Trees
from antechamber.adapters.sandboxes.network import lacking
from antechamber.adapters.sandboxes.oci import disks, kept, kernel, mounts, starting
from antechamber.adapters.sandboxes.oci.cgroups import Cgroups, prefix_of
from antechamber.adapters.sandboxes.oci.children import Children
from antechamber.adapters.sandboxes.oci.ids import Ranges
from antechamber.adapters.sandboxes.oci.options import Network, OciOptions, Snapshots, find_init, find_reaper
from antechamber.adapters.sandboxes.oci.runtime import Runtime
from antechamber.adapters.sandboxes.oci.sandbox import Held, OciSandbox
from antechamber.adapters.sandboxes.oci.slots import Slot, Slots, drop_disk
from antechamber.adapters.sandboxes.oci.spaces import Spaces
from antechamber.adapters.sandboxes.oci.watching import Watching
from antechamber.base.chance import Chance, SystemChance
from antechamber.base.clock import Clock, SystemClock
from antechamber.features.environments.model.sandbox import (
    Base,
    Capabilities,
    Layer,
    ReplacedBase,
    SandboxError,
    SandboxGone,
    SandboxInfo,
    SandboxSpec,
)

_log = structlog.get_logger("sandboxes")
_ISOLATION: Final = {"runsc": "gvisor", "kata-runtime": "microvm"}
# what still holds without a control group of a kind
_INSTEAD: Final = {
    "cpu": "only deadlines end what burns processors",
    "memory": "only each process is limited",
    "pids": "all processes of this user count together (Linux 5.14 counts each sandbox's)",
}


class OciSandboxes:
    """Implements Sandboxes. `start` before all else, in the supervisor's own mount namespace; `close` at its end."""

    def __init__(
        self,
        options: OciOptions,
        *,
        network: Network | None = None,
        snapshots: Snapshots | None = None,
        clock: Clock | None = None,
        chance: Chance | None = None,
    ) -> None:
        """SandboxError if a program that sandboxes need is not there, naming its package."""
        self._options = options
        self._clock = clock or SystemClock()
        self._chance = chance or SystemChance()
        self._children = Children()
        self._ranges = Ranges(rootless=options.rootless)
        self._sessions = kept.Sessions(options.folder / "sessions")
        self._layers = kept.Layers(options.folder / "layers")
        self._trees = Trees(options.folder / "rootfs", first_id=1 if options.rootless else 0)
        cgroups = Cgroups(prefix_of(options.folder))
        runtime = Runtime(options, self._children, limits=cgroups.version != 0)
        counts = "pids" in cgroups.missing and runtime.joins and kernel.counts_by_namespace()
        self._machine = starting.Machine(
            options,
            runtime,
            find_init(),
            find_reaper(),
            cgroups,
            Spaces(self._children, network, self._ranges.size, limits=counts),
            mounts.Workers(),
            self._ranges.size,
            starting.highest(),
            not options.rootless and disks.can_limit(),
            network,
            snapshots,
        )
        self._slots = Slots(options.folder / "run", self._ranges, self._machine.spaces, self._machine.workers)
        self._running: dict[str, OciSandbox] = {}
        self._watching = Watching(self._stop_for)
        self._locks: dict[str, asyncio.Lock] = {}

    @property
    def children(self) -> Children:
        """What starts programs of this process without a copy of it."""
        return self._children

    async def start(self) -> None:
        """End what an earlier process left running, and take up what it left written."""
        self._children.start()
        starting.raise_limits()
        await self._machine.runtime.forget_all()
        self._machine.cgroups.drop()
        self._machine.cgroups.hold()
        await self._machine.workers.run(self._machine.cgroups.drop_abandoned)
        if self._machine.network is not None:
            await self._machine.network.start()
        self._sessions.load()
        for state in self._sessions.all():
            self._ranges.take(state.first_id)
        self._slots.start()
        await self._machine.workers.run(self._layers.clear)
        await self._machine.workers.run(lambda: self._trees.find("host"))

    async def close(self) -> None:
        """End every sandbox; what they wrote is kept."""
        await asyncio.gather(*(self.stop(sandbox_id) for sandbox_id in tuple(self._running)))
        if self._machine.network is not None:
            await self._machine.network.stop()
        await self._watching.close()
        await self._slots.close()
        await self._children.close()
        self._machine.cgroups.drop()
        self._machine.workers.close()

    async def capabilities(self) -> Capabilities:
        """Return what it can enforce on this machine."""
        machine = self._machine
        is_gvisor = machine.runtime.is_gvisor
        counted = machine.spaces.limits or is_gvisor
        absent = [name for name in machine.cgroups.missing if name != "pids" or not counted]
        why = "this machine gives the supervisor no control group" if machine.cgroups.version == 0 else "not delegated"
        missing = [f"{name} limit: {why}; {_INSTEAD[name]}" for name in absent]
        if is_gvisor:
            missing.append("pids limit: gVisor counts processes for nobody; memory ends what makes too many")
        if not machine.can_limit_disk:
            missing.append("disk limit: no loop devices for us; a watcher ends sandboxes that pass it")
        missing += lacking()
        return Capabilities(
            runtime=machine.runtime.name,
            version=await machine.runtime.version(),
            isolation=_ISOLATION.get(machine.runtime.name, "userns"),
            rootless=self._options.rootless,
            memory_limit="memory" not in absent,
            cpu_limit="cpu" not in absent,
            pids_limit="pids" not in absent and not is_gvisor,
            disk_limit=machine.can_limit_disk,
            transparent_network=machine.network is not None,
            snapshots=machine.snapshots is not None,
            missing=tuple(missing),
        )

    async def bases(self) -> list[Base]:
        """Return the base profiles that it knows, and whether each is ready."""
        return await self._machine.workers.run(self._trees.listing)

    async def create(self, spec: SandboxSpec) -> OciSandbox:
        """Start a sandbox; SandboxError (its message tells what is missing: a base, a layer, a right)."""
        kept.checked(spec.id)
        async with self._lock(spec.id):
            if spec.id in self._running:
                message = f"there is a sandbox {spec.id} already"
                raise SandboxError(message)
            layers = [self._layers.tree(spec.organization_id, digest) for digest in spec.layers]
            tree = await self._tree(spec)
            state, slot = await self._ground(spec, tree)
            try:
                started = await starting.start(self._machine, spec, state, slot, tree, layers)
            except BaseException as error:
                await self._undo(state, slot)
                if isinstance(error, OSError):
                    message = f"the sandbox could not be put together: {error.strerror or error}"
                    raise SandboxError(message) from error
                raise
            self._sessions.keep(state)
            for digest in spec.layers:
                self._layers.touch(spec.organization_id, digest, self._clock.now())
            return self._take_up(spec, state, started)

    async def find(self, sandbox_id: str) -> OciSandbox | None:
        """Return a running sandbox."""
        return self._running.get(sandbox_id)

    async def listing(self, labels: Mapping[str, str] | None = None) -> list[SandboxInfo]:
        """Return the sandboxes that carry all of these labels, stopped ones too."""
        wanted = dict(labels or {}).items()
        return [state.info() for state in self._sessions.all() if wanted <= state.labels.items()]

    async def stop(self, sandbox_id: str, ended_for: str | None = None) -> None:
        """End every process of a sandbox and keep what it wrote; nothing happens if it does not run."""
        async with self._lock(sandbox_id):
            await self._end(sandbox_id)
            self._sessions.turn(sandbox_id, kept.STOPPED, ended_for)

    async def remove(self, sandbox_id: str) -> None:
        """Remove a sandbox, running or stopped, with what it wrote; nothing happens if it is not there."""
        async with self._lock(sandbox_id):
            await self._end(sandbox_id)
            state = self._sessions.find(sandbox_id)
            if state is not None:
                await self._machine.workers.run(lambda: mounts.discard(self._sessions.folder(sandbox_id)))
                self._sessions.forget(sandbox_id)
                self._ranges.release(state.first_id)
        self._locks.pop(sandbox_id, None)

    async def snapshot(self, sandbox_id: str) -> str:
        """Keep the upper layer of a sandbox, as it is now; SandboxError, SandboxGone."""
        state = self._sessions.find(sandbox_id)
        if self._machine.snapshots is None or state is None:
            message = "this supervisor has no store of snapshots"
            raise SandboxError(message) if state else SandboxGone(message)
        upper = starting.upper_of(self._sessions.folder(sandbox_id), state)
        return await self._machine.snapshots.save(upper, state.first_id)

    async def seal(self, sandbox_id: str, digest: str) -> Layer:
        """End a sandbox and make what it wrote a layer of its organisation, by rename; a layer that is there stays."""
        state = self._sessions.find(sandbox_id)
        running = self._running.get(sandbox_id)
        if state is None or running is None:
            message = f"the sandbox {sandbox_id} does not run"
            raise SandboxGone(message)
        target = self._layers.place(state.organization_id, digest)
        async with self._lock(sandbox_id):
            running.kill()
            await running.first.wait()
            sealed = self._layers.find(state.organization_id, digest)
            if sealed is None:
                upper = starting.upper_of(self._sessions.folder(sandbox_id), state)
                move = partial(self._seal, state, upper, target)
                sealed = await self._machine.workers.run(move)
        await self.remove(sandbox_id)
        return sealed

    async def layers(self, organization_id: str | None = None) -> list[Layer]:
        """Return the sealed layers."""
        return await self._machine.workers.run(lambda: self._layers.all(organization_id))

    async def drop_layer(self, organization_id: str, digest: str) -> bool:
        """Remove a layer that no sandbox uses; False if one does or there is none."""
        place = self._layers.place(organization_id, digest)
        if self._sessions.uses(organization_id, digest) or not place.exists():
            return False
        # Under another name first: half of a layer must never be found under its own.
        gone = place.with_name(f".{digest}.{self._chance.draw(4).hex()}")
        place.rename(gone)
        await self._machine.workers.run(lambda: mounts.discard(gone))
        return True

    def _lock(self, sandbox_id: str) -> asyncio.Lock:
        return self._locks.setdefault(sandbox_id, asyncio.Lock())

    async def drop_bases(self, before: int, *, is_trial: bool = False) -> list[ReplacedBase]:
        """Remove bases that were replaced before `before` (µs) and that no sandbox or layer stands on."""

        def drop() -> list[ReplacedBase]:
            used = self._sessions.bases() | {layer.base_digest for layer in self._layers.all(None)}
            return self._trees.drop_replaced(before, used, mounts.discard, is_trial=is_trial)

        return await self._machine.workers.run(drop)

    async def _tree(self, spec: SandboxSpec) -> Tree:
        """Return the base that a sandbox, or else its layers, were made over, or the current one; SandboxError."""
        before = self._sessions.find(spec.id)
        over = [layer for digest in spec.layers if (layer := self._layers.find(spec.organization_id, digest))]
        wanted = before.base_digest if before else over[0].base_digest if over else ""

        def find() -> Tree | None:
            return self._trees.find_older(spec.base, wanted) or self._trees.find(spec.base)

        tree = await self._machine.workers.run(find)
        if tree is None:
            message = f"the base {spec.base} is not on this machine: ante sandboxes images build {spec.base}"
            raise SandboxError(message)
        return tree

    async def _ground(self, spec: SandboxSpec, tree: Tree) -> tuple[kept.State, Slot | None]:
        """Return what is kept of an earlier sandbox of this id, or a new one's state and slot; SandboxError."""
        before = self._sessions.find(spec.id)
        if before is None:
            size = spec.limits.disk_bytes if self._machine.can_limit_disk else 0
            slot = await self._slots.take(size, spec.limits.pids)
            now = self._clock.now()
            return kept.first_state(spec, tree.digest, slot.first_id, now, has_disk=size > 0), slot
        if (before.organization_id, before.base, before.layers) != (
            spec.organization_id,
            spec.base,
            tuple(spec.layers),
        ):
            message = f"what is kept of {spec.id} stands on another base or other layers"
            raise SandboxError(message)
        labels = dict(spec.labels)
        return replace(before, state=kept.RUNNING, labels=labels, base_digest=tree.digest, ended_for=None), None

    def _take_up(self, spec: SandboxSpec, state: kept.State, started: starting.Started) -> OciSandbox:
        folder = self._sessions.folder(spec.id)
        upper = starting.upper_of(folder, state)
        disk = partial(self._machine.workers.run, partial(starting.disk_bytes, upper, state))
        held = Held(
            self._machine.runtime,
            self._machine.cgroups,
            self._chance,
            folder,
            spec.limits,
            started.environment,
            self._machine.most,
            disk,
            started.spares,
        )
        sandbox = OciSandbox(spec.id, started.first, held, self)
        self._running[spec.id] = sandbox
        self._watching.begin(sandbox, spec.limits, None if state.has_disk else disk)
        return sandbox

    async def _undo(self, state: kept.State, slot: Slot | None) -> None:
        """Leave nothing of a sandbox that did not start but what was there before."""
        folder = self._sessions.folder(state.id)
        with suppress(SandboxError):
            await self._machine.runtime.delete(state.id, force=True)
        await self._detach(state.id)
        starting.let_go(folder, state)
        if slot is not None:
            drop_disk(slot)
            await self._machine.workers.run(lambda: mounts.discard(folder))
            self._ranges.release(state.first_id)

    async def _end(self, sandbox_id: str) -> None:
        """End the processes of a sandbox, and let go of all that it had of the machine; under its lock."""
        sandbox = self._running.pop(sandbox_id, None)
        state = self._sessions.find(sandbox_id)
        if sandbox is None or state is None:
            return
        self._watching.end(sandbox_id)
        sandbox.kill()
        await sandbox.first.wait()
        folder = self._sessions.folder(sandbox_id)
        await asyncio.gather(
            self._detach(sandbox_id),
            self._machine.runtime.delete(sandbox_id),
            self._machine.workers.run(lambda: starting.let_go(folder, state)),
        )

    async def _detach(self, sandbox_id: str) -> None:
        if self._machine.network is not None:
            await self._machine.network.detach(sandbox_id)

    async def _stop_for(self, sandbox: OciSandbox, ended_for: str | None) -> None:
        if self._running.get(sandbox.id) is sandbox:
            _log.info("a sandbox ended", sandbox_id=sandbox.id, limit=ended_for)
            await self.stop(sandbox.id, ended_for)

    def _seal(self, state: kept.State, upper: Path, target: Path) -> Layer:
        """Put an upper layer in place as a layer, whole or not at all; in a thread."""
        fresh = target.with_name(f".{target.name}.{self._chance.draw(4).hex()}")
        fresh.mkdir(parents=True)
        try:
            if state.has_disk:
                mounts.copy_tree(upper, fresh / "fs")
            else:
                upper.rename(fresh / "fs")
            if not self._options.rootless:
                mounts.own_from_zero(fresh / "fs", state.first_id)
            now = self._clock.now()
            size = mounts.used_bytes(fresh / "fs")
            layer = Layer(state.organization_id, target.name, size, now, now, state.base_digest)
            self._layers.describe(fresh, layer)
            # A layer is whole or not there, after a power cut too.
            kernel.flush(fresh)
            fresh.rename(target)
        except BaseException:
            mounts.discard(fresh)
            raise
        return layer
