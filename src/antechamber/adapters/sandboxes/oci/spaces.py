"""The namespaces of ids and of the network in which a sandbox is made, themselves made ahead of it.

Both cost the kernel and the helper of the network some milliseconds, in which a start need not wait.
"""

import asyncio
import os
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

    def __init__(self, children: Children, network: Network | None, ids: int) -> None:
        self._children = children
        self._network = network
        self._ids = ids

    async def make(self, first: int) -> Space:
        """Return fresh ones, with the listeners that nearly every sandbox has; SandboxError."""
        user, net = await self._unshare(first)
        own = f"/proc/{os.getpid()}/fd"
        space = Space(user, net, Doors(f"{own}/{user}", f"{own}/{net}"))
        if self._network is not None:
            try:
                await self._network.open(space.doors)
            except BaseException:
                space.close()
                raise
        return space

    async def _unshare(self, first: int) -> tuple[int, int]:
        into, out = os.pipe2(os.O_CLOEXEC)
        own = _namespace_of("self")
        try:
            child = self._children.spawn(
                "/usr/bin/unshare", ["--user", "--net", "cat"], (into, out, out), {"PATH": PATH}
            )
            folder = Path(f"/proc/{child.pid}")
            try:
                await _until_apart(child.pid, own)
                for name in ("uid_map", "gid_map"):
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


def _opened(user: Path, net: Path) -> tuple[int, int]:
    first = os.open(user, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return first, os.open(net, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        os.close(first)
        raise


def _namespace_of(process: int | str) -> Path:
    return Path(f"/proc/{process}/ns/net").readlink()


async def _until_apart(pid: int, own: Path) -> None:
    for _ in range(_TRIES):
        if _namespace_of(pid) != own:
            return
        await asyncio.sleep(_PAUSE)
    message = "unshare did not make namespaces of users and networks"
    raise SandboxError(message)


async def _end(child: Child) -> None:
    with suppress(ChildProcessError):
        await child.wait()
