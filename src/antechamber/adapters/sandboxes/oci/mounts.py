"""The file system of a sandbox: its layers under its upper one, put together in a thread with a folder of its own.

Layers are named relative to the sandbox's folder, so that what is mounted inside shows no path of this machine. What
is mounted here is let go as soon as the runtime has made the sandbox, whose own mounts keep it.
"""

import asyncio
import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar

from antechamber.adapters.sandboxes.oci import kernel
from antechamber.adapters.sandboxes.oci.bundle import IDS

T = TypeVar("T")
_THREADS: Final = 2
_LINKS: Final = 16


class Workers:
    """Threads for what blocks; each has a current folder of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "sandboxes", initializer=kernel.own_folder)

    async def run(self, work: Callable[[], T]) -> T:
        """Do it in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Wait for what runs, and end the threads."""
        self._threads.shutdown()


def stack(folder: Path, lowers: Sequence[Path], namespace: int | None, upper: str, work: str) -> None:
    """Mount `lowers` (highest first) under `upper` at folder/merged; in a thread of `Workers`.

    With a `namespace` lower layers are shown with its ids; without, the overlay keeps its notes as a user may.
    `upper` and `work` are relative to the folder.
    """
    os.chdir(folder)
    names = [f"l{place}" for place in range(len(lowers))]
    mounted: list[str] = []
    try:
        for name, lower in zip(names, lowers, strict=True):
            _show(name, lower, namespace)
            mounted += [name] if namespace is not None else []
        Path("merged").mkdir(exist_ok=True)
        # volatile: nobody waits for the disk, and what a sandbox wrote in its last seconds may be lost with the power
        options = f"lowerdir={':'.join(names)},upperdir={upper},workdir={work},index=off,volatile"
        more = "" if namespace is not None else ",userxattr"
        kernel.mount("overlay", "merged", "overlay", kernel.NOSUID | kernel.NODEV | kernel.NOATIME, options + more)
    finally:
        for name in mounted:
            kernel.unmount(name)
        os.chdir("/")


def unstack(folder: Path) -> None:
    """Let go of what `stack` mounted."""
    with suppress(OSError):
        kernel.unmount(str(folder / "merged"))


def own(folder: Path, first_id: int) -> None:
    """Make a folder that a sandbox's root owns."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    os.chown(folder, first_id, first_id)


def lay(upper: Path, base: Path, files: Mapping[str, bytes], first_id: int) -> None:
    """Put files into the upper layer of a sandbox that does not run, with what folders they need.

    Nothing that the sandbox left there leads out: links are replaced, not followed. Links of the base are followed
    inside it.
    """
    for name, content in files.items():
        parts = _place(base, name)
        folder = os.open(upper, os.O_DIRECTORY | os.O_CLOEXEC)
        for depth, part in enumerate(parts[:-1]):
            inner = _enter(folder, part, base.joinpath(*parts[: depth + 1]), first_id)
            os.close(folder)
            folder = inner
        try:
            _write(folder, parts[-1], content, first_id)
        finally:
            os.close(folder)


def own_from_zero(folder: Path, first_id: int) -> None:
    """Make owners count from 0 that count from `first_id`; those of nobody in the sandbox become its root's.

    The overlay itself leaves such: what stands for a removed file is the machine's root's.
    """
    for place, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            path = f"{place}/{name}"
            found = os.lstat(path)
            owners = (_inside(found.st_uid, first_id), _inside(found.st_gid, first_id))
            os.chown(path, *owners, follow_symlinks=False)
            if not stat.S_ISLNK(found.st_mode) and found.st_mode & (stat.S_ISUID | stat.S_ISGID):
                # a change of owner takes these away
                Path(path).chmod(stat.S_IMODE(found.st_mode))


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder whole: owners, times, attributes of the overlay, holes; OSError with what `cp` says."""
    command = ["cp", "-a", "--sparse=always", "--", str(source), str(target)]
    done = subprocess.run(command, stdin=subprocess.PIPE, capture_output=True, check=False)  # noqa: S603 - no shell
    if done.returncode != 0:
        text = done.stderr.decode(errors="replace")
        number = errno.ENOSPC if "No space left" in text else errno.EIO
        raise OSError(number, text.strip()[:300])


def used_bytes(folder: Path) -> int:
    """Return what a folder takes on the disk; what vanishes meanwhile counts nothing."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                total += os.lstat(f"{place}/{name}").st_blocks * 512
    return total


def discard(folder: Path) -> None:
    """Remove a folder with all that is in it, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def _inside(outside: int, first_id: int) -> int:
    return outside - first_id if first_id <= outside < first_id + IDS else 0


def _show(name: str, lower: Path, namespace: int | None) -> None:
    place = Path(name)
    if namespace is None:
        place.unlink(missing_ok=True)
        place.symlink_to(lower)
        return
    place.mkdir(exist_ok=True)
    kernel.clone_mapped(lower, name, namespace)


def _place(base: Path, name: str) -> list[str]:
    """Return the parts of a path after following the links of the base, all inside it."""
    left = [part for part in PurePosixPath(name).parts if part != "/"]
    done: list[str] = []
    links = 0
    while left:
        part = left.pop(0)
        if part == "..":
            done = done[:-1]
            continue
        found = base.joinpath(*done, part)
        if left and found.is_symlink() and links < _LINKS:
            links += 1
            target = PurePosixPath(found.readlink())
            done = [] if target.is_absolute() else done
            left = [part for part in target.parts if part != "/"] + left
            continue
        done.append(part)
    return done


def _enter(folder: int, part: str, below: Path, first_id: int) -> int:
    """Open a folder in an open one, making it as the base has it; a link or file in its place is replaced."""
    flags = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    with suppress(OSError):
        return os.open(part, flags, dir_fd=folder)
    with suppress(FileNotFoundError):
        os.unlink(part, dir_fd=folder)
    os.mkdir(part, dir_fd=folder)
    inner = os.open(part, flags, dir_fd=folder)
    mode = stat.S_IMODE(below.stat().st_mode) if below.is_dir() and not below.is_symlink() else 0o755
    os.fchmod(inner, mode)
    os.fchown(inner, first_id, first_id)
    return inner


def _write(folder: int, name: str, content: bytes, first_id: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(name, flags, 0o644, dir_fd=folder)
    try:
        with memoryview(content) as left:
            sent = 0
            while sent < len(content):
                sent += os.write(file, left[sent:])
        os.fchmod(file, 0o644)
        os.fchown(file, first_id, first_id)
    finally:
        os.close(file)


def unmount(folder: Path) -> None:
    """Unmount a folder; OSError if nothing is mounted there."""
    kernel.unmount(str(folder))
