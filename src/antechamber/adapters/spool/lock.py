"""One writer per spool folder, by flock: the kernel gives it free however the writer ends."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

_NAME: Final = "lock"
_TRIES: Final = 10
_PAUSE_SECONDS: Final = 0.05


class SpoolInUseError(Exception):
    """Another running server writes this spool; the message names the folder and the process."""


def take(folder: Path) -> int:
    """Return the descriptor that holds a folder's lock; SpoolInUseError when another holds it.

    Tries for half a second: a neighbour holds it for moments while it adopts what a dead node left.
    """
    for _ in range(_TRIES):
        held = try_to_take(folder)
        if held is not None:
            return held
        time.sleep(_PAUSE_SECONDS)
    holder = (folder / _NAME).read_text(encoding="ascii", errors="replace").strip() or "unknown"
    message = f"{folder} is written by another server (process {holder}); a data folder has one server at a time."
    raise SpoolInUseError(message)


def try_to_take(folder: Path) -> int | None:
    """Return the descriptor that holds a folder's lock, or None when another holds it."""
    descriptor = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def sign(descriptor: int) -> None:
    """Write who holds the lock, for the message that a second server prints; a full disk does not matter here."""
    os.ftruncate(descriptor, 0)
    try:
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError:
        return
