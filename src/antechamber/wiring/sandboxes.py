"""Sandboxes joined: their supervisor and the egress proxy as children, the way to them, what they say of themselves."""

import asyncio
import contextlib
import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from antechamber.adapters.egress.configuration import Taken
from antechamber.adapters.egress.log import FolderEgressLog
from antechamber.adapters.sandboxes.configuration import Answer, Refused, SupervisorConfiguration
from antechamber.adapters.sandboxes.memory import MemorySandboxes
from antechamber.adapters.sandboxes.remote import RemoteSandboxes
from antechamber.adapters.sandboxes.remote.frames import Connection, connect
from antechamber.base.clock import Clock, SystemClock, to_rfc3339
from antechamber.features.environments.model.sandbox import MEBIBYTE, Limits, ReplacedBase, SandboxError
from antechamber.features.environments.ports.sandboxes import EgressLog, Sandboxes
from antechamber.settings import Loaded, Settings, SettingsError
from antechamber.wiring.children import Child, ChildError, Process
from antechamber.wiring.egress import egress_configuration

_POLL_SECONDS: Final = 0.01
_WARM_SECONDS: Final = 1.0
_PRIVATE: Final = 0o700
_PASSABLE: Final = 0o711
_CACHE: Final = "ANTE_CACHE"
_log = structlog.get_logger("server")


class Sandboxing:
    """The sandboxes of a server. Nothing runs before the first call, unless sandboxes were used here before."""

    def __init__(self, loaded: Loaded, clock: Clock) -> None:
        settings = loaded.settings
        self.folder = settings.data / "sandboxes"
        self._run = self.folder / "run"
        self._loaded = loaded
        environment = loaded.environment
        self._egress = Child("egress", "antechamber.adapters.egress", self._egress_line, environment, clock)
        self._supervisor = Child("sandboxes", "antechamber.adapters.sandboxes", self._line, environment, clock)
        self._warming: asyncio.Task[None] | None = None
        # which run nothing, and so need nobody between
        in_memory = settings.sandbox_runtime == "memory"
        self._sandboxes: Sandboxes = MemorySandboxes(clock) if in_memory else RemoteSandboxes(self._connect)
        self._egress_log = FolderEgressLog(self.folder / "egress")

    @property
    def sandboxes(self) -> Sandboxes:
        """The sandboxes; a call fails with SandboxError where there can be none, and says why."""
        return self._sandboxes

    @property
    def egress_log(self) -> EgressLog:
        """What the proxy decided."""
        return self._egress_log

    def start(self) -> None:
        """Begin in a while, beside everything else, where there have been sandboxes before."""
        if self.folder.is_dir() and isinstance(self._sandboxes, RemoteSandboxes):
            self._warming = asyncio.ensure_future(self._warm())

    async def adopt(self, loaded: Loaded) -> None:
        """Give new sandboxes the egress that the file says now; SettingsError, and the one before stays."""
        before, self._loaded = self._loaded, loaded
        answer = await self._egress.tell(self._egress_line())
        taken = msgspec.json.decode(answer, type=Taken) if answer else Taken()
        if taken.error is not None:
            self._loaded = before
            message = f"[egress]: {taken.error}"
            raise SettingsError(message)

    async def stop(self) -> None:
        """End every sandbox, the supervisor and the proxy; what sandboxes wrote stays."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._supervisor.stop()
        await self._egress.stop()

    def state(self) -> str:
        """Say in a word how it stands: idle, ready, or unavailable with the reason."""
        for child in (self._supervisor, self._egress):
            if child.problem is not None:
                return f"unavailable: {child.problem}"
        return "ready" if self._supervisor.is_running() else "idle"

    async def describe(self) -> Mapping[str, Any]:
        """Return what the runtime can enforce and which bases there are, for the operator."""
        try:
            capabilities, bases = await self.sandboxes.capabilities(), await self.sandboxes.bases()
        except SandboxError as error:
            return {"state": self.state(), "problem": str(error)}
        told: Mapping[str, Any] = msgspec.to_builtins({"capabilities": capabilities, "bases": bases})
        return {"state": self.state(), **told}

    async def _warm(self) -> None:
        await asyncio.sleep(_WARM_SECONDS)
        with contextlib.suppress(SandboxError):
            (await self._connect()).close()

    async def _connect(self) -> Connection:
        try:
            self._make_folders()
            if not (self._egress.is_running() and self._supervisor.is_running()):
                await self._begin()
            return await connect(self._run / "sandboxd.sock")
        except (ChildError, OSError) as error:
            message = f"sandboxes are unavailable here: {error}"
            raise SandboxError(message) from error

    async def _begin(self) -> None:
        """Start what does not run, both at once; ChildError."""
        starts = (self._egress.need(self._egress_is_ready), self._supervisor.need(supervisor_is_ready))
        for failure in await asyncio.gather(*starts, return_exceptions=True):
            if failure is not None:
                raise failure

    def _make_folders(self) -> None:
        if self._run.is_dir():
            return
        self.folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        # Sandboxes go through it, by another way than the data folder, which is closed (bootstrap.show).
        self.folder.chmod(_PASSABLE)
        for folder in (self._run, self.folder / "egress", self._loaded.settings.data / "blobs"):
            folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)

    def _line(self) -> bytes:
        return msgspec.json.encode(supervisor_configuration(self._loaded))

    def _egress_line(self) -> bytes:
        return msgspec.json.encode(egress_configuration(self._loaded))

    async def _egress_is_ready(self, process: Process) -> None:
        path = self._run / "egress.sock"
        while process.returncode is None:
            with contextlib.suppress(OSError):
                (await connect(path)).close()
                return
            await asyncio.sleep(_POLL_SECONDS)
        message = "the egress proxy did not begin; its reason is in the log"
        raise ChildError(message)


async def describe_apart(loaded: Loaded) -> Mapping[str, Any]:
    """Return what `describe` would, without a server and leaving nothing in the data folder."""
    with tempfile.TemporaryDirectory(prefix="ante-") as folder:
        settings = dataclasses.replace(loaded.settings, data=Path(folder))
        sandboxing = Sandboxing(dataclasses.replace(loaded, settings=settings), SystemClock())
        try:
            return await sandboxing.describe()
        finally:
            await sandboxing.stop()


async def drop_bases_apart(loaded: Loaded, before: int, *, is_trial: bool) -> Mapping[str, Any]:
    """Remove bases that were replaced before `before` (µs), while no server runs; SandboxError."""
    sandboxing = Sandboxing(loaded, SystemClock())
    if not sandboxing.folder.is_dir():
        return shown_replaced([])
    try:
        return shown_replaced(await sandboxing.sandboxes.drop_bases(before, is_trial=is_trial))
    finally:
        await sandboxing.stop()


def shown_replaced(bases: Sequence[ReplacedBase]) -> Mapping[str, Any]:
    """Return what the operator is told of bases that were removed."""
    removed = [
        {"name": each.name, "size_bytes": each.size_bytes, "replaced_at": to_rfc3339(each.replaced_at)}
        for each in bases
    ]
    return {"removed": removed, "freed_bytes": sum(each.size_bytes for each in bases)}


def supervisor_configuration(loaded: Loaded) -> SupervisorConfiguration:
    """Return what the supervisor is told."""
    settings = loaded.settings
    folder = settings.data / "sandboxes"
    cache = loaded.environment.get(_CACHE) or Path("~/.cache/antechamber").expanduser()
    return SupervisorConfiguration(
        folder=str(folder),
        socket=str(folder / "run" / "sandboxd.sock"),
        blobs=str(settings.data / "blobs"),
        cache=str(cache),
        egress=str(folder / "run" / "egress.sock"),
        runtime=settings.sandbox_runtime,
        docker_url=settings.sandbox_docker_url,
        docker_tls=str(settings.sandbox_docker_tls or ""),
        docker_runtime=settings.sandbox_docker_runtime,
        log_level=settings.log_level,
    )


def limits_of(settings: Settings) -> Limits:
    """Return what each sandbox may take."""
    return Limits(
        memory_bytes=settings.sandbox_memory_mib * MEBIBYTE,
        cpus=settings.sandbox_cpus,
        pids=settings.sandbox_pids,
        disk_bytes=settings.sandbox_disk_mib * MEBIBYTE,
        open_files=settings.sandbox_open_files,
        wall_seconds=settings.sandbox_seconds,
    )


async def supervisor_is_ready(process: Process) -> None:
    """Return when the supervisor takes calls; ChildError with its reason when it cannot."""
    line = await process.stdout.readline() if process.stdout else b""
    if not line:
        message = "the supervisor ended before it began; its reason is in the log"
        raise ChildError(message)
    answer = msgspec.json.decode(line, type=Answer)
    if isinstance(answer, Refused):
        raise ChildError(answer.reason)
