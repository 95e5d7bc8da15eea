"""A private PostgreSQL from Debian's packages: its own port and folder, fast and forgetful, gone after the tests."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.live import free_port

_START_SECONDS = 30
# in memory, where files come and go at a tenth of what they cost a disk
_SHELVES = (Path("/dev/shm"), Path("/tmp"))
_PREFIX = "ante-postgres-"
_ROOM_BYTES = 2 << 30
_OWNER = "ante"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "128MB",
}


class PrivatePostgres:
    """A running server; `create` makes a database, empty or as another one is, and returns its address.

    Hundreds of them that nobody drops are gigabytes, and a minute to remove in the end.
    """

    def __init__(self, programs: Path, port: int) -> None:
        self._programs = programs
        self._port = port
        self._numbers = count(1)

    def create(self, like: str = "template0") -> str:
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        arguments = ["-h", "127.0.0.1", "-p", str(self._port), "-U", _OWNER, "-T", like.rpartition("/")[2]]
        arguments += ["--strategy=file_copy", name]
        subprocess.run([self._programs / "createdb", *arguments], check=True)
        return f"postgresql://{_OWNER}@127.0.0.1:{self._port}/{name}"

    def drop(self, address: str) -> None:
        """Remove a database, whoever is still connected to it."""
        arguments = ["-h", "127.0.0.1", "-p", str(self._port), "-U", _OWNER, "--force", address.rpartition("/")[2]]
        subprocess.run([self._programs / "dropdb", *arguments], check=True)


@contextmanager
def private_postgres() -> Iterator[PrivatePostgres]:
    """Start a server, and stop it; RuntimeError when PostgreSQL is not installed."""
    programs = _programs()
    folder = make_folder()
    try:
        user = _as_user(folder)
        data = folder / "data"
        initialise = ["-D", str(data), "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        _run([*user, str(programs / "initdb"), *initialise])
        port = free_port()
        options = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with (folder / "log").open("wb") as log:
            command = [*user, str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder), *options]
            server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(programs, port, server, folder / "log")
            yield PrivatePostgres(programs, port)
        finally:
            # immediate: nothing here is worth a checkpoint
            server.send_signal(signal.SIGQUIT)
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_folder() -> Path:
    """Make a folder for a server's files; those of test runs that were killed are removed with what runs in them."""
    for left in (each for shelf in _SHELVES for each in shelf.glob(f"{_PREFIX}*-*")):
        if not Path("/proc", left.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            _end(left)
            shutil.rmtree(left, ignore_errors=True)
    shelf = next(each for each in _SHELVES if each == _SHELVES[-1] or _has_room(each))
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=shelf))


def _end(folder: Path) -> None:
    """End the server that still runs in a folder, if one does."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / "data" / "postmaster.pid").read_text().partition("\n")[0])
        if str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGQUIT)


def _has_room(shelf: Path) -> bool:
    return shelf.is_dir() and os.access(shelf, os.W_OK) and shutil.disk_usage(shelf).free > _ROOM_BYTES


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        message = "PostgreSQL is not installed: apt-get install postgresql"
        raise RuntimeError(message)
    return found[-1].parent


def _as_user(folder: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    # PostgreSQL refuses to run as root
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        message = f"{' '.join(command)}: {done.stderr}"
        raise RuntimeError(message)


def _wait(programs: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + _START_SECONDS
    while subprocess.run(ready, check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            message = f"PostgreSQL did not start:\n{log.read_text(errors='replace')}"
            raise RuntimeError(message)
        time.sleep(0.05)
