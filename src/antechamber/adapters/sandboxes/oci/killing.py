"""Ends a program with everything that it started, wherever that went: all of it stays below its reaper."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.oci.cgroups import Cgroups, Counts
from antechamber.adapters.sandboxes.oci.children import children_of, state_of

_FREEZE_TRIES: Final = 200
_ROUNDS: Final = 100
_PAUSE: Final = 0.001


async def end_tree(root: int, cgroups: Cgroups, sandbox_id: str, end_all: Callable[[], None]) -> None:
    """Kill a process and its descendants, other programs of the sandbox untouched.

    Where groups can be frozen nothing forks meanwhile; elsewhere each found process is halted until none is new, and
    a tree that outruns that is ended with the whole sandbox (`end_all`).
    """
    if await _freeze(cgroups, sandbox_id):
        try:
            _send_all(tree(root), signal.SIGKILL)
        finally:
            cgroups.freeze(sandbox_id, frozen=False)
        return
    halted: set[int] = set()
    for _ in range(_ROUNDS):
        found = {pid for pid in tree(root) if state_of(pid) not in {"", "Z"}}
        if found <= halted:
            _send_all(found, signal.SIGKILL)
            return
        _send_all(found - halted, signal.SIGSTOP)
        halted |= found
        await asyncio.sleep(_PAUSE)
    end_all()


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


def _send_all(pids: "list[int] | set[int]", number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
