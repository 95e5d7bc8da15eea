"""What the runtime is given: where its folders lie, which program it drives, and what others do for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from antechamber.adapters.sandboxes.network import Doors
from antechamber.features.environments.model.sandbox import NetworkPolicy, SandboxError

_INITS: Final = ("/usr/bin/catatonit", "/usr/libexec/podman/catatonit", "/usr/libexec/catatonit/catatonit")
_REAPERS: Final = ("/usr/bin/tini-static", "/usr/sbin/tini-static", "/usr/local/bin/tini-static")


@dataclass(frozen=True, slots=True)
class OciOptions:
    """`folder` is DATA/sandboxes, at a path that everybody may walk; `runtime` a name on PATH or a path.

    `rootless`: this process is root of a user namespace that maps 65,536 ids, not of the machine.
    """

    folder: Path
    runtime: str = "crun"
    rootless: bool = False


def find_init() -> Path:
    """Return the first program of sandboxes, which needs no library; SandboxError if it is not installed."""
    return _find(_INITS, "catatonit", "catatonit")


def find_reaper() -> Path:
    """Return the program under which all others run, the same way."""
    return _find(_REAPERS, "tini-static", "tini")


def _find(places: Sequence[str], name: str, package: str) -> Path:
    for place in map(Path, places):
        if place.is_file():
            return place.resolve()
    message = f"{name} is not installed, which sandboxes need: apt-get install {package}"
    raise SandboxError(message)


class Preparation(Protocol):
    """What a sandbox finds of its network: variables, and files by absolute path."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables for every program."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """Files to lay in before it starts."""


class Network(Protocol):
    """What gives a sandbox its network (adapters/sandboxes/network)."""

    async def start(self) -> None:
        """Begin, in the namespaces of the caller."""

    async def stop(self) -> None:
        """Let go of all sandboxes' networks."""

    def prepare(self, sandbox_id: str, policy: NetworkPolicy) -> Preparation:
        """Return files and variables for a sandbox that is about to be made."""

    async def open(self, doors: Doors) -> None:
        """Open ahead in a sandbox's namespaces what nearly every sandbox has; SandboxError."""

    async def attach(self, doors: Doors, sandbox_id: str, policy: NetworkPolicy) -> None:
        """Give a sandbox its network, before its first program starts; SandboxError."""

    async def detach(self, sandbox_id: str) -> None:
        """Close what a sandbox had; nothing happens if it had nothing."""


class Snapshots(Protocol):
    """What keeps upper layers (adapters/sandboxes/snapshots.py); `first_id` is root's id outside, kept as 0."""

    async def save(self, upper: Path, first_id: int) -> str:
        """Keep a folder whole and return its name."""

    async def restore(self, name: str, upper: Path, first_id: int) -> None:
        """Fill an empty folder; SandboxError."""
