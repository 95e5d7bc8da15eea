"""Files that hold credentials: read only where nobody else may, written whole or not at all."""

import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from antechamber.base.chance import Chance, SystemChance
from antechamber.base.clock import MICROSECONDS, SystemClock
from antechamber.client.failures import CredentialUnusable

SECRET_FILE: Final = 0o600
SECRET_FOLDER: Final = 0o700
PLAIN_FILE: Final = 0o644
PLAIN_FOLDER: Final = 0o755
_DRAFT_SECONDS: Final = 3600
_LARGEST: Final = 1024 * 1024
_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o022
_POSIX: Final = os.name == "posix"


class FileUnsafe(CredentialUnusable):
    """A file that others may have read or written; the text has the command that mends it."""


def read_secret(path: Path) -> dict[str, object] | None:
    """Read a JSON object that nobody else may open; None if there is no file.

    FileUnsafe for a symlink or for a mode that lets others in, CredentialUnusable for what is no JSON object.
    """
    _check_folder(path.parent)
    return _read(path, _OTHERS, f"chmod 600 {path}", "others may open it")


def _check_folder(folder: Path) -> None:
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError:
        return
    # In a folder like /tmp nobody can replace another's file.
    if _POSIX and mode & _OTHERS_WRITE and not mode & stat.S_ISVTX:
        message = f"{folder}: others may put files there (mode {mode:04o}); type: chmod 700 {folder}"
        raise FileUnsafe(message)


def read_plain(path: Path) -> dict[str, object] | None:
    """Read a JSON object that others may read but not write; None if there is no file. Failures as `read_secret`."""
    return _read(path, _OTHERS_WRITE, f"chmod go-w {path}", "others may write it")


def _read(path: Path, forbidden: int, remedy: str, why: str) -> dict[str, object] | None:
    try:
        opened = open_file(path, follow=False)
    except OSError as error:
        if error.errno == errno.ELOOP:
            message = f'{path} is a symlink; type: cp --remove-destination "$(readlink -f {path})" {path}'
            raise FileUnsafe(message) from None
        message = f"{path} cannot be read: {error.strerror}"
        raise CredentialUnusable(message) from None
    if opened is None:
        return None
    file, status = opened
    with file:
        mode = stat.S_IMODE(status.st_mode)
        if _POSIX and mode & forbidden:
            message = f"{path}: {why} (mode {mode:04o}); type: {remedy}"
            raise FileUnsafe(message)
        if _POSIX and status.st_uid not in {os.geteuid(), 0} and os.geteuid() != 0:
            message = f"{path} belongs to somebody else; type: sudo chown $(id -u) {path}"
            raise FileUnsafe(message)
        return parse_object(file.read(_LARGEST + 1), path)


def open_file(path: Path, *, follow: bool) -> tuple[BinaryIO, os.stat_result] | None:
    """Open a file for reading, with its status; None if nothing is there, OSError if it is no file or cannot be opened.

    Never waits for the other end of a pipe; without `follow` a symlink is an OSError with ELOOP.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    except (FileNotFoundError, NotADirectoryError):
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no file")
    return os.fdopen(descriptor, "rb"), status


def parse_object(content: bytes, path: Path) -> dict[str, object]:
    """Read a JSON object; CredentialUnusable names the file and no part of its content."""
    try:
        found = json.loads(content) if len(content) <= _LARGEST else None
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        message = f"{path} is not JSON{where}"
        raise CredentialUnusable(message) from None
    if not isinstance(found, dict):
        message = f"{path} holds no JSON object"
        raise CredentialUnusable(message)
    return found


class Draft:
    """A new version of a file, beside it under a name of its own until it takes its place."""

    def __init__(self, path: Path, mode: int, chance: Chance) -> None:
        """Make the empty draft; OSError if that cannot be."""
        self._path = path
        self._draft = path.with_name(f".{path.name}.{chance.draw(8).hex()}.tmp")
        self._descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        if _POSIX:
            os.fchmod(self._descriptor, mode)

    def reserve(self, size: int) -> None:
        """Take the room for `size` bytes; OSError if there is none."""
        self._put(b"\0" * size)

    def _put(self, content: bytes) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.ftruncate(self._descriptor, len(content))
        os.fsync(self._descriptor)

    def finish(self, content: bytes) -> None:
        """Write the content and put it in the file's place, so that a crash leaves the old one or the new one."""
        self._put(content)
        os.close(self._descriptor)
        self._descriptor = -1
        self._draft.replace(self._path)
        _sync_folder(self._path.parent)

    def discard(self) -> None:
        """Remove what has not taken its place; nothing happens when it has."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        with contextlib.suppress(OSError):
            self._draft.unlink()


@contextlib.contextmanager
def drafting(path: Path, mode: int, folder_mode: int, chance: Chance | None = None) -> Iterator[Draft]:
    """Hand out a draft of a file, its folder made if need be; discarded unless it was finished."""
    make_folder(path.parent, folder_mode)
    draft = Draft(path, mode, chance or SystemChance())
    try:
        yield draft
    finally:
        draft.discard()
        _sweep(path)


def _sweep(path: Path) -> None:
    # What killed writers left behind; nobody takes so long over one file.
    oldest = SystemClock().now() / MICROSECONDS - _DRAFT_SECONDS
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        with contextlib.suppress(OSError):
            if left.lstat().st_mtime < oldest:
                left.unlink()


def make_folder(path: Path, mode: int) -> None:
    """Make a folder and those above it; only those that are new get a mode, the ones above 0755."""
    if path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=PLAIN_FOLDER)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=mode)


def write_file(path: Path, content: bytes, mode: int, folder_mode: int) -> None:
    """Replace a file as a whole; OSError if that cannot be, and the old one stands."""
    with drafting(path, mode, folder_mode) as draft:
        draft.finish(content)


def write_secret(path: Path, values: Mapping[str, object]) -> None:
    """Replace a file that only its owner may open (0600 in 0700)."""
    write_file(path, to_json(values), SECRET_FILE, SECRET_FOLDER)


def write_plain(path: Path, values: Mapping[str, object]) -> None:
    """Replace a file that everybody may read (0644 in 0755)."""
    write_file(path, to_json(values), PLAIN_FILE, PLAIN_FOLDER)


def to_json(values: Mapping[str, object]) -> bytes:
    """Return the text of both kinds of file, as the SDKs indent them."""
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()


def remove(path: Path) -> bool:
    """Remove a file for good; False if there was none."""
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    _sync_folder(path.parent)
    return True


def _sync_folder(folder: Path) -> None:
    # Windows opens no folders, and some file systems do not sync them.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
