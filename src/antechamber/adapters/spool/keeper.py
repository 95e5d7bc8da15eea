"""The keeper: a thread that does what may block for a spool, soon after something was written, and sleeps otherwise."""

import threading
from collections.abc import Callable


class Keeper:
    """Calls `work` at most every `pause_seconds`, and only after a `wake`."""

    def __init__(self, work: Callable[[], None], pause_seconds: float) -> None:
        self._work = work
        self._pause_seconds = pause_seconds
        self._awake = threading.Event()
        self._stopped = threading.Event()
        self._dirty = False
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Have `work` called: it starts after this call, so it sees what was written before."""
        if not self._dirty:
            self._dirty = True
            self._awake.set()

    def stop(self) -> None:
        """Return when the thread has ended."""
        self._stopped.set()
        self._awake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._awake.wait()
            self._stopped.wait(self._pause_seconds)
            self._awake.clear()
            # before the work, so that a write during it wakes again
            self._dirty = False
            self._work()
