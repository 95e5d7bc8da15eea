"""A command of the runtime that waits to be told what to start.

Of what `crun exec` takes, more than a third is loading it and reading what the sandbox is: the same for every program.
The file that it reads the program from, last of all that, is a named pipe here. A command gets as far as reading it and
waits, outside of the sandbox still, until somebody wants a program; then the next one is made to wait.
"""

import asyncio
import itertools
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.oci.children import Child, state_of
from antechamber.adapters.sandboxes.oci.runtime import Pipes, Runtime, open_pipes

# how long one waits for nothing, after which the next program takes the longer way
_IDLE_SECONDS: Final = 10.0
# who starts one program after another finds the next command waiting; else it can wait until the program has begun
_BURST_SECONDS: Final = 1.0
_LATER_SECONDS: Final = 0.1
_TURNS: Final = 200
_PAUSE: Final = 0.0005
_DEAD: Final = ("Z", "X", "")


@dataclass(frozen=True, slots=True)
class Spare:
    """A command that waits, with the streams of what it will start."""

    child: Child
    pipes: Pipes
    process: Path
    pid_file: Path

    async def tell(self, text: bytes) -> bool:
        """Say what to start; false if it does not come to reading it."""
        pipe: int | None = None
        left = memoryview(text)
        try:
            for _ in range(_TURNS):
                if pipe is None and state_of(self.child.pid) in _DEAD:
                    return False
                # ENXIO: it has not opened the pipe; EAGAIN: it has not read what is there
                with suppress(OSError):
                    pipe = os.open(self.process, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC) if pipe is None else pipe
                    left = left[os.write(pipe, left) :]
                if not left:
                    return True
                await asyncio.sleep(_PAUSE)
            return False
        finally:
            if pipe is not None:
                os.close(pipe)

    def drop(self) -> None:
        """End it."""
        self.child.send(signal.SIGKILL)
        self.pipes.close_ours()
        self.process.unlink(missing_ok=True)


class Spares:
    """Keeps a command waiting for one sandbox while that is used."""

    def __init__(self, runtime: Runtime, sandbox_id: str, folder: Path) -> None:
        self._runtime = runtime
        self._id = sandbox_id
        self._folder = folder
        self._numbers = itertools.count()
        self._spare: Spare | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._asked = 0.0
        self._is_closed = not runtime.waits

    def make(self) -> None:
        """Let a command wait, if none does."""
        if self._is_closed or self._spare is not None:
            return
        # without one, a program takes the longer way, and says what is wrong
        with suppress(OSError):
            self._spare = self._begin()
        self._after(_IDLE_SECONDS, self._drop)

    async def start(self, text: bytes) -> Spare | None:
        """Have the command that waits start a program (the text of its `process`); None if none does."""
        spare, self._spare = self._spare, None
        self._plan()
        if spare is None:
            return None
        told = False
        try:
            told = await spare.tell(text)
        finally:
            if not told:
                spare.drop()
        return spare if told else None

    def close(self) -> None:
        """Let none wait any more."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._drop()

    def _plan(self) -> None:
        now = asyncio.get_running_loop().time()
        is_burst, self._asked = now - self._asked < _BURST_SECONDS, now
        self._after(0 if is_burst else _LATER_SECONDS, self.make)

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if self._is_closed else asyncio.get_running_loop().call_later(seconds, call)

    def _begin(self) -> Spare:
        name = self._folder / f"xs{next(self._numbers)}"
        process, pid_file = name.with_suffix(".json"), name.with_suffix(".pid")
        os.mkfifo(process, 0o600)
        pipes = open_pipes()
        try:
            child = self._runtime.execute(self._id, pipes, process, pid_file, None)
        except OSError:
            pipes.close_ours()
            process.unlink()
            raise
        return Spare(child, pipes, process, pid_file)

    def _drop(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.drop()
