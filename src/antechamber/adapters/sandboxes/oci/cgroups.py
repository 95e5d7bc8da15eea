"""The control groups of sandboxes: which this machine has for us, what they count, and freezing for a kill.

crun.md section 4: on machines with both hierarchies the supervisor's mount namespace shows the first version alone.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path("/sys/fs/cgroup")
_NEEDED: Final = ("cpu", "memory", "pids")
_OURS: Final = re.compile(r"antechamber-[0-9a-f]+-[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Counts:
    """What a control group counted; None where it cannot tell."""

    memory_bytes: int | None = None
    memory_peak_bytes: int | None = None
    cpu_microseconds: int | None = None
    pids: int | None = None
    oom_kills: int | None = None


def prefix_of(folder: Path) -> str:
    """Name the control groups of a data folder, wherever it is mounted."""
    found = folder.stat()
    return f"antechamber-{found.st_dev:x}-{found.st_ino:x}"


class Cgroups:
    """The groups under a prefix of ours; `version` 0: none, so no limits."""

    def __init__(self, prefix: str, root: Path = ROOT) -> None:
        """`prefix` is one folder's name."""
        self._root = root
        self.version = _version(root)
        self._above = _delegated(root) if self.version == 2 else ""  # noqa: PLR2004 - the version
        self._prefix = f"{self._above}/{prefix}"
        self._freezer = self.version == 1 and (root / "freezer").is_dir()
        self._held: int | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The controllers that limits need and this machine does not give us."""
        if self.version == 0:
            return _NEEDED
        if self.version == 1:
            return tuple(name for name in _NEEDED if not os.access(self._root / name, os.W_OK))
        given = (self._root / self._above.lstrip("/") / "cgroup.controllers").read_text(encoding="ascii").split()
        return tuple(name for name in _NEEDED if name not in given)

    def path(self, sandbox_id: str) -> str | None:
        """Return a sandbox's group for its bundle."""
        return f"{self._prefix}/{sandbox_id}" if self.version else None

    def counts(self, sandbox_id: str) -> Counts:
        """Return what its group counted."""
        if self.version == 1:
            cpu = self._number("cpuacct", sandbox_id, "cpuacct.usage")
            return Counts(
                memory_bytes=self._number("memory", sandbox_id, "memory.usage_in_bytes"),
                memory_peak_bytes=self._number("memory", sandbox_id, "memory.max_usage_in_bytes"),
                cpu_microseconds=None if cpu is None else cpu // 1000,
                pids=self._number("pids", sandbox_id, "pids.current"),
                oom_kills=self.oom_kills(sandbox_id),
            )
        if self.version == 0:
            return Counts()
        return Counts(
            memory_bytes=self._number("", sandbox_id, "memory.current"),
            memory_peak_bytes=self._number("", sandbox_id, "memory.peak"),
            cpu_microseconds=self._table("", sandbox_id, "cpu.stat").get("usage_usec"),
            pids=self._number("", sandbox_id, "pids.current"),
            oom_kills=self.oom_kills(sandbox_id),
        )

    def oom_kills(self, sandbox_id: str) -> int | None:
        """Return how many of its processes the kernel ended for want of memory."""
        if self.version == 1:
            return self._table("memory", sandbox_id, "memory.oom_control").get("oom_kill")
        if self.version == 0:
            return None
        return self._table("", sandbox_id, "memory.events").get("oom_kill")

    def freeze(self, sandbox_id: str, *, frozen: bool) -> bool:
        """Halt all of its processes, or let them go on; False if this machine cannot."""
        if self._freezer:
            file, word = self._file("freezer", sandbox_id, "freezer.state"), "FROZEN" if frozen else "THAWED"
        elif self.version == 2:  # noqa: PLR2004 - the version
            file, word = self._file("", sandbox_id, "cgroup.freeze"), "1" if frozen else "0"
        else:
            return False
        try:
            file.write_text(word, encoding="ascii")
        except OSError:
            return False
        return True

    def is_frozen(self, sandbox_id: str) -> bool:
        """Tell whether all of its processes halt by now."""
        if self._freezer:
            with suppress(OSError):
                return self._file("freezer", sandbox_id, "freezer.state").read_text(encoding="ascii") == "FROZEN\n"
            return False
        return self._table("", sandbox_id, "cgroup.events").get("frozen") == 1

    def hold(self) -> None:
        """Make the prefix and lock it as long as this process runs, so that no other takes it for abandoned."""
        while self.version and self._held is None:
            place = self._keeper(self._prefix)
            place.mkdir(exist_ok=True)
            with suppress(FileNotFoundError):
                descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                fcntl.flock(descriptor, fcntl.LOCK_SH)
                if _is_at(descriptor, place):
                    self._held = descriptor
                else:
                    # somebody who had it for abandoned was faster
                    os.close(descriptor)

    def drop(self) -> None:
        """Remove all groups under the prefix, and itself, in every hierarchy, where no process is in them any more."""
        self._drop(self._prefix)
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def drop_abandoned(self) -> None:
        """Remove groups that supervisors of other folders left when they were killed, if nothing is in them.

        Their folders may be gone, so that nobody comes back for them. Whoever runs holds its own (`hold`).
        """
        found: set[str] = set()
        for hierarchy in self._hierarchies():
            with suppress(OSError):
                found.update(path.name for path in self._below(hierarchy, self._above).iterdir())
        for name in sorted(found):
            prefix = f"{self._above}/{name}"
            if _OURS.fullmatch(name) is None or prefix == self._prefix:
                continue
            try:
                descriptor = os.open(self._keeper(prefix), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except FileNotFoundError:
                self._drop(prefix)
                continue
            except OSError:
                # another user's
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._drop(prefix)
            except BlockingIOError:
                continue
            finally:
                os.close(descriptor)

    def _drop(self, prefix: str) -> None:
        for hierarchy in self._hierarchies():
            top = self._below(hierarchy, prefix)
            # the innermost first; what is in use stays
            for group in sorted((path for path in (top, *top.rglob("*")) if path.is_dir()), reverse=True):
                with suppress(OSError):
                    group.rmdir()

    def _hierarchies(self) -> Iterator[Path]:
        if self.version == 1:
            yield from (path for path in self._root.iterdir() if path.is_dir())
        elif self.version:
            yield self._root

    def _keeper(self, prefix: str) -> Path:
        """Return the one of a prefix's folders whose lock says that it is somebody's."""
        given = (name for name in reversed(_NEEDED) if os.access(self._root / name, os.W_OK))
        return self._below(self._root / (next(given) if self.version == 1 else ""), prefix)

    def _below(self, hierarchy: Path, group: str) -> Path:
        return hierarchy / group.lstrip("/")

    def _file(self, controller: str, sandbox_id: str, name: str) -> Path:
        return self._below(self._root / controller, self._prefix) / sandbox_id / name

    def _number(self, controller: str, sandbox_id: str, name: str) -> int | None:
        with suppress(OSError, ValueError):
            return int(self._file(controller, sandbox_id, name).read_text(encoding="ascii"))
        return None

    def _table(self, controller: str, sandbox_id: str, name: str) -> Mapping[str, int]:
        found: dict[str, int] = {}
        with suppress(OSError):
            for line in self._file(controller, sandbox_id, name).read_text(encoding="ascii").splitlines():
                key, _, value = line.partition(" ")
                found[key] = int(value) if value.isdecimal() else 0
        return found


def _is_at(descriptor: int, place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), place.stat())
    except FileNotFoundError:
        return False


def _version(root: Path) -> int:
    """Return 2, 1, or 0 if there are no groups that we may write."""
    if (root / "cgroup.controllers").exists():
        return 2 if _gives_controllers(root / _delegated(root).lstrip("/")) else 0
    usable = any((root / name / "tasks").exists() and os.access(root / name, os.W_OK) for name in _NEEDED)
    return 1 if usable else 0


def _gives_controllers(group: Path) -> bool:
    """Tell whether groups below this one can have limits, by asking for it."""
    try:
        (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in _NEEDED), encoding="ascii")
    except OSError:
        return False
    return True


def _delegated(root: Path) -> str:
    """Return the group under which ours lie: the root's if it is ours, else this process's own."""
    if os.geteuid() == 0 and os.access(root / "cgroup.subtree_control", os.W_OK):
        return ""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
            if line.startswith("0::"):
                return line[3:].rstrip("/")
    return ""
