"""An upper layer as a stream and back: tar (PAX) in zstd, run as a program of its own on standard input and output.

`save FOLDER FIRST_ID` and `restore FOLDER FIRST_ID`. Owners are kept from 0 upwards, whatever range the sandbox had;
extended attributes as `SCHILY.xattr.*`, the overlay's own as of a machine's root (`trusted.overlay.`). What is read may
be written by a sandbox meanwhile: no link is ever followed, and a file that shrinks is filled up.
"""

import io
import os
import stat
import struct
import sys
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LEVEL: Final = 1
_IDS: Final = 65_536
_NOBODY: Final = 65_534
_KEY: Final = "SCHILY.xattr."
_OVERLAY_ROOT: Final = "trusted.overlay."
_OVERLAY_USER: Final = "user.overlay."
_CAPABILITY: Final = "security.capability"
# linux/capability.h: a head of four bytes, four words, and in the third revision whose root it counts for
_CAPABILITY_WORDS: Final = struct.Struct("<I16s")
_CAPABILITY_FLAGS: Final = 0x00FFFFFF
_REVISION_2: Final = 0x02000000
_REVISION_3: Final = 0x03000000
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def save(folder: Path, first_id: int, out: IO[bytes]) -> None:
    """Write the folder."""
    links: dict[tuple[int, int], str] = {}
    with (
        zstd.open(out, "wb", level=_LEVEL) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT, errors="surrogateescape") as archive,
    ):
        for place, folders, files, descriptor in os.fwalk(folder, follow_symlinks=False):
            inside = PurePosixPath(place).relative_to(folder)
            if inside == PurePosixPath():
                _add(archive, descriptor, ".", ".", first_id, links)
            for name in sorted([*folders, *files]):
                with suppress(FileNotFoundError):
                    _add(archive, descriptor, name, str(inside / name), first_id, links)


def _add(
    archive: tarfile.TarFile, folder: int, name: str, shown: str, first_id: int, links: dict[tuple[int, int], str]
) -> None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    info = tarfile.TarInfo(shown)
    info.mode = stat.S_IMODE(found.st_mode)
    info.uid, info.gid = _inside(found.st_uid, first_id), _inside(found.st_gid, first_id)
    info.mtime = found.st_mtime_ns / 1e9
    info.pax_headers = dict(_attributes(f"/proc/self/fd/{folder}/{name}"))
    key = (found.st_dev, found.st_ino)
    if stat.S_ISREG(found.st_mode) and found.st_nlink > 1 and key in links:
        info.type, info.linkname = tarfile.LNKTYPE, links[key]
    elif stat.S_ISREG(found.st_mode):
        info.size = found.st_size
        with suppress(FileNotFoundError), os.fdopen(os.open(name, _FILE, dir_fd=folder), "rb") as content:
            archive.addfile(info, _Whole(content))
            links[key] = shown
        return
    elif stat.S_ISDIR(found.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(found.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink(name, dir_fd=folder)
    elif stat.S_ISFIFO(found.st_mode):
        info.type = tarfile.FIFOTYPE
    elif stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
        info.type = tarfile.CHRTYPE  # the overlay's note that something below was removed
    else:
        return  # sockets live by their process, and no sandbox makes devices
    archive.addfile(info)


class _Whole(io.RawIOBase):
    """A file as long as it was when it was looked at: filled with zeros if it has become shorter."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content

    def read(self, size: int = -1) -> bytes:
        """Return exactly so many bytes."""
        return self._content.read(size).ljust(size, b"\0")


def _inside(owner: int, first_id: int) -> int:
    return owner - first_id if 0 <= owner - first_id < _IDS else _NOBODY


def _attributes(path: str) -> Iterator[tuple[str, str]]:
    with suppress(OSError):
        for name in os.listxattr(path, follow_symlinks=False):
            shown = name.replace(_OVERLAY_USER, _OVERLAY_ROOT, 1) if name.startswith(_OVERLAY_USER) else name
            if not shown.startswith(("user.", _OVERLAY_ROOT)) and shown != _CAPABILITY:
                continue
            with suppress(OSError):
                value = os.getxattr(path, name, follow_symlinks=False)
                yield _KEY + shown, _without_root(shown, value).decode("utf-8", "surrogateescape")


def _without_root(name: str, value: bytes) -> bytes:
    if name != _CAPABILITY or len(value) < _CAPABILITY_WORDS.size:
        return value
    head, words = _CAPABILITY_WORDS.unpack_from(value)
    return _CAPABILITY_WORDS.pack(head & _CAPABILITY_FLAGS | _REVISION_2, words)


def restore(folder: Path, first_id: int, source: IO[bytes]) -> None:
    """Fill an empty folder."""
    is_root = Path("/proc/self/uid_map").read_text(encoding="ascii").split() == ["0", "0", "4294967295"]
    top = os.open(folder, _FOLDER)
    late: list[tuple[str, float]] = []
    with (
        zstd.open(source, "rb") as packed,
        tarfile.open(fileobj=packed, mode="r|", errors="surrogateescape") as archive,
    ):
        for info in archive:
            _put(archive, info, top, first_id, is_root=is_root)
            if info.isdir():
                late.append((info.name, info.mtime))
    # What is put into a folder changes its time.
    for name, at in reversed(late):
        parent, last = _open_parent(top, name)
        os.utime(last, (at, at), dir_fd=parent, follow_symlinks=False)
        os.close(parent)


def _put(archive: tarfile.TarFile, info: tarfile.TarInfo, top: int, first_id: int, *, is_root: bool) -> None:
    parent, name = _open_parent(top, info.name)
    try:
        if info.islnk():
            source, old = _open_parent(top, info.linkname)
            os.link(old, name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
            os.close(source)
            return
        _make(archive, info, parent, name)
        os.chown(name, info.uid + first_id, info.gid + first_id, dir_fd=parent, follow_symlinks=False)
        path = f"/proc/self/fd/{parent}/{name}"
        if not info.issym():
            Path(path).chmod(info.mode)
        for key, text in info.pax_headers.items():
            if key.startswith(_KEY):
                _set(path, key.removeprefix(_KEY), text.encode("utf-8", "surrogateescape"), first_id, is_root=is_root)
        os.utime(name, (info.mtime, info.mtime), dir_fd=parent, follow_symlinks=False)
    finally:
        os.close(parent)


def _make(archive: tarfile.TarFile, info: tarfile.TarInfo, parent: int, name: str) -> None:
    if info.isdir():
        if name != ".":
            os.mkdir(name, 0o700, dir_fd=parent)
    elif info.issym():
        os.symlink(info.linkname, name, dir_fd=parent)
    elif info.isfifo():
        os.mkfifo(name, 0o600, dir_fd=parent)
    elif info.ischr():
        os.mknod(name, 0o600 | stat.S_IFCHR, 0, dir_fd=parent)
    else:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        content = archive.extractfile(info)
        with os.fdopen(os.open(name, flags, 0o600, dir_fd=parent), "wb") as file:
            while content is not None and (piece := content.read(1 << 20)):
                file.write(piece)


def _open_parent(top: int, name: str) -> tuple[int, str]:
    """Return a descriptor of the folder that a name lies in, no link on the way, and its last part."""
    parts = PurePosixPath(name).parts
    if ".." in parts or name.startswith("/"):
        message = f"a name that leads elsewhere: {name}"
        raise ValueError(message)
    folder = os.dup(top)
    for part in parts[:-1]:
        inner = os.open(part, _FOLDER, dir_fd=folder)
        os.close(folder)
        folder = inner
    return folder, parts[-1] if parts else "."


def _set(path: str, name: str, value: bytes, first_id: int, *, is_root: bool) -> None:
    if name.startswith(_OVERLAY_ROOT) and not is_root:
        name = name.replace(_OVERLAY_ROOT, _OVERLAY_USER, 1)
    if name == _CAPABILITY:
        head, words = _CAPABILITY_WORDS.unpack_from(value)
        value = _CAPABILITY_WORDS.pack(head & _CAPABILITY_FLAGS | _REVISION_3, words) + struct.pack("<I", first_id)
    os.setxattr(path, name, value, follow_symlinks=False)


def main() -> int:
    """Do what the arguments say; 1 with a line on standard error when it cannot be done."""
    verb, folder, first_id = sys.argv[1:]
    try:
        if verb == "save":
            save(Path(folder), int(first_id), sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            restore(Path(folder), int(first_id), sys.stdin.buffer)
    except (OSError, ValueError, tarfile.TarError, zstd.ZstdError, EOFError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
