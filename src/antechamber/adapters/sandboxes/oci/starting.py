"""Puts a sandbox together: its disk, its layers, its bundle, its first process, its network."""

import asyncio
import os
import resource
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.images.trees import Tree
from antechamber.adapters.sandboxes.network import Doors
from antechamber.adapters.sandboxes.oci import bundle, disks, mounts
from antechamber.adapters.sandboxes.oci.cgroups import Cgroups
from antechamber.adapters.sandboxes.oci.children import Child
from antechamber.adapters.sandboxes.oci.kept import State
from antechamber.adapters.sandboxes.oci.options import Network, OciOptions, Snapshots
from antechamber.adapters.sandboxes.oci.runtime import Runtime
from antechamber.adapters.sandboxes.oci.slots import Slot, move_in
from antechamber.adapters.sandboxes.oci.spaces import Space, Spaces
from antechamber.adapters.sandboxes.oci.spares import Spares
from antechamber.features.environments.model.sandbox import WORKING_FOLDER, SandboxError, SandboxSpec

_RESOURCES: Final = {
    "RLIMIT_NOFILE": resource.RLIMIT_NOFILE,
    "RLIMIT_FSIZE": resource.RLIMIT_FSIZE,
    "RLIMIT_DATA": resource.RLIMIT_DATA,
}
_RELEASE_TRIES: Final = 2000
_RELEASE_PAUSE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Machine:
    """What sandboxes of this process stand on."""

    options: OciOptions
    runtime: Runtime
    init: Path
    reaper: Path
    cgroups: Cgroups
    spaces: Spaces
    workers: mounts.Workers
    ids: int
    most: Mapping[str, int]
    can_limit_disk: bool
    network: Network | None
    snapshots: Snapshots | None
    being_started: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Started:
    """A sandbox that runs, what its programs can begin with, and the variables that they get beside their own."""

    first: Child
    spares: Spares
    environment: Mapping[str, str]


def highest() -> dict[str, int]:
    """Return the highest limits of a process that this one may set, by name; those without any are left out."""
    found = {name: resource.getrlimit(kind)[1] for name, kind in _RESOURCES.items()}
    return {name: value for name, value in found.items() if value != resource.RLIM_INFINITY}


def raise_limits() -> None:
    """Let this process open as many files as the machine lets it: a sandbox takes a handful."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def upper_of(folder: Path, state: State) -> Path:
    """Return the upper layer of a sandbox's folder."""
    return folder / "disk/upper" if state.has_disk else folder / "upper"


def disk_bytes(upper: Path, state: State) -> int:
    """Return what a sandbox's own files take; blocks where that must be counted."""
    if not state.has_disk:
        return mounts.used_bytes(upper)
    found = os.statvfs(upper)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


async def start(
    machine: Machine, spec: SandboxSpec, state: State, slot: Slot | None, tree: Tree, layers: list[Path]
) -> Started:
    """Start a sandbox on a slot, or without one on what its folder holds; OSError, SandboxError.

    What was made when it fails is the caller's to remove; of the slot its disk alone.
    """
    folder = machine.options.folder / "sessions" / state.id
    space = slot.space if slot is not None else await machine.spaces.make(state.first_id, spec.limits.pids)
    machine.being_started.add(spec.id)
    try:
        shown = machine.network.prepare(spec.id, spec.network) if machine.network is not None else None
        laid = {"/etc/hostname": f"{spec.hostname}\n".encode(), **(shown.files if shown else {}), **spec.files}
        if state.has_disk and slot is None:
            await _until_free(folder / "disk.img")
        lay_ground = partial(_lay_ground, machine, spec, state, slot)
        put_together = partial(_put_together, machine, spec, state, tree, layers, laid, space)
        if slot is not None and spec.restore is not None:
            await machine.workers.run(lay_ground)
            await _restore(machine, spec.restore, upper_of(folder, state), state.first_id)
            await machine.workers.run(put_together)
        else:
            await machine.workers.run(lambda: (lay_ground(), put_together()))
        first, spares = await _begin(machine, spec, folder, space)
    finally:
        machine.being_started.discard(spec.id)
        space.close()
    return Started(first, spares, {**(shown.environment if shown else {}), **spec.environment})


def let_go(folder: Path, state: State) -> None:
    """Unmount what a sandbox that has ended leaves mounted here."""
    mounts.unstack(folder)
    if state.has_disk:
        with suppress(OSError):
            mounts.unmount(folder / "disk")


def _put_together(
    machine: Machine,
    spec: SandboxSpec,
    state: State,
    tree: Tree,
    layers: list[Path],
    laid: Mapping[str, bytes],
    space: Space,
) -> None:
    folder = machine.options.folder / "sessions" / state.id
    upper = upper_of(folder, state)
    mounts.lay(upper, tree.folder, laid, state.first_id)
    names = str(upper.relative_to(folder)), str(upper.with_name("work").relative_to(folder))
    mounts.stack(folder, [*reversed(layers), tree.folder], None if machine.options.rootless else space.user, *names)
    (folder / "config.json").write_bytes(_render(machine, spec, state, tree, folder, space))


async def _begin(machine: Machine, spec: SandboxSpec, folder: Path, space: Space) -> tuple[Child, Spares]:
    """Have the runtime make the sandbox, while its network is told of it, and begin; all of it or nothing."""
    runtime, network = machine.runtime, machine.network
    told: asyncio.Future[None] | None = None
    if network is not None and runtime.joins:
        told = asyncio.ensure_future(network.attach(space.doors, spec.id, spec.network))
    try:
        first = await runtime.create(spec.id, folder)
    except BaseException:
        await _call_off(told)
        raise
    spares = Spares(runtime, spec.id, folder)
    try:
        # somebody wants a program soon, or there would be no sandbox; but others who wait for theirs come first
        if len(machine.being_started) == 1:
            spares.make()
        mounts.unstack(folder)
        if network is not None:
            await (told or network.attach(Doors.of_process(first.pid), spec.id, spec.network))
        await runtime.start(spec.id, first)
    except BaseException:
        spares.close()
        await _call_off(told)
        first.send(9)
        await first.wait()
        raise
    return first, spares


async def _call_off(told: asyncio.Future[None] | None) -> None:
    if told is not None:
        told.cancel()
        await asyncio.gather(told, return_exceptions=True)


async def _until_free(image: Path) -> None:
    for _ in range(_RELEASE_TRIES):
        if not disks.is_attached(image):
            return
        await asyncio.sleep(_RELEASE_PAUSE)
    message = "the disk of the sandbox is still in use by what ran before"
    raise SandboxError(message)


async def _restore(machine: Machine, name: str, upper: Path, first_id: int) -> None:
    if machine.snapshots is None:
        message = "this supervisor has no store of snapshots"
        raise SandboxError(message)
    await machine.snapshots.restore(name, upper, first_id)


def _lay_ground(machine: Machine, spec: SandboxSpec, state: State, slot: Slot | None) -> None:
    folder = machine.options.folder / "sessions" / state.id
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("x*"):
        left.unlink()
    if slot is not None:
        move_in(slot, folder)
    elif state.has_disk:
        disks.mend(folder / "disk.img")
        disks.attach(folder / "disk.img", folder / "disk")
    upper = upper_of(folder, state)
    mounts.discard(upper.with_name("work"))
    if slot is not None:
        mounts.discard(upper)
        mounts.own(upper, state.first_id)
        if spec.restore is None:
            mounts.own(upper / WORKING_FOLDER.lstrip("/"), state.first_id)
    mounts.own(upper.with_name("work"), state.first_id)


def _render(machine: Machine, spec: SandboxSpec, state: State, tree: Tree, folder: Path, space: Space) -> bytes:
    joined = {"user": space.doors.user, "network": space.doors.net} if machine.runtime.joins else None
    # what this machine would count are the threads of the sandbox's own kernel
    limits = replace(spec.limits, pids=0) if machine.runtime.is_gvisor else spec.limits
    return bundle.render(
        bundle.Bundle(
            root=str(folder / "merged"),
            hostname=spec.hostname,
            first_id=state.first_id,
            limits=limits,
            init=machine.init,
            reaper=machine.reaper,
            ids=machine.ids,
            binds=tree.binds,
            cgroup=machine.cgroups.path(spec.id),
            joined=joined,
            most=machine.most,
        )
    )
