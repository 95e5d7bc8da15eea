"""Child processes: started without a copy of this process, waited for without a thread, and orphans reaped."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.oci.kernel import adopt_orphans

_RESET: Final = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
_SWEEP_SECONDS: Final = 2.0
_SCORE: Final = Path("/proc/self/oom_score_adj")
_EXPENDABLE: Final = "500"


class Child:
    """A process of ours, by its descriptor: no other process can take its number while we hold it."""

    def __init__(self, pid: int) -> None:
        """Watch a child, or what is about to become one; ProcessLookupError."""
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self._descriptor, self._note_end)

    @property
    def code(self) -> int | None:
        """What it returned, negative the signal that ended it; None while it runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Return its `code` when it has ended; whoever stops waiting stops no other."""
        return await asyncio.shield(self._ended)

    def when_ended(self, call: Callable[[object], object]) -> Callable[[], object]:
        """Call when it has ended; what is returned takes that back."""
        self._ended.add_done_callback(call)
        return partial(self._ended.remove_done_callback, call)

    def send(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if not self._ended.done():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def _note_end(self) -> None:
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            # somebody else's child, and it has ended
            pid, status = self.pid, 0
        if pid == 0:
            return
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._ended.set_result(os.waitstatus_to_exitcode(status))


class Children:
    """Starts programs, and reaps the orphans that they leave to this process."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._sweeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take orphans in from now on."""
        adopt_orphans()
        self._sweeping = asyncio.ensure_future(self._sweep())

    async def close(self) -> None:
        """Reap no more."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    def spawn(
        self,
        program: str,
        arguments: Sequence[str],
        streams: tuple[int, int, int],
        environment: Mapping[str, str],
        *,
        expendable: bool = False,
    ) -> Child:
        """Start a program in a session of its own with these three descriptors and no other; OSError.

        An `expendable` one, and what it starts, is what the kernel ends first when memory is short.
        """
        actions = [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in enumerate(streams)]
        if expendable:
            # Inherited at birth; an OCI runtime does not set it for programs started later.
            _SCORE.write_text(_EXPENDABLE)
        try:
            pid = os.posix_spawn(
                program,
                [program, *arguments],
                dict(environment),
                file_actions=actions,
                setsid=True,
                setsigmask=(),
                setsigdef=_RESET,
            )
        finally:
            if expendable:
                _SCORE.write_text("0")
        return Child(pid)

    async def _sweep(self) -> None:
        """Reap what nobody waits for: a child found dead twice; who waits for one takes it at once."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            dead = set(zombies())
            for pid in dead & self._seen:
                _reap(pid)
            self._seen = dead - self._seen


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def zombies(parent: int | None = None) -> list[int]:
    """Return the children of a process (unset: this one) that have ended and were not waited for."""
    return [pid for pid in children_of(parent or os.getpid()) if state_of(pid) == "Z"]


def children_of(pid: int) -> list[int]:
    """Return the children of all of a process's threads, oldest first for each; none if it has ended."""
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - a hot path over thousands of names
            with suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text(encoding="ascii").split())
    return found


def state_of(pid: int) -> str:
    """Return the one letter of a process's state; empty if it is not there."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1].decode()
    except OSError:
        return ""


def began_of(pid: int) -> int | None:
    """Return when a process began, in the kernel's ticks; None if it is not there."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()[19])
    except OSError:
        return None
