"""The bundle of a sandbox (OCI runtime specification 1.0.2): pure, from what it may do to config.json."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from antechamber.adapters.sandboxes import hardening
from antechamber.features.environments.model.sandbox import MEBIBYTE, Limits

IDS: Final = 65_536
TOOLS: Final = "/dev/.antechamber"
INIT: Final = f"{TOOLS}/init"
REAPER: Final = f"{TOOLS}/reaper"
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PERIOD: Final = 100_000
_SCRATCH_BYTES: Final = 256 * MEBIBYTE
_SHARED_BYTES: Final = 64 * MEBIBYTE
_NAMESPACES: Final = ("pid", "ipc", "uts", "mount", "cgroup", "user", "network")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a sandbox's config.json says; `first_id` is what its root is outside, `ids` how many follow.

    `binds` are folders of this machine shown read-only at a path. `cgroup` None: this machine enforces no limits, and
    only those that each process carries itself are set. `joined` are paths of namespaces that are there already, by
    kind; the one of users maps the same ids.
    """

    root: str
    hostname: str
    first_id: int
    limits: Limits
    init: Path
    reaper: Path
    ids: int = IDS
    binds: Sequence[tuple[Path, str]] = ()
    cgroup: str | None = None
    joined: Mapping[str, str] | None = None
    most: Mapping[str, int] | None = None


def render(bundle: Bundle) -> bytes:
    """Return the text of config.json."""
    return json.dumps(_config(bundle)).encode()


def process(
    arguments: Sequence[str],
    *,
    cwd: str,
    environment: Mapping[str, str],
    user: tuple[int, int],
    rlimits: Sequence[Mapping[str, object]],
    size: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Return the `process` of a program; `size` is the rows and columns of its terminal, if it has one.

    The runtime adds the seccomp profile of the bundle to programs that are started later.
    """
    held = [f"CAP_{name}" for name in hardening.CAPABILITIES]
    root = held if user[0] == 0 else []
    found: dict[str, Any] = {
        "terminal": size is not None,
        "user": {"uid": user[0], "gid": user[1], "umask": 0o022},
        "args": list(arguments),
        "env": [f"{name}={value}" for name, value in environment.items()],
        "cwd": cwd,
        "capabilities": {
            "bounding": held,
            "effective": root,
            "permitted": root,
            "inheritable": [],
            "ambient": [],
        },
        "noNewPrivileges": True,
        "rlimits": list(rlimits),
    }
    if size is not None:
        found["consoleSize"] = {"height": size[0], "width": size[1]}
    return found


def text_of(content: Mapping[str, object]) -> bytes:
    """Return what a runtime is to read."""
    return json.dumps(content).encode()


def rlimits(limits: Limits, *, alone: bool, most: Mapping[str, int]) -> list[dict[str, object]]:
    """Return the limits of each process; `most` is the highest that this machine lets us set, by name.

    `alone`: no control group limits the sandbox, so that the data of each process is measured here. Processes are
    counted elsewhere (spaces.py).
    """
    wanted = {"RLIMIT_NOFILE": limits.open_files, "RLIMIT_FSIZE": limits.file_bytes, "RLIMIT_CORE": 0}
    if alone:
        wanted["RLIMIT_DATA"] = limits.memory_bytes
        sizes = [size for size in (limits.file_bytes, limits.disk_bytes) if size]
        wanted["RLIMIT_FSIZE"] = min(sizes, default=0)
    return [
        {"type": kind, "hard": value, "soft": value}
        for kind, value in ((kind, min(value, most.get(kind, value))) for kind, value in wanted.items())
        if value or kind == "RLIMIT_CORE"
    ]


@cache
def seccomp(machine: str | None = None) -> dict[str, Any]:
    """Return the profile of seccomp.json for an architecture (as uname names it); KeyError if it has none."""
    kept = json.loads(resources.files(__package__).joinpath("seccomp.json").read_bytes())
    own = kept[machine or platform.machine()]
    return {
        "defaultAction": kept["defaultAction"],
        "defaultErrnoRet": kept["defaultErrnoRet"],
        "architectures": own["architectures"],
        "syscalls": kept["syscalls"] + own["syscalls"],
    }


def _config(bundle: Bundle) -> dict[str, Any]:
    own = {"containerID": 0, "hostID": bundle.first_id, "size": bundle.ids}
    environment = {"PATH": PATH}
    first = process(
        [INIT, "-P"],
        cwd="/",
        environment=environment,
        user=(0, 0),
        rlimits=rlimits(bundle.limits, alone=bundle.cgroup is None, most=bundle.most or {}),
    )
    joined = bundle.joined or {}
    linux: dict[str, Any] = {
        "namespaces": [
            {"type": kind, "path": joined[kind]} if kind in joined else {"type": kind} for kind in _NAMESPACES
        ],
        "uidMappings": [own],
        "gidMappings": [own],
        "maskedPaths": [*hardening.MASKED, "/sys/firmware"],
        "readonlyPaths": list(hardening.READ_ONLY),
        "seccomp": seccomp(),
    }
    if bundle.cgroup is not None:
        linux["cgroupsPath"] = bundle.cgroup
        linux["resources"] = _resources(bundle.limits)
    return {
        "ociVersion": "1.0.2",
        "root": {"path": bundle.root, "readonly": False},
        "hostname": bundle.hostname,
        "process": first,
        "mounts": _mounts(bundle),
        "linux": linux,
    }


def _mounts(bundle: Bundle) -> list[dict[str, Any]]:
    quiet = ["nosuid", "nodev"]
    scratch = _SCRATCH_BYTES
    if bundle.limits.memory_bytes:
        # What lies in memory counts as memory: filled to the brim it must leave the programs room.
        scratch = min(scratch, bundle.limits.memory_bytes // 2)
    shared = min(_SHARED_BYTES, scratch)
    return [
        _mount("/proc", "proc", [*quiet, "noexec"], source="proc"),
        *(_mount(inside, "bind", ["bind", "ro", *quiet], source=str(outside)) for outside, inside in bundle.binds),
        _mount("/dev", "tmpfs", ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"]),
        _mount("/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
        _mount("/dev/shm", "tmpfs", [*quiet, "mode=1777", f"size={shared}"]),  # noqa: S108 - the sandbox's own
        _mount("/tmp", "tmpfs", [*quiet, "mode=1777", f"size={scratch}"]),  # noqa: S108 - the same
        _mount(INIT, "bind", ["bind", "ro", *quiet], source=str(bundle.init)),
        _mount(REAPER, "bind", ["bind", "ro", *quiet], source=str(bundle.reaper)),
    ]


def _mount(destination: str, kind: str, options: list[str], source: str | None = None) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": source or kind, "options": options}


def _resources(limits: Limits) -> dict[str, Any]:
    found: dict[str, Any] = {"devices": [{"allow": False, "access": "rwm"}]}
    if limits.memory_bytes:
        found["memory"] = {"limit": limits.memory_bytes, "swap": limits.memory_bytes}
    if limits.pids:
        found["pids"] = {"limit": limits.pids}
    if limits.cpus:
        found["cpu"] = {"period": _PERIOD, "quota": round(limits.cpus * _PERIOD)}
    return found
