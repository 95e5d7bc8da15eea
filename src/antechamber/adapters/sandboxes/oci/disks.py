"""A disk of its own for each sandbox: a sparse ext4 image on a loop device, which is its limit."""

import fcntl
import os
import shutil
import struct
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from antechamber.adapters.sandboxes.oci import kernel
from antechamber.adapters.sandboxes.oci.bundle import PATH
from antechamber.features.environments.model.sandbox import SandboxError

_VERSION: Final = 2
_CONTROL: Final = Path("/dev/loop-control")
_GET_FREE: Final = 0x4C82
_CONFIGURE: Final = 0x4C0A
_GET_STATUS: Final = 0x4C05
# struct loop_info64, of which device and inode of the image come first
_STATUS: Final = struct.Struct("=5Q4I64s64s32s2Q")
_AUTOCLEAR: Final = 4
_TRIES: Final = 64
# A power cut loses what was written last either way: there is no journal, and nothing waits for the disk.
_OPTIONS: Final = "noinit_itable,nobarrier"
_MENDED: Final = 2


def can_limit() -> bool:
    """Tell whether this process can make loop devices and format images."""
    return _CONTROL.exists() and os.access(_CONTROL, os.R_OK | os.W_OK) and _program("mke2fs") is not None


def make(image: Path, size: int, templates: Path) -> None:
    """Make a fresh image that holds `size` bytes; formatted once for each size, copied from then on."""
    template = templates / f"{size}-{_VERSION}.ext4"
    if not template.exists():
        _format(template, size)
    with template.open("rb") as source, image.open("wb") as target:
        target.truncate(size)
        _copy_data(source.fileno(), target.fileno(), size)


def attach(image: Path, target: Path) -> None:
    """Mount an image; its device goes when the last mount of it does."""
    backing = os.open(image, os.O_RDWR | os.O_CLOEXEC)
    try:
        device, held = _loop(backing, image)
    finally:
        os.close(backing)
    try:
        kernel.mount(device, str(target), "ext4", kernel.NOSUID | kernel.NODEV | kernel.NOATIME, _OPTIONS)
    finally:
        os.close(held)


def mend(image: Path) -> None:
    """Make an image whole that was cut off by a power failure; SandboxError if it cannot be."""
    program = _program("e2fsck")
    if program is None:
        return
    done = subprocess.run([program, "-p", str(image)], capture_output=True, check=False)  # noqa: S603 - no shell
    if done.returncode > _MENDED:
        message = f"the disk {image.name} of a stopped sandbox is damaged: {done.stdout.decode(errors='replace')[:300]}"
        raise SandboxError(message)


def is_attached(image: Path) -> bool:
    """Tell whether a loop device still has the image: mounted twice it would be destroyed."""
    own = image.stat()
    for device in Path("/sys/block").glob("loop*"):
        with suppress(OSError):
            held = os.open(f"/dev/{device.name}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                status = fcntl.ioctl(held, _GET_STATUS, bytes(_STATUS.size))
            finally:
                os.close(held)
            if _STATUS.unpack(status)[:2] == (own.st_dev, own.st_ino):
                return True
    return False


def _format(template: Path, size: int) -> None:
    program = _program("mke2fs")
    template.parent.mkdir(parents=True, exist_ok=True)
    fresh = template.with_suffix(f".{threading.get_ident()}")
    with fresh.open("wb") as file:
        file.truncate(size)
    # As few blocks as can be: each new disk is a copy of them.
    features = ["-O", "^has_journal,^resize_inode,sparse_super2", "-G", "128"]
    options = ["-q", "-F", "-t", "ext4", "-m", "0", *features, "-E", "lazy_itable_init=1,nodiscard,num_backup_sb=0"]
    done = subprocess.run(  # noqa: S603 - no shell
        [program or "mke2fs", *options, str(fresh)], stdin=subprocess.PIPE, capture_output=True, check=False
    )
    if done.returncode != 0:
        fresh.unlink()
        message = f"mke2fs could not format a disk of {size} bytes: {done.stderr.decode(errors='replace')[:300]}"
        raise SandboxError(message)
    fresh.rename(template)


def _copy_data(source: int, target: int, size: int) -> None:
    """Copy what is not a hole."""
    at = 0
    while at < size:
        try:
            start = os.lseek(source, at, os.SEEK_DATA)
        except OSError:  # ENXIO: holes to the end
            return
        at = os.lseek(source, start, os.SEEK_HOLE)
        os.lseek(source, start, os.SEEK_SET)
        os.lseek(target, start, os.SEEK_SET)
        left = at - start
        while left:
            left -= os.sendfile(target, source, None, left)


def _loop(backing: int, image: Path) -> tuple[str, int]:
    """Return a loop device on the file, and a descriptor that holds it until it is mounted."""
    control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    try:
        for _ in range(_TRIES):
            device = f"/dev/loop{fcntl.ioctl(control, _GET_FREE)}"
            held = os.open(device, os.O_RDWR | os.O_CLOEXEC)
            name = os.fsencode(image.name)[-63:]
            information = _STATUS.pack(0, 0, 0, 0, 0, 0, 0, 0, _AUTOCLEAR, name, b"", b"", 0, 0)
            try:
                fcntl.ioctl(held, _CONFIGURE, struct.pack("=II", backing, 0) + information + bytes(64))
            except OSError:
                # another process took it in between
                os.close(held)
                continue
            return device, held
    finally:
        os.close(control)
    message = "no loop device is free for the disk of a sandbox"
    raise SandboxError(message)


def _program(name: str) -> str | None:
    return shutil.which(name, path=PATH)
