"""The kernel's calls that Python has none for: mounts, their ids, namespaces, and adopting orphans."""

import ctypes
import fcntl
import os
import re
import struct
from pathlib import Path
from typing import Final

_libc: Final = ctypes.CDLL(None, use_errno=True)
_OPEN_TREE: Final = 428
_MOVE_MOUNT: Final = 429
_MOUNT_SETATTR: Final = 442
_HERE: Final = -100  # AT_FDCWD
_EMPTY_PATH: Final = 0x1000
_CLONE: Final = 1
_IDMAP: Final = 0x100000

NOSUID: Final = 2
NODEV: Final = 4
NOATIME: Final = 1024
READ_ONLY: Final = 1
_MOVE: Final = 8192
_DETACH: Final = 2
_NEW_FS: Final = 0x200
_SUBREAPER: Final = 36
_RELEASE: Final = re.compile(r"(\d+)\.(\d+)")
_COUNTS_SINCE: Final = (5, 14)
_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def _check(result: int, *about: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), *about)
    return result


def mount(source: str, target: str, kind: str, flags: int, options: str) -> None:
    """Mount something of a kind at a place."""
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()), target)


def move(source: str, target: str) -> None:
    """Move what is mounted at a place to another."""
    _check(_libc.mount(source.encode(), target.encode(), None, _MOVE, None), target)


def unmount(target: str) -> None:
    """umount2(2), detaching: what still uses it keeps it."""
    _check(_libc.umount2(target.encode(), _DETACH), target)


def clone_mapped(source: Path, target: str, namespace: int) -> None:
    """Show `source` read-only at `target` with the ids of a user namespace; Linux 5.19, and ext4, xfs or btrfs."""
    tree = _check(_libc.syscall(_OPEN_TREE, _HERE, os.fsencode(source), _CLONE | os.O_CLOEXEC), str(source))
    try:
        attributes = struct.pack("=QQQQ", _IDMAP | READ_ONLY | NOSUID | NODEV, 0, 0, namespace)
        _check(_libc.syscall(_MOUNT_SETATTR, tree, b"", _EMPTY_PATH, attributes, len(attributes)), str(source))
        # 4: MOVE_MOUNT_F_EMPTY_PATH
        _check(_libc.syscall(_MOVE_MOUNT, tree, b"", _HERE, target.encode(), 4), target)
    finally:
        os.close(tree)


def sealed_copy(file: Path) -> int:
    """Return a descriptor of a copy in memory that can never be changed (memfd_create(2), F_ADD_SEALS)."""
    copy = os.memfd_create(file.name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with file.open("rb") as source:
        left = os.fstat(source.fileno()).st_size
        while left:
            left -= os.sendfile(copy, source.fileno(), None, left)
    fcntl.fcntl(copy, fcntl.F_ADD_SEALS, _SEALS)
    return copy


def flush(folder: Path) -> None:
    """Wait until all that was written to a folder's file system is on its disk (syncfs)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _check(_libc.syncfs(descriptor), str(folder))
    finally:
        os.close(descriptor)


def counts_by_namespace() -> bool:
    """Tell whether processes are counted, and their number limited, by user namespace (Linux 5.14)."""
    found = _RELEASE.match(os.uname().release)
    return found is not None and (int(found[1]), int(found[2])) >= _COUNTS_SINCE


def own_folder() -> None:
    """Give the calling thread a current folder of its own (unshare CLONE_FS)."""
    _check(_libc.unshare(_NEW_FS))


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (PR_SET_CHILD_SUBREAPER)."""
    _check(_libc.prctl(_SUBREAPER, 1, 0, 0, 0))
