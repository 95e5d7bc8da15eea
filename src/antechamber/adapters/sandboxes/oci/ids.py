"""Which ids of this machine a sandbox's own are: a range of its own as root, one for all without."""

from typing import Final

from antechamber.adapters.sandboxes.oci.bundle import IDS
from antechamber.features.environments.model.sandbox import SandboxError

# Above those that systemd gives to its containers, below 2^31; accounts' own (/etc/subuid) lie lower.
_FIRST: Final = 0x7000_0000
_RANGES: Final = 0x0FFF
_OUTER: Final = 1


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
