"""The namespaces of ids and of the network in which a sandbox is made, themselves made ahead of it.

Both cost the kernel and the helper of the network some milliseconds, in which a start need not wait.

Where there is no control group to count the processes of a sandbox, the kernel counts them by user namespace: one is
held to the limit of processes (RLIMIT_NPROC) that its maker had, over all processes below the namespace that it was
made in (kernel/ucount.c, since Linux 5.14). So each sandbox's is made in another, which has nothing else in it. The
limit of a process itself would not do: the runtime sets it on its own process, outside, where all sandboxes count.
"""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.network import Doors
from antechamber.adapters.sandboxes.oci.bundle import PATH
from antechamber.adapters.sandboxes.oci.children import Child, Children
from antechamber.adapters.sandboxes.oci.options import Network
from antechamber.features.environments.model.sandbox import SandboxError

_PAUSE: Final = 0.0005
_TRIES: Final = 4000
_MAPS: Final = ("uid_map", "gid_map")
# waits until its ids are mapped: only then may it make another namespace
_LIMITED: Final = 'read -r _ && exec prlimit --nproc="$1" unshare --user --net cat'
_MAPPED: Final = 'echo "$1" >"/proc/$2/uid_map" && echo "$1" >"/proc/$2/gid_map"'


@dataclass(frozen=True, slots=True)
class Space:
    """Descriptors of a user namespace and of a network namespace that it owns, good until `close`.

    `doors` are what the network has of them.
    """

    user: int
    net: int
    doors: Doors

    def close(self) -> None:
        """Let go of both: what was made with them keeps them."""
        self.doors.close()
        os.close(self.user)
        os.close(self.net)


class Spaces:
    """Makes namespaces; where 0 of a sandbox is a given id outside, and so many follow."""

    def __init__(self, children: Children, network: Network | None, ids: int, *, limits: bool = False) -> None:
        """`limits`: they are what holds a sandbox to a number of processes."""
        self._children = children
        self._network = network
        self._ids = ids
        self.limits = limits

    async def make(self, first: int, pids: int = 0) -> Space:
        """Return fresh ones, with the listeners that nearly every sandbox has; SandboxError.

        `pids` is how many processes there may be inside, 0 any number; it counts only where they limit.
        """
        user, net = await self._unshare(first, pids if self.limits else 0)
        own = f"/proc/{os.getpid()}/fd"
        space = Space(user, net, Doors(f"{own}/{user}", f"{own}/{net}"))
        if self._network is not None:
            try:
                await self._network.open(space.doors)
            except BaseException:
                space.close()
                raise
        return space

    async def _unshare(self, first: int, pids: int) -> tuple[int, int]:
        into, out = os.pipe2(os.O_CLOEXEC)
        inside = ["sh", "-c", _LIMITED, "sh", str(pids)] if pids else ["--net", "cat"]
        own = _namespaces_of("self")
        try:
            child = self._children.spawn("/usr/bin/unshare", ["--user", *inside], (into, out, out), {"PATH": PATH})
            folder = Path(f"/proc/{child.pid}")
            try:
                if pids:
                    await self._limit(child.pid, own, first, (into, out, out))
                else:
                    await _until_apart(child.pid, "net", own)
                    for name in _MAPS:
                        (folder / name).write_text(f"0 {first} {self._ids}\n", encoding="ascii")
                return _opened(folder / "ns/user", folder / "ns/net")
            except OSError as error:
                message = f"this machine makes no user namespaces: {error.strerror}"
                raise SandboxError(message) from error
            finally:
                child.send(9)
                await _end(child)
        finally:
            os.close(into)
            os.close(out)

    async def _limit(self, pid: int, own: Mapping[str, Path], first: int, streams: tuple[int, int, int]) -> None:
        """See the process through to the inner namespace, whose ids only somebody in the outer one can map."""
        await _until_apart(pid, "user", own)
        _map_unchanged(pid)
        outer = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.write(streams[1], b"\n")
            await _until_apart(pid, "net", own)
            entered = [f"--user=/proc/{os.getpid()}/fd/{outer}", "--preserve-credentials"]
            line = [*entered, "sh", "-c", _MAPPED, "sh", f"0 {first} {self._ids}", str(pid)]
            mapping = self._children.spawn("/usr/bin/nsenter", line, streams, {"PATH": PATH})
            if await mapping.wait() != 0:
                message = "the ids of a sandbox could not be mapped"
                raise SandboxError(message)
        finally:
            os.close(outer)


def _opened(user: Path, net: Path) -> tuple[int, int]:
    first = os.open(user, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return first, os.open(net, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        os.close(first)
        raise


def _namespaces_of(process: int | str) -> Mapping[str, Path]:
    return {kind: Path(f"/proc/{process}/ns/{kind}").readlink() for kind in ("user", "net")}


def _map_unchanged(pid: int) -> None:
    """Let every id that this process knows be itself in a namespace further in."""
    for name in _MAPS:
        lines = (line.split() for line in Path(f"/proc/self/{name}").read_text(encoding="ascii").splitlines())
        same = "".join(f"{first} {first} {count}\n" for first, _, count in lines)
        Path(f"/proc/{pid}/{name}").write_text(same, encoding="ascii")


async def _until_apart(pid: int, kind: str, own: Mapping[str, Path]) -> None:
    for _ in range(_TRIES):
        if _namespaces_of(pid)[kind] != own[kind]:
            return
        await asyncio.sleep(_PAUSE)
    message = "unshare did not make namespaces of users and networks"
    raise SandboxError(message)


async def _end(child: Child) -> None:
    with suppress(ChildProcessError):
        await child.wait()
