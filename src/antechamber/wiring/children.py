"""Processes that run beside the server: started at first need, again when they end, and ended with it."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from antechamber.base.clock import Clock

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 25
_KILL_SECONDS: Final = 5
_RETRY_SECONDS: Final = 5.0
_SHORTEST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 30.0
_STEADY_SECONDS: Final = 30.0
_KEPT: Final = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR", "PYTHONPATH", "PYTHONHASHSEED", "SSL_CERT_FILE"})
_KEPT_BEGINNINGS: Final = ("LC_", "COVERAGE_")
_log = structlog.get_logger("server")

Process = asyncio.subprocess.Process
Readiness = Callable[[Process], Awaitable[None]]


class ChildError(Exception):
    """The process cannot run; the message says why, and what helps."""


class Child:
    """A module of ours run as a program: one line on its standard input tells it all, and that input's end ends it.

    Its environment is a clean one: no variable of the server's that could hold a secret.
    """

    def __init__(
        self, name: str, module: str, line: Callable[[], bytes], environment: Mapping[str, str], clock: Clock
    ) -> None:
        """`line` is asked at each start; nothing runs yet."""
        self.name = name
        self.problem: str | None = None
        self._command = (sys.executable, "-P", "-m", module)
        self._line = line
        self._environment = clean(environment)
        self._clock = clock
        self._process: Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._is_stopped = False
        self._retry_at = 0.0
        self._pause = _SHORTEST_PAUSE

    def is_running(self) -> bool:
        """Say whether it is there and has said that it is ready."""
        return self._process is not None and self._process.returncode is None

    async def need(self, is_ready: Readiness) -> None:
        """Return when it runs, starting it if need be; `is_ready` returns when it is, or raises. ChildError."""
        if self.is_running():
            return
        async with self._starting:
            if self.is_running():
                return
            if self._is_stopped:
                message = "the server is stopping"
                raise ChildError(message)
            if self.problem is not None and self._clock.monotonic() < self._retry_at:
                raise ChildError(self.problem)
            await self._start(is_ready)

    async def tell(self, line: bytes) -> bytes | None:
        """Say one more line to it and return the line that it answers; None where it does not run.

        One that does not answer is ended, and started anew with what it is told then.
        """
        async with self._starting:
            process = self._process
            if process is None or process.returncode is not None or process.stdout is None:
                return None
            try:
                async with asyncio.timeout(_START_SECONDS):
                    await _tell(process, line)
                    return await process.stdout.readline() or None
            except (TimeoutError, OSError):
                await _kill(process)
                return None

    async def stop(self) -> None:
        """End it, giving it time to clear up."""
        self._is_stopped = True
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        async with self._starting:
            if self._process is not None:
                await _end(self._process)
                self._process = None

    async def _start(self, is_ready: Readiness) -> None:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
            cwd="/",
            start_new_session=True,  # an interrupt at the terminal is for the server alone
        )
        try:
            await _tell(process, self._line())
            async with asyncio.timeout(_START_SECONDS):
                await is_ready(process)
        except BaseException as error:
            await _kill(process)
            if not isinstance(error, (ChildError, TimeoutError, OSError)):
                raise
            self.problem = str(error) or f"did not begin within {_START_SECONDS} s"
            self._retry_at = self._clock.monotonic() + _RETRY_SECONDS
            _log.warning("a child process cannot run", child=self.name, note=self.problem)
            raise ChildError(self.problem) from error
        self.problem = None
        self._process = process
        self._watching = asyncio.ensure_future(self._watch(process, is_ready))

    async def _watch(self, process: Process, is_ready: Readiness) -> None:
        """Start it again when it ends by itself, later each time that it does so soon."""
        began = self._clock.monotonic()
        code = await process.wait()
        steady = self._clock.monotonic() - began > _STEADY_SECONDS
        self._pause = _SHORTEST_PAUSE if steady else min(2 * self._pause, _LONGEST_PAUSE)
        _log.error("a child process ended, and is started again", child=self.name, code=code, pause=self._pause)
        await asyncio.sleep(self._pause)
        with contextlib.suppress(ChildError):
            await self.need(is_ready)


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment a child gets."""
    return {name: value for name, value in environment.items() if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)}


async def _tell(process: Process, line: bytes) -> None:
    if process.stdin is not None:
        process.stdin.write(line + b"\n")
        await process.stdin.drain()


async def _end(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        await _kill(process)


async def _kill(process: Process) -> None:
    """End what does not begin or end: first by asking, since a supervisor has processes of its own to end."""
    for end in (process.terminate, process.kill):
        with contextlib.suppress(ProcessLookupError):
            end()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KILL_SECONDS):
                await process.wait()
                return
