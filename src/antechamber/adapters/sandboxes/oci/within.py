"""Programs that the runtime's own kernel runs (gVisor): reached by its commands."""

import signal
from collections.abc import Callable, Mapping
from typing import Final

from antechamber.adapters.sandboxes.oci.runtime import Runtime

_ROUNDS: Final = 50


class Within:
    """Reaches the programs of a sandbox by commands of its runtime."""

    def __init__(self, runtime: Runtime, sandbox_id: str, end_all: Callable[[], None]) -> None:
        """`end_all` ends the sandbox."""
        self._runtime = runtime
        self._id = sandbox_id
        self._end_all = end_all

    async def send(self, reaper: int, number: int) -> None:
        """Send a signal to the program under a reaper."""
        parents = await self._runtime.processes(self._id)
        mine = sorted(pid for pid, parent in parents.items() if parent == reaper)
        await self._runtime.signal(self._id, mine[0] if mine else reaper, number)

    async def end_tree(self, reaper: int) -> None:
        """End it with everything that it started; what outruns that is ended with the whole sandbox."""
        # it stands still and goes last: what is below it stays there until then
        await self._runtime.signal(self._id, reaper, signal.SIGSTOP)
        killed: set[int] = set()
        for _ in range(_ROUNDS):
            found = below(reaper, await self._runtime.processes(self._id))
            if killed.issuperset(found):  # nobody waits for them any more, so they may still be listed
                await self._runtime.signal(self._id, reaper, signal.SIGKILL)
                return
            for pid in set(found) - killed:
                await self._runtime.signal(self._id, pid, signal.SIGKILL)
            killed.update(found)
        self._end_all()


def below(root: int, parents: Mapping[int, int]) -> list[int]:
    """Return the descendants of a process."""
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid and child not in found]
    return found[1:]
