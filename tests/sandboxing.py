"""Supervisors of sandboxes as `ante serve` starts them, as root and as a user made for it; and that user.

`station("oci-root")`, `station("oci-rootless")`: a supervisor with an egress proxy beside it, in a folder of its own.
A machine that cannot have them fails the test, loudly.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from antechamber.adapters.egress.configuration import EgressConfiguration
from antechamber.adapters.egress.log import FolderEgressLog
from antechamber.adapters.sandboxes.configuration import Answer, Ready, SupervisorConfiguration
from antechamber.adapters.sandboxes.oci.cgroups import Cgroups, prefix_of
from antechamber.adapters.sandboxes.remote import RemoteSandboxes
from antechamber.adapters.sandboxes.remote.frames import connect

USER = "ante-rootless"
ROOT = Path(__file__).resolve().parents[1]
KINDS = ("oci-root", "oci-rootless")
_READY_SECONDS = 60
_END_SECONDS = 60
_PAUSE_SECONDS = 0.02
LAUNCHER = Path(__file__).with_name("unprivileged.py")


class Station:
    """A supervisor and its egress proxy; `sandboxes` talks to it, over stops and starts."""

    def __init__(
        self, *, user: str | None = None, egress: Mapping[str, Any] | None = None, **parts: str | None
    ) -> None:
        """`user` runs both, root if unset; `egress` and `parts` are more fields of their configurations."""
        self.user = user
        # short, for sockets; and where another user may pass
        self.folder = Path(tempfile.mkdtemp(prefix="ante-sandboxes-"))
        self.folder.chmod(0o755)
        data = self.data = self.folder / "sandboxes"
        for each in (data, data / "run", data / "egress", self.folder / "blobs", self.folder / "cache"):
            each.mkdir()
        self.socket = data / "run" / "sandboxd.sock"
        self.sandboxes = RemoteSandboxes(partial(connect, self.socket))
        self.egress_log = FolderEgressLog(data / "egress")
        self.ready: Ready | None = None
        self._egress_line = msgspec.json.encode(
            EgressConfiguration(str(data / "run" / "egress.sock"), str(data / "egress"), **(egress or {}))
        )
        told = {
            "folder": str(data),
            "socket": str(self.socket),
            "blobs": str(self.folder / "blobs"),
            "cache": str(self.folder / "cache"),
            "egress": str(data / "run" / "egress.sock"),
            **parts,
        }
        self.line = msgspec.json.encode(msgspec.convert(told, SupervisorConfiguration))
        self._egress: subprocess.Popen[bytes] | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None
        if user is not None:
            for place, folders, files in os.walk(self.folder):
                for name in (".", *folders, *files):
                    shutil.chown(f"{place}/{name}", user)

    def start(self) -> "Station":
        """Start both, or what of them has ended, and wait until calls are taken."""
        if self._egress is None or self._egress.poll() is not None:
            self.start_egress()
        self.launch()
        self.await_ready()
        return self

    def launch(self) -> None:
        """Start the supervisor. In the main thread: the process is told to end when the thread that made it does."""
        self._supervisor = self._launch("antechamber.adapters.sandboxes", self.line)

    def await_ready(self) -> None:
        """Wait until it takes calls."""
        assert self._supervisor is not None
        assert self._supervisor.stdout is not None
        line = self._supervisor.stdout.readline()
        answer = msgspec.json.decode(line, type=Answer) if line else None
        assert isinstance(answer, Ready), f"no supervisor: {answer}\n{self.log()}"
        self.ready = answer

    def start_egress(self) -> None:
        """Start the egress proxy, and wait until it listens."""
        self._egress = self._launch("antechamber.adapters.egress", self._egress_line)
        self._await_egress(self._egress)

    def stop(self) -> int:
        """End both as the server does, by the end of their input, and return the supervisor's exit code."""
        code = end(self._supervisor)
        end(self._egress)
        return code

    def kill(self) -> None:
        """End the supervisor's inner process as a power cut does."""
        assert self.ready is not None
        assert self._supervisor is not None
        os.kill(self.ready.pid, signal.SIGKILL)
        end(self._supervisor)

    def kill_outer(self) -> None:
        """The same of the process that waits for it."""
        assert self._supervisor is not None
        self._supervisor.kill()
        end(self._supervisor)

    def kill_egress(self) -> None:
        """The same of the proxy."""
        assert self._egress is not None
        self._egress.kill()
        end(self._egress)

    def remove(self) -> None:
        """Stop, and leave nothing; groups of a killed supervisor would wait for the next one of the folder."""
        self.stop()
        Cgroups(prefix_of(self.data)).drop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def control_groups(self) -> list[Path]:
        """Return the control groups that its sandboxes have, in every hierarchy."""
        told = self.data.stat()
        return list(Path("/sys/fs/cgroup").glob(f"**/antechamber-{told.st_dev:x}-{told.st_ino:x}"))

    def log(self) -> str:
        """Return what both wrote to their logs."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace")[-4000:] if path.exists() else ""

    def _launch(self, module: str, line: bytes) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", module]
        if self.user is not None:
            command = [sys.executable, str(LAUNCHER), self.user, ":".join(needed()), *command]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={"PATH": os.environ["PATH"], **_coverage()},
                start_new_session=True,
            )
        assert process.stdin is not None
        process.stdin.write(line + b"\n")
        process.stdin.flush()
        return process

    def _await_egress(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.data / "run" / "egress.sock"))
                return
            assert process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(_PAUSE_SECONDS)


@contextlib.contextmanager
def station(
    kind: str, *, user: str | None = None, egress: Mapping[str, Any] | None = None, **parts: str | None
) -> Iterator[Station]:
    """Start a station of this kind, one of KINDS, and leave nothing of it; the rest as Station takes it."""
    assert os.geteuid() == 0, "tests of sandboxes start supervisors as root and as another user: run them as root"
    if kind == "oci-rootless" and user is None:
        user = make_user().pw_name
    made = Station(user=user, egress=egress, **parts)
    try:
        yield made.start()
    finally:
        made.remove()


def make_user() -> pwd.struct_passwd:
    """Return the user of rootless tests, made at first use with a range of subordinate ids."""
    with Path(tempfile.gettempdir(), "ante-rootless.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the suite runs in several processes
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(USER)
        line = ["useradd", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", USER]
        subprocess.run(line, check=True, capture_output=True)
        # useradd has given a range already where it is set up to
        if f"{USER}:" not in Path("/etc/subuid").read_text(encoding="utf-8"):
            ranges = ["--add-subuids", "1879048192-1879113727", "--add-subgids", "1879048192-1879113727"]
            subprocess.run(["usermod", *ranges, USER], check=True, capture_output=True)
    return pwd.getpwnam(USER)


def needed() -> list[str]:
    """Return the folders that this project's programs are read from."""
    folders = {str(ROOT), sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent)}
    return sorted(folders)


def started_at(pid: int) -> str | None:
    """Return when a process began, as the kernel counts; with its number this is nobody else's."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return None


def family(pid: int) -> dict[int, str]:
    """Return a process and all below it, with when each began."""
    found, waiting = {}, [pid]
    while waiting:
        each = waiting.pop()
        began = started_at(each)
        if began is None:
            continue
        found[each] = began
        # it may end while it is looked at: a supervisor makes things ahead, by programs of a moment
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for task in Path(f"/proc/{each}/task").glob("*/children"):
                waiting += map(int, task.read_text().split())
    return found


def alive(processes: Mapping[int, str]) -> list[int]:
    """Return those of a family that still run."""
    return [pid for pid, began in processes.items() if started_at(pid) == began and not is_zombie(pid)]


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _coverage() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}


def end(process: subprocess.Popen[bytes] | None) -> int:
    """End a process by the end of its input and return its exit code."""
    if process is None:
        return 0
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    try:
        return process.wait(_END_SECONDS)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
