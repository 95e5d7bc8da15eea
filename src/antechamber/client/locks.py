"""One refresh at a time on this machine: our lock file, and Claude Code's lock folder (wire-auth.md 6.4)."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from antechamber.base.clock import MICROSECONDS, SystemClock
from antechamber.client.failures import CredentialUnusable
from antechamber.client.files import SECRET_FOLDER, make_folder

# Claude Code 2.1.330 touches its lock as often and takes one for dead after 60 s; three missed touches are enough here.
_STALE_SECONDS: Final = 15.0
_TOUCH_SECONDS: Final = 5.0
_CLOCK: Final = SystemClock()
_PAUSE_SECONDS: Final = 0.025
PATIENCE_SECONDS: Final = 60.0


class LockHeld(CredentialUnusable):
    """Another program holds the lock and does not let go."""


@contextlib.contextmanager
def exclusively(
    path: Path, shared_folder: Path | None = None, patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[None]:
    """Hold the lock file `path`, and Claude Code's lock on `shared_folder`; LockHeld when patience ends.

    The file's lock goes with its process, whatever ends it; the folder's is left behind by a kill, and is known again
    by what is noted in the file.
    """
    make_folder(path.parent, SECRET_FOLDER)
    until = _CLOCK.monotonic() + patience_seconds
    with open(path, "a+b", opener=_private) as file:
        _wait(file, path, until)
        try:
            if shared_folder is None:
                yield
                return
            with _FolderLock(shared_folder, file).held(until):
                yield
        finally:
            _release(file)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _wait(file: IO[bytes], path: Path, until: float) -> None:
    while not _take(file):
        if _CLOCK.monotonic() > until:
            message = f"another program refreshes this log-in and does not end: {path} is locked"
            raise LockHeld(message)
        time.sleep(_PAUSE_SECONDS)


if os.name == "nt":  # pragma: no cover - Windows alone
    import msvcrt

    def _take(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

    def _release(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:
    import fcntl

    def _take(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _release(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


class _FolderLock:
    """proper-lockfile's protocol: a folder `NAME.lock` beside the one that it locks, touched while it is held."""

    def __init__(self, folder: Path, note: IO[bytes]) -> None:
        self._path = folder.resolve().with_name(f"{folder.resolve().name}.lock")
        self._note = note
        self._ended = threading.Event()

    @contextlib.contextmanager
    def held(self, until: float) -> Iterator[None]:
        try:
            self._make(until)
        except OSError:
            # Nobody can take a lock where nobody can write; the lock file's is enough among our own.
            yield
            return
        toucher = threading.Thread(target=self._touch, daemon=True)
        toucher.start()
        try:
            yield
        finally:
            self._ended.set()
            toucher.join()
            with contextlib.suppress(OSError):
                self._path.rmdir()
            self._write_note("")

    def _make(self, until: float) -> None:
        while True:
            try:
                self._path.mkdir()
            except FileExistsError:
                if self._is_left_behind():
                    with contextlib.suppress(OSError):
                        self._path.rmdir()
                    continue
                if _CLOCK.monotonic() > until:
                    message = f"another program refreshes the log-ins of this folder and does not end: {self._path}"
                    raise LockHeld(message) from None
                time.sleep(_PAUSE_SECONDS)
            else:
                self._write_note(self._identity())
                return

    def _is_left_behind(self) -> bool:
        try:
            touched = self._path.stat().st_mtime
        except OSError:
            return True
        # Who held our file before us noted what it had made: if that still stands, it was killed.
        return _CLOCK.now() / MICROSECONDS - touched > _STALE_SECONDS or self._identity() == self._read_note()

    def _identity(self) -> str:
        try:
            status = self._path.stat()
        except OSError:
            return "gone"
        return f"{status.st_ino} {status.st_mtime_ns}"

    def _touch(self) -> None:
        while not self._ended.wait(_TOUCH_SECONDS):
            with contextlib.suppress(OSError):
                os.utime(self._path)
                self._write_note(self._identity())

    def _read_note(self) -> str:
        self._note.seek(1)
        return self._note.read(200).decode("ascii", "replace")

    def _write_note(self, text: str) -> None:
        # The first byte is the one that Windows locks.
        self._note.truncate(0)
        self._note.write(f" {text}".encode())
        self._note.flush()
