"""What the runtime is given: where its folders lie, which program it drives, and what others do for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from antechamber.features.environments.model.sandbox import NetworkPolicy


@dataclass(frozen=True, slots=True)
class OciOptions:
    """`folder` is DATA/sandboxes, at a path that everybody may walk; `runtime` a name on PATH or a path.

    `rootless`: this process is root of a user namespace that maps 65,536 ids, not of the machine.
    """

    folder: Path
    runtime: str = "crun"
    rootless: bool = False
    init: Path = Path("/usr/bin/catatonit")
    reaper: Path = Path("/usr/bin/tini-static")


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

    async def attach(self, pid: int, sandbox_id: str, policy: NetworkPolicy) -> None:
        """Give the network namespace of a process its network, before its program starts; SandboxError."""

    async def detach(self, sandbox_id: str) -> None:
        """Close what a sandbox had; nothing happens if it had nothing."""


class Snapshots(Protocol):
    """What keeps upper layers (adapters/sandboxes/snapshots.py); `first_id` is root's id outside, kept as 0."""

    async def save(self, upper: Path, first_id: int) -> str:
        """Keep a folder whole and return its name."""

    async def restore(self, name: str, upper: Path, first_id: int) -> None:
        """Fill an empty folder; SandboxError."""
