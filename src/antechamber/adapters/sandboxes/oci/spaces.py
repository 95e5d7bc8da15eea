"""The namespaces of ids and of the network in which a sandbox is made, themselves made ahead of it.

Both cost the kernel and the helper of the network some milliseconds, in which a start need not wait.

Where there is no control group to count the processes of a sandbox, the kernel counts them by user namespace: one is
held to the limit of processes (RLIMIT_NPROC) that its maker had, over all processes below the namespace that it was
made in (kernel/ucount.c, since Linux 5.14). So each sandbox's is made in another, which has nothing else in it. The
limit of a process itself would not do: the runtime sets it on its own process, outside, where all sandboxes count.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.network import Doors
from antechamber.adapters.sandboxes.oci.bundle import PATH
from antechamber.adapters.sandboxes.oci.children import Child, Children, children_of
from antechamber.adapters.sandboxes.oci.options import Network
from antechamber.features.environments.model.sandbox import SandboxError

_PAUSE: Final = 0.0005
_TRIES: Final = 4000
_PATIENT: Final = 10
_MAPS: Final = ("uid_map", "gid_map")
# Waits until its ids are mapped: only then may it make another namespace, and a program that begins anew map ids there.
_WAITING: Final = 'read -r _ && exec sh -c "$1" sh "$2" "$3"'
# Waits until the other namespace is there. dash calls the limit of processes p, other shells u.
_LIMITED: Final = """
{ ulimit -p "$1" 2>/dev/null || ulimit -u "$1"; exec unshare --user --net sleep 60; } &
read -r _
echo "$2" >"/proc/$!/uid_map" && echo "$2" >"/proc/$!/gid_map"
wait
"""


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

    async def make(self, first: int, pids: int = 0, *, is_ahead: bool = False) -> Space:
        """Return fresh ones, with the listeners that nearly every sandbox has; SandboxError.

        `pids` is how many processes there may be inside, 0 any number; it counts only where they limit. What is made
        ahead of any need leaves the processors to those who need them now.
        """
        user, net = await self._unshare(first, pids if self.limits else 0, is_ahead=is_ahead)
        own = f"/proc/{os.getpid()}/fd"
        space = Space(user, net, Doors(f"{own}/{user}", f"{own}/{net}"))
        if self._network is not None:
            try:
                await self._network.open(space.doors)
            except BaseException:
                space.close()
                raise
        return space

    async def _unshare(self, first: int, pids: int, *, is_ahead: bool) -> tuple[int, int]:
        into, out = os.pipe2(os.O_CLOEXEC)
        ids = f"0 {first} {self._ids}"
        inside = ["sh", "-c", _WAITING, "sh", _LIMITED, str(pids), ids] if pids else ["--net", "cat"]
        own = _namespaces_of("self")
        try:
            child = self._children.spawn("/usr/bin/unshare", ["--user", *inside], (into, out, out), {"PATH": PATH})
            place: Path | None = None
            try:
                if is_ahead:
                    os.setpriority(os.PRIO_PROCESS, child.pid, os.getpriority(os.PRIO_PROCESS, 0) + _PATIENT)
                if pids:
                    place = await _limited(child.pid, own, out)
                else:
                    await _until_apart(child.pid, "net", own)
                    place = Path(f"/proc/{child.pid}")
                    for name in _MAPS:
                        (place / name).write_text(f"{ids}\n", encoding="ascii")
                return _opened(place / "ns/user", place / "ns/net")
            except OSError as error:
                message = f"this machine makes no user namespaces: {error.strerror}"
                raise SandboxError(message) from error
            finally:
                # the session is its own: what it started goes with it; or the shell ends when that has
                with suppress(ProcessLookupError):
                    if place is not None:
                        os.kill(int(place.name), signal.SIGKILL)
                    else:
                        os.killpg(child.pid, signal.SIGKILL)
                await _end(child)
        finally:
            os.close(into)
            os.close(out)


async def _limited(pid: int, own: Mapping[str, Path], out: int) -> Path:
    """See a process through to the inner namespace, and return that of what is in it."""
    await _until_apart(pid, "user", own)
    _map_unchanged(pid)
    os.write(out, b"\n")
    inner = await _child_of(pid)
    await _until_apart(inner, "net", own)
    os.write(out, b"\n")
    place = Path(f"/proc/{inner}")
    for _ in range(_TRIES):
        if (place / "gid_map").read_bytes():
            return place
        await asyncio.sleep(_PAUSE)
    message = "the ids of a sandbox could not be mapped"
    raise SandboxError(message)


async def _child_of(pid: int) -> int:
    for _ in range(_TRIES):
        if found := children_of(pid):
            return found[0]
        await asyncio.sleep(_PAUSE)
    message = "unshare ended before it made a namespace for a sandbox"
    raise SandboxError(message)


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
