"""Runs a program as another user, with a view of this machine in which that user can read what tests need.

`python tests/unprivileged.py USER FOLDER[:FOLDER...] PROGRAM ARGUMENT ...`, as root. A clone may lie below a folder
that only root may enter; so in a mount namespace of the program's own, such folders are replaced by empty ones that
hold nothing but the folders named, at the same paths. Standard library only.
"""

import ctypes
import os
import pwd
import stat
import sys
from pathlib import Path

NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 1 << 18
LIBC = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> None:
    if getattr(LIBC, name)(*(a.encode() if isinstance(a, str) else a for a in arguments)):
        number = ctypes.get_errno()
        raise OSError(number, f"{name} {arguments}: {os.strerror(number)}")


def closed_to(user: pwd.struct_passwd, folder: Path) -> Path | None:
    """Return the outermost folder on the way that the user may not pass."""
    for step in [*reversed(folder.parents), folder]:
        found = step.stat()
        bits = stat.S_IXUSR if found.st_uid == user.pw_uid else stat.S_IXOTH
        if not found.st_mode & bits:
            return step
    return None


def open_up(user: pwd.struct_passwd, folders: list[Path]) -> None:
    held: dict[Path, list[tuple[Path, int]]] = {}
    for folder in folders:
        gate = closed_to(user, folder)
        if gate is not None:
            held.setdefault(gate, []).append((folder, os.open(folder, os.O_PATH)))
    for gate, shown in held.items():
        call("mount", "none", str(gate), "tmpfs", 0, "size=1m,mode=755")
        for folder, descriptor in sorted(shown):
            folder.mkdir(parents=True, exist_ok=True)
            call("mount", f"/proc/self/fd/{descriptor}", str(folder), None, MS_BIND | MS_REC, None)
            os.close(descriptor)


def main() -> None:
    name, folders, *command = sys.argv[1:]
    user = pwd.getpwnam(name)
    call("unshare", NEWNS)
    call("mount", "none", "/", None, MS_REC | MS_PRIVATE, None)
    open_up(user, [Path(folder) for folder in folders.split(":")])
    os.chdir("/")
    os.initgroups(name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    os.execvpe(command[0], command, {**os.environ, "HOME": user.pw_dir, "USER": name})  # noqa: S606 - there is no shell


if __name__ == "__main__":
    main()
