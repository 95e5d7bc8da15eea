"""Gives the supervisor namespaces of its own before it does anything else.

Mounts, so that what it mounts is nobody else's and ends with it; process ids, so that every process of every sandbox
dies with it, however it ends; and for a user who is not root one of user ids, with the range that /etc/subuid gives.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

_NEWNS: Final = 0x00020000
_NEWPID: Final = 0x20000000
_NEWUSER: Final = 0x10000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 2, 4, 8
_MS_REC: Final = 0x4000
_MS_BIND: Final = 0x1000
_MS_PRIVATE: Final = 1 << 18
_MNT_DETACH: Final = 2
_PR_SET_PDEATHSIG: Final = 1
_IDS: Final = 65_535
_LONGEST_END_SECONDS: Final = 20
_CGROUPS: Final = "/sys/fs/cgroup"
_PLACES: Final = ("/mnt", "/media", "/srv", "/opt", "/boot")
_libc: Final = ctypes.CDLL(None, use_errno=True)


class BootstrapError(Exception):
    """A step failed; the message says which, and what helps."""


def is_rootless() -> bool:
    """Say whether user ids here are not the machine's own."""
    return Path("/proc/self/uid_map").read_text(encoding="ascii").split() != ["0", "0", "4294967295"]


def isolate() -> int:
    """Return in a process that has its own namespaces and dies with the caller's, which waits for it and never returns.

    Returns the process id that it has outside; BootstrapError. To be called while there is one thread.
    """
    if os.geteuid() != 0:
        _take_user_namespace()
    _unshare(_NEWNS | _NEWPID)
    told, tell = os.pipe()
    inner = os.fork()
    if inner:
        os.close(told)
        os.write(tell, f"{inner}\n".encode())
        os.close(tell)
        _wait_for(inner)
    os.close(tell)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    outside = int(os.read(told, 32) or b"0")
    os.close(told)
    _mount_own()
    return outside


def show(folder: Path, needed: Sequence[Path]) -> Path:
    """Return a path of the folder that a sandbox's own root may go through; BootstrapError.

    The folders above it are closed to everybody else, and an OCI runtime finds a sandbox's files as that root does. The
    place is one of this process's mounts, over a folder that holds nothing `needed`.
    """
    kept = [each.resolve() for each in (folder, *needed)]
    for place in map(Path, _PLACES):
        if place.is_dir() and not any(each.is_relative_to(place.resolve()) for each in kept):
            _mount("none", str(place), "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "size=64k,mode=755")
            shown = place / folder.name
            shown.mkdir()
            _mount(str(folder), str(shown), None, _MS_BIND)
            return shown
    message = f"none of {', '.join(_PLACES)} is free to show {folder} at"
    raise BootstrapError(message)


def _wait_for(inner: int) -> NoReturn:
    """Be the process outside: pass an end on, and end as the inner one does."""

    def end(_: int, __: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(inner, signal.SIGTERM)
        signal.alarm(_LONGEST_END_SECONDS)

    def kill(_: int, __: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(inner, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    # Whoever started this may end without a word; the inner process sees its input end, and this is for when it hangs.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    _, status = os.waitpid(inner, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _take_user_namespace() -> None:
    user = pwd.getpwuid(os.getuid()).pw_name
    ranges = [_range(Path(path), user) for path in ("/etc/subuid", "/etc/subgid")]
    programs = [_mapper(name) for name in ("newuidmap", "newgidmap")]
    go, wait = os.pipe()[::-1]
    answer, say = os.pipe()
    ids = (os.getuid(), os.getgid())
    owner = os.getpid()
    mapper = os.fork()
    if mapper == 0:
        os.close(go)
        os.read(wait, 1)
        problems = [_map(program, owner, own, first) for program, own, first in zip(programs, ids, ranges, strict=True)]
        os.write(say, "; ".join(filter(None, problems)).encode())
        os._exit(0)
    os.close(say)
    _unshare(_NEWUSER)
    os.write(go, b".")
    with os.fdopen(answer, "rb") as answers:
        problem = answers.read().decode(errors="replace")
    os.waitpid(mapper, 0)
    os.close(go)
    os.close(wait)
    if problem:
        raise BootstrapError(problem)
    # What other groups the user is in is nothing to sandboxes.
    with contextlib.suppress(PermissionError):
        os.setgroups([])


def _map(program: str, pid: int, own: int, first: int) -> str:
    line = [program, str(pid), "0", str(own), "1", "1", str(first), str(_IDS)]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    return f"{' '.join(line)}: {done.stderr.strip()}" if done.returncode else ""


def _range(file: Path, user: str) -> int:
    """Return where the user's range begins; BootstrapError if there is none that is large enough."""
    with contextlib.suppress(FileNotFoundError):
        for line in file.read_text(encoding="utf-8").splitlines():
            name, first, count = [*line.split(":"), "", ""][:3]
            if name in {user, str(os.getuid())} and count.isdigit() and int(count) >= _IDS:
                return int(first)
    message = (
        f"{file} gives {user} no range of {_IDS} ids; as root: "
        f"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}"
    )
    raise BootstrapError(message)


def _mapper(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        message = f"{name} is missing, which a user who is not root needs: apt-get install uidmap"
        raise BootstrapError(message)
    return found


def _unshare(flags: int) -> None:
    if not _libc.unshare(flags):
        return
    why = os.strerror(ctypes.get_errno())
    if flags == _NEWUSER:
        message = (
            f"user namespaces are not allowed here ({why}): sysctl user.max_user_namespaces and "
            "kernel.unprivileged_userns_clone say; or run the server as root, or set sandbox_runtime to docker"
        )
    else:
        message = (
            f"namespaces of mounts and processes are not allowed here ({why}); on Ubuntu, as root: "
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0; in a container, set sandbox_runtime to docker"
        )
    raise BootstrapError(message)


def _mount_own() -> None:
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    first_versions = _mounts("cgroup")
    if is_rootless() and first_versions:
        # Nobody but root may use these, and what is inherited cannot be unmounted (crun.md section 4).
        _mount("none", _CGROUPS, "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "size=64k,mode=755")
    elif first_versions:
        # crun refuses machines that have both versions: it is shown the first alone, which has the controllers.
        for path in _mounts("cgroup2"):
            _libc.umount2(path.encode(), _MNT_DETACH)


def _mounts(kind: str) -> list[str]:
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [parts[1] for parts in map(str.split, lines) if parts[2] == kind]


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    if _libc.mount(source.encode(), target.encode(), kind and kind.encode(), flags, options.encode()):
        message = (
            f"{kind or 'its own mounts'} at {target}: {os.strerror(ctypes.get_errno())}; "
            "this process is confined already: set sandbox_runtime to docker"
        )
        raise BootstrapError(message)
