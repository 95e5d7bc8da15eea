"""Which ids of this machine a sandbox's own are: a range of its own as root, one for all without."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.oci.bundle import IDS, PATH
from antechamber.adapters.sandboxes.oci.children import Child, Children
from antechamber.features.environments.model.sandbox import SandboxError

# Above those that systemd gives to its containers, below 2^31; accounts' own (/etc/subuid) lie lower.
_FIRST: Final = 0x7000_0000
_RANGES: Final = 0x0FFF
_OUTER: Final = 1
_PAUSE: Final = 0.0005
_TRIES: Final = 4000


class Ranges:
    """The ranges of ids, each of one sandbox, running or stopped; in a rootless namespace all have the same."""

    def __init__(self, *, rootless: bool) -> None:
        self._rootless = rootless
        self._taken: set[int] = set()
        self._next = 0

    @property
    def size(self) -> int:
        """How many ids a sandbox has."""
        return IDS - 1 if self._rootless else IDS

    def take(self, kept: int | None = None) -> int:
        """Return the first id of a range that no other sandbox has, or take up a `kept` one; SandboxError."""
        if self._rootless:
            return _OUTER
        if kept is not None:
            self._taken.add(kept)
            return kept
        for _ in range(_RANGES):
            self._next = (self._next + 1) % _RANGES
            first = _FIRST + self._next * IDS
            if first not in self._taken:
                self._taken.add(first)
                return first
        message = f"all {_RANGES} ranges of user ids are taken by sandboxes; remove some"
        raise SandboxError(message)

    def release(self, first: int) -> None:
        """Give a range back."""
        self._taken.discard(first)


class Maps:
    """User namespaces that map 0 and up to a range, for mounts that show files with a sandbox's own ids."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._kept: dict[int, int] = {}

    async def descriptor(self, first: int) -> int:
        """Return a descriptor of the namespace of a range, good until `drop`; it costs a process of a millisecond."""
        if first not in self._kept:
            self._kept[first] = await self._make(first)
        return self._kept[first]

    def drop(self, first: int) -> None:
        """Let go of a namespace: what was mounted with it keeps it."""
        descriptor = self._kept.pop(first, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Let go of all namespaces."""
        for descriptor in self._kept.values():
            os.close(descriptor)
        self._kept.clear()

    async def _make(self, first: int) -> int:
        into, out = os.pipe2(os.O_CLOEXEC)
        own = _namespace_of("self")
        try:
            child = self._children.spawn("/usr/bin/unshare", ["--user", "cat"], (into, out, out), {"PATH": PATH})
            folder = Path(f"/proc/{child.pid}")
            try:
                await _until_apart(child.pid, own)
                for name in ("uid_map", "gid_map"):
                    (folder / name).write_text(f"0 {first} {IDS}\n", encoding="ascii")
                return os.open(folder / "ns/user", os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                message = f"this machine makes no user namespaces: {error.strerror}"
                raise SandboxError(message) from error
            finally:
                child.send(9)
                await _end(child)
        finally:
            os.close(into)
            os.close(out)


def _namespace_of(process: int | str) -> Path:
    return Path(f"/proc/{process}/ns/user").readlink()


async def _until_apart(pid: int, own: Path) -> None:
    for _ in range(_TRIES):
        if _namespace_of(pid) != own:
            return
        await asyncio.sleep(_PAUSE)
    message = "unshare did not make a user namespace"
    raise SandboxError(message)


async def _end(child: Child) -> None:
    with suppress(ChildProcessError):
        await child.wait()
