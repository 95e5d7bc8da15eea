"""The two protocols of a runtime; the contract suite in tests/contracts holds every implementation to them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from antechamber.features.environments.model.sandbox import (
    Base,
    Capabilities,
    Command,
    Entry,
    ExitStatus,
    Layer,
    ReplacedBase,
    SandboxInfo,
    SandboxSpec,
    Stats,
)


class Process(Protocol):
    """A program that runs in a sandbox. Reading slowly slows it; of a tty everything comes on `stdout`."""

    @property
    def stdout(self) -> AsyncIterator[bytes]:
        """What it writes, as it comes; may be iterated once."""

    @property
    def stderr(self) -> AsyncIterator[bytes]:
        """The same of its errors."""

    async def write(self, data: bytes) -> None:
        """Give it input, waiting until it takes it; BrokenPipeError when it reads no more."""

    async def close_input(self) -> None:
        """Let it read the end of its input."""

    async def resize(self, rows: int, columns: int) -> None:
        """Set the size of its terminal."""

    async def signal(self, number: int) -> None:
        """Send a signal to it; 9 ends it with everything that it started."""

    async def wait(self) -> ExitStatus:
        """Return how it ended, when it has; after its deadline all of its descendants are dead."""


class Sandbox(Protocol):
    """A running sandbox."""

    @property
    def id(self) -> str:
        """The id that its spec gave it."""

    async def execute(self, command: Command) -> Process:
        """Start a program; SandboxGone, SandboxError. A program that is not there ends with 127, as in a shell."""

    def read(self, path: str, *, offset: int = 0, limit: int | None = None) -> AsyncIterator[bytes]:
        """Read a file, opened inside; FileNotFoundError, IsADirectoryError, PermissionError, SandboxGone."""

    async def write(self, path: str, chunks: AsyncIterator[bytes], *, mode: int = 0o644) -> None:
        """Write a file whole (by rename), making its folder; NotADirectoryError, OSError(ENOSPC), SandboxGone."""

    async def listing(self, path: str) -> list[Entry]:
        """Return what lies in a folder, by name; FileNotFoundError, NotADirectoryError."""

    async def stats(self) -> Stats:
        """Return what it takes now."""

    async def snapshot(self) -> str:
        """Keep its upper layer in the blob store (tar, zstd) and return the name to restore from."""

    async def stop(self) -> None:
        """End every process; the upper layer stays, and `create` with the same id takes it up."""

    async def destroy(self) -> None:
        """End every process and remove what it wrote."""


class Sandboxes(Protocol):
    """A runtime."""

    async def capabilities(self) -> Capabilities:
        """Return what it can enforce on this machine."""

    async def bases(self) -> list[Base]:
        """Return the base profiles that it knows, and whether each is ready."""

    async def create(self, spec: SandboxSpec) -> Sandbox:
        """Start a sandbox; SandboxError (its message tells what is missing: a base, a layer, a right)."""

    async def find(self, sandbox_id: str) -> Sandbox | None:
        """Return a running sandbox."""

    async def listing(self, labels: Mapping[str, str] | None = None) -> list[SandboxInfo]:
        """Return the sandboxes that carry all of these labels, stopped ones too."""

    async def remove(self, sandbox_id: str) -> None:
        """Remove a sandbox, running or stopped, with what it wrote; nothing happens if it is not there."""

    async def seal(self, sandbox_id: str, digest: str) -> Layer:
        """End a sandbox and make what it wrote a layer of its organisation, by rename; a layer that is there stays."""

    async def layers(self, organization_id: str | None = None) -> list[Layer]:
        """Return the sealed layers."""

    async def drop_layer(self, organization_id: str, digest: str) -> bool:
        """Remove a layer that no sandbox uses; False if one does or there is none."""

    async def drop_bases(self, before: int, *, is_trial: bool = False) -> list[ReplacedBase]:
        """Remove bases that were replaced before `before` (µs) and that no sandbox or layer stands on; return them.

        `is_trial`: remove none, and return what would be removed.
        """


class EgressLog(Protocol):
    """What the egress proxy decided, per sandbox."""

    async def read(self, sandbox_id: str, *, after: int = 0, limit: int = 1000) -> Sequence[Mapping[str, object]]:
        """Return decisions with a sequence number above `after`, oldest first."""

    async def remove(self, sandbox_id: str) -> None:
        """Remove a sandbox's log; nothing happens if there is none."""
