"""A PostgreSQL that can be stopped, frozen and started again."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import asyncpg

from tests.live import free_port
from tests.postgres import _as_user, _programs, _run, _wait, make_folder

_OWNER = "ante"


class StoppablePostgres:
    """A private server with one empty database; it forgets nothing that it has confirmed."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._folder = make_folder()
        self._user = _as_user(self._folder)
        self._data = self._folder / "data"
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        initialise = ["-D", str(self._data), "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        _run([*self._user, str(self._programs / "initdb"), *initialise])
        self.start()
        arguments = ["-h", "127.0.0.1", "-p", str(self._port), "-U", _OWNER, "-T", "template0", "faults"]
        subprocess.run([self._programs / "createdb", *arguments], check=True)
        self.url = f"postgresql://{_OWNER}@127.0.0.1:{self._port}/faults"

    def start(self) -> None:
        """Start it, and return when it answers."""
        settings = {"listen_addresses": "127.0.0.1", "shared_buffers": "32MB", "fsync": "off", "autovacuum": "off"}
        options = [f"-c{name}={value}" for name, value in settings.items()]
        program = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self._port)]
        with (self._folder / "log").open("ab") as log:
            command = [*self._user, *program, "-k", str(self._folder), *options]
            self._server = subprocess.Popen(command, stdout=log, stderr=log)
        _wait(self._programs, self._port, self._server, self._folder / "log")

    def stop(self) -> None:
        """Cut it off, as a crash would."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()
            self._server = None

    def freeze(self) -> None:
        """Let it accept connections and never answer."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._server is not None
        for pid in [self._server.pid, *_children(self._server.pid)]:
            os.kill(pid, number)

    def remove(self) -> None:
        """Stop it and delete what it wrote."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def query(self, statement: str) -> list[dict[str, Any]]:
        """Return what it answers."""
        link = await asyncpg.connect(self.url, timeout=10)
        try:
            return [dict(row) for row in await link.fetch(statement)]
        finally:
            await link.close()


def _children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in text.split()]
