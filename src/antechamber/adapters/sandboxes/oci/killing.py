"""Ends a program with everything that it started, wherever that went: all of it stays below its reaper."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.oci.cgroups import Cgroups, Counts
from antechamber.adapters.sandboxes.oci.children import began_of, children_of, state_of

_FREEZE_TRIES: Final = 200
_DEATH_TRIES: Final = 5000
_ROUNDS: Final = 200
_LOOKS: Final = 2
_DEAD: Final = frozenset({"", "X", "Z"})
_PAUSE: Final = 0.001


class Beside:
    """Reaches the programs of a sandbox that this machine's own kernel runs."""

    def __init__(self, cgroups: Cgroups, sandbox_id: str, end_all: Callable[[], None]) -> None:
        """`end_all` ends the sandbox."""
        self._cgroups = cgroups
        self._id = sandbox_id
        self._end_all = end_all

    async def send(self, reaper: int, number: int) -> None:
        """Send a signal to the program under a reaper."""
        # The reaper's first child is the program; those that it took in come later.
        _send_all([*children_of(reaper), reaper][:1], number)

    async def end_tree(self, reaper: int) -> None:
        """End it with everything that it started."""
        await end_tree(reaper, self._cgroups, self._id, self._end_all)


async def end_tree(root: int, cgroups: Cgroups, sandbox_id: str, end_all: Callable[[], None]) -> None:
    """Kill a process and its descendants, other programs of the sandbox untouched; returns when all are dead.

    Where groups can be frozen nothing forks meanwhile; elsewhere each found process is halted until none is new, and
    a tree that outruns that is ended with the whole sandbox (`end_all`).
    """
    if await _freeze(cgroups, sandbox_id):
        try:
            found = _living(root)
            _send_all(found, signal.SIGKILL)
        finally:
            cgroups.freeze(sandbox_id, frozen=False)
        await _until_dead(found)
        return
    if not await _halt(root):
        end_all()
        return
    # Its reaper, which stands still, goes last: what is below it stays there until then.
    for _ in range(_ROUNDS):
        found = {pid: began for pid, began in _living(root).items() if pid != root}
        if not found:
            break
        _send_all(found, signal.SIGKILL)
        await _until_dead(found)
    _send_all([root], signal.SIGKILL)


async def _halt(root: int) -> bool:
    """Stop a tree until two looks at it find nothing new: at the first, orphans may just be between two parents."""
    halted: set[int] = set()
    quiet = 0
    for _ in range(_ROUNDS):
        found = set(_living(root))
        quiet = quiet + 1 if found <= halted else 0
        if quiet == _LOOKS:
            return True
        _send_all(found - halted, signal.SIGSTOP)
        halted |= found
        await asyncio.sleep(_PAUSE)
    return False


async def _until_dead(processes: Mapping[int, int]) -> None:
    for _ in range(_DEATH_TRIES):
        if not any(began_of(pid) == began and state_of(pid) not in _DEAD for pid, began in processes.items()):
            return
        await asyncio.sleep(_PAUSE)


def _living(root: int) -> dict[int, int]:
    """Return the processes of a tree that are not dead, and when each began: a number alone may be used again."""
    found = {pid: began_of(pid) for pid in tree(root) if state_of(pid) not in _DEAD}
    return {pid: began for pid, began in found.items() if began is not None}


def tree(root: int) -> list[int]:
    """Return a process and its descendants."""
    found = [root]
    for pid in found:
        found += children_of(pid)
    return found


def measure(root: int) -> Counts:
    """Count what a tree takes now, for machines whose groups are not ours; the time of those that ended is missing."""
    pages, ticks, found = 0, 0, tree(root)
    for pid in found:
        with suppress(OSError):
            pages += int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
            # utime, stime, and the same of children that were waited for
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()[11:15]))
    return Counts(
        memory_bytes=pages * os.sysconf("SC_PAGE_SIZE"),
        cpu_microseconds=ticks * 1_000_000 // os.sysconf("SC_CLK_TCK"),
        pids=len(found),
    )


async def _freeze(cgroups: Cgroups, sandbox_id: str) -> bool:
    if not cgroups.freeze(sandbox_id, frozen=True):
        return False
    for _ in range(_FREEZE_TRIES):
        if cgroups.is_frozen(sandbox_id):
            return True
        await asyncio.sleep(_PAUSE)
    cgroups.freeze(sandbox_id, frozen=False)
    return False


def _send_all(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
