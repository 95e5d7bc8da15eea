"""The supervisor's life: a runtime, a socket on which it is served, and an end that leaves nothing running."""

import asyncio
import contextlib
import fcntl
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import structlog

from antechamber.adapters.sandboxes.bootstrap import is_rootless
from antechamber.adapters.sandboxes.configuration import Answer, Ready, Refused, SupervisorConfiguration
from antechamber.adapters.sandboxes.remote import SandboxServer
from antechamber.base.clock import SystemClock
from antechamber.features.environments.model.sandbox import SandboxError
from antechamber.features.environments.ports.sandboxes import Sandboxes
from antechamber.http.log import configure_logs

_END_SECONDS: Final = 15
_LOCK_SECONDS: Final = 30
_PAUSE_SECONDS: Final = 0.05
_log = structlog.get_logger("sandboxes")


class Runtime(Sandboxes, Protocol):
    """Sandboxes with a beginning and an end."""

    async def start(self) -> None:
        """Clear away what an earlier process has left, and begin; SandboxError says what this machine lacks."""

    async def close(self) -> None:
        """End every sandbox; what they wrote stays."""


def run(configuration: SupervisorConfiguration, pid: int, say: Callable[[Answer], None]) -> int:
    """Serve until the input ends or SIGTERM comes; returns the exit code."""
    configure_logs(configuration.log_level)
    os.umask(0o022)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        asyncio.run(_run(configuration, pid, say))
    except (SandboxError, OSError) as error:
        say(Refused(str(error)))
        return 1
    return 0


async def _run(configuration: SupervisorConfiguration, pid: int, say: Callable[[Answer], None]) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ending.set)
    loop.add_reader(sys.stdin.fileno(), ending.set)  # nothing more is ever written: it is the end
    run = Path(configuration.folder) / "run"
    held = await _lock(run / "lock", ending)
    if held is None:
        return
    _note(run / "pid", pid)
    async with contextlib.AsyncExitStack() as ends:
        ends.callback(os.close, held)
        ends.callback(loop.remove_reader, sys.stdin.fileno())
        runtime = _open(configuration)
        server = SandboxServer(runtime)
        ends.push_async_callback(_end, server, runtime)
        await runtime.start()
        await server.start(Path(configuration.socket))
        say(Ready(pid, is_rootless()))
        await ending.wait()


async def _end(server: SandboxServer, runtime: Runtime) -> None:
    await server.close()
    try:
        async with asyncio.timeout(_END_SECONDS):
            await runtime.close()
    except TimeoutError:
        _log.error("sandboxes did not end in time, and are killed")


def _open(configuration: SupervisorConfiguration) -> Runtime:
    # What is not used is not imported.
    if configuration.runtime == "docker":
        from antechamber.adapters.sandboxes.docker import DockerSandboxes  # noqa: PLC0415 - see above

        return DockerSandboxes(configuration)
    if configuration.runtime == "memory":
        from antechamber.adapters.sandboxes.memory import MemorySandboxes  # noqa: PLC0415 - see above

        return MemorySandboxes(SystemClock())
    from antechamber.adapters.sandboxes.oci.opening import open_oci  # noqa: PLC0415 - see above

    return open_oci(configuration, rootless=is_rootless())


def _note(path: Path, pid: int) -> None:
    path.write_text(f"{pid}\n", encoding="ascii")


async def _lock(path: Path, ending: asyncio.Event) -> int | None:
    """Take the folder, waiting for the one that still ends there; None if this one is to end before."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(int(_LOCK_SECONDS / _PAUSE_SECONDS)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return descriptor
        if ending.is_set():
            os.close(descriptor)
            return None
    os.close(descriptor)
    message = f"{path}: another supervisor still has the sandboxes of this data folder"
    raise SandboxError(message)
