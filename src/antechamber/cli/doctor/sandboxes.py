"""Whether this machine could run the sandboxes of a server, and what it would lack; nothing is started for it."""

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from antechamber.cli.doctor.findings import Check
from antechamber.cli.doctor.programs import on_path
from antechamber.client.environment import Environment

_NAME: Final = "sandboxes"
_IDS: Final = 65_535
# programs that the OCI runtime needs, and Debian's packages of them
_NEEDED: Final = {"crun": "crun", "catatonit": "catatonit", "tini-static": "tini"}
# since when the kernel counts, and limits, the processes of each user namespace
_COUNTS_SINCE: Final = (5, 14)
_APPARMOR: Final = "kernel.apparmor_restrict_unprivileged_userns"


def sandbox_checks(
    environment: Environment, *, machine: Path = Path("/"), is_root: bool | None = None
) -> Iterator[Check]:
    """Yield one finding at least on Linux, none elsewhere; only a server needs any of it, so none is a failure."""
    if not (machine / "proc/sys").is_dir():
        return
    is_root = os.geteuid() == 0 if is_root is None else is_root
    needed = _NEEDED if is_root else {**_NEEDED, "newuidmap": "uidmap"}
    missing = [package for program, package in needed.items() if not on_path(environment, program)]
    if missing:
        detail = f"a server on this machine could not run sandboxes: {', '.join(missing)} not installed"
        yield Check(_NAME, "note", detail, fix=f"apt-get install {' '.join(missing)}")
        return
    problems = [] if is_root else list(_user_problems(machine))
    yield from problems
    if not problems:
        yield _limits(machine, is_root=is_root)


def _user_problems(machine: Path) -> Iterator[Check]:
    if _number(machine / "proc/sys/user/max_user_namespaces", 1) == 0:
        yield Check(_NAME, "note", "user namespaces are off", fix="sysctl user.max_user_namespaces=65536")
    if _number(machine / "proc/sys" / _APPARMOR.replace(".", "/"), 0) == 1:
        detail = "AppArmor takes all rights in user namespaces away from those who are not root"
        yield Check(_NAME, "note", detail, fix=f"sysctl {_APPARMOR}=0")
    user = _user()
    if not all(_has_range(machine / "etc" / name, user) for name in ("subuid", "subgid")):
        detail = f"{user} has no range of {_IDS} subordinate ids in /etc/subuid and /etc/subgid"
        fix = f"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}"
        yield Check(_NAME, "note", detail, fix=fix)


def _limits(machine: Path, *, is_root: bool) -> Check:
    if is_root:
        return Check(_NAME, "ok", "crun as root: memory, CPU, processes and disk of each sandbox can be limited")
    own = _own_group(machine)
    if own is not None and os.access(own / "cgroup.procs", os.W_OK):
        return Check(
            _NAME, "ok", "crun as a user, with a control group of its own: memory and processes can be limited"
        )
    counted = _release(machine) >= _COUNTS_SINCE
    unlimited = "memory and CPU" if counted else "memory, CPU and processes"
    detail = f"crun as a user: sandboxes run, but nothing limits {unlimited} of each as a whole"
    advice = "a systemd unit with Delegate=yes gives a control group; or run the server as root"
    return Check(_NAME, "note", detail, advice)


def _release(machine: Path) -> tuple[int, ...]:
    """Return the first two numbers of the kernel's version."""
    with suppress(OSError, ValueError):
        text = (machine / "proc/sys/kernel/osrelease").read_text(encoding="ascii")
        return tuple(int(part) for part in text.split(".")[:2])
    return ()


def _own_group(machine: Path) -> Path | None:
    """Return the control group (version 2) of this process."""
    with suppress(OSError):
        for line in (machine / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            if line.startswith("0::/"):
                return machine / "sys/fs/cgroup" / line.removeprefix("0::/")
    return None


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _has_range(file: Path, user: str) -> bool:
    with suppress(OSError):
        for line in file.read_text(encoding="utf-8").splitlines():
            name, _, rest = line.partition(":")
            count = rest.partition(":")[2]
            if name in {user, str(os.getuid())} and count.isdigit() and int(count) >= _IDS:
                return True
    return False


def _number(file: Path, otherwise: int) -> int:
    with suppress(OSError, ValueError):
        return int(file.read_text(encoding="ascii"))
    return otherwise
