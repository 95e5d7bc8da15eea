"""A shell in a fresh container of an environment: made for it, and gone with it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, RateLimited, Unavailable
from antechamber.base.ids import EnvironmentId, Kind, OrganizationId, WorkspaceId, mint
from antechamber.base.unit import Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.environments.model.configs import CloudConfig
from antechamber.features.environments.model.environments import Environment
from antechamber.features.environments.model.networking import network_policy
from antechamber.features.environments.model.sandbox import (
    Command,
    ExitStatus,
    HostRule,
    Limits,
    SandboxError,
    SandboxGone,
    SandboxSpec,
)
from antechamber.features.environments.model.shells import (
    LABEL,
    LOGIN_SHELL,
    InputEnded,
    Output,
    Resized,
    Signalled,
    Start,
    Typed,
)
from antechamber.features.environments.ports.sandboxes import EgressLog, Process, Sandbox, Sandboxes
from antechamber.features.environments.ports.shells import Channel, Furnishing
from antechamber.features.environments.service.builds import BuildFailed
from antechamber.features.environments.service.environments import Environments

BUILD_FAILED: Final = "environment_build_failed"
# of one organisation at a time
MOST_SHELLS: Final = 20
_KILL: Final = 9
# a program that is gone may have left others that hold its output open
_LAST_OUTPUT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every container of this server is given: limits, the operator's registries and block-list, and more."""

    limits: Limits = field(default_factory=Limits)
    registries: tuple[HostRule, ...] = ()
    blocked: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rooms:
    """Where containers come from."""

    sandboxes: Sandboxes
    furnishing: Furnishing
    surroundings: Callable[[], Surroundings]


class Shells:
    """Opens shells, and removes their containers."""

    def __init__(
        self,
        environments: Environments,
        rooms: Rooms,
        logs: EgressLog,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
    ) -> None:
        self._environments = environments
        self._rooms = rooms
        self._logs = logs
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit
        self._open: dict[OrganizationId, int] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._removals: set[asyncio.Task[None]] = set()

    async def find(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, environment_id: EnvironmentId
    ) -> Environment:
        """Return an environment in which a shell can be opened.

        NotFound; InvalidRequest for an archived one and for one whose containers are not ours; RateLimited when the
        organisation has as many shells open as it may.
        """
        environment = await self._environments.resolve(organization_id, workspace_id, environment_id)
        if not isinstance(environment.config, CloudConfig):
            message = f"{environment_id} is self_hosted: its containers are its workers', not this server's."
            raise InvalidRequest(message)
        if self._open.get(organization_id, 0) >= MOST_SHELLS:
            message = f"This organization has {MOST_SHELLS} shells open, and no more may be at a time."
            raise RateLimited(message)
        return environment

    async def run(self, environment: Environment, start: Start, channel: Channel, by: Actor) -> None:
        """Run a program in a fresh container until it ends or the caller leaves (CallerGone).

        Unavailable says why there is no container. Whatever happens, none is left.
        """
        running = asyncio.create_task(self._run(environment, start, channel, by))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        # a caller who is cancelled cancels it
        await running

    async def _run(self, environment: Environment, start: Start, channel: Channel, by: Actor) -> None:
        with self._counted(environment.organization_id):
            with _explained():
                spec = await self._specify(environment)
            await self._record(environment, spec.id, by)
            async with self._sandbox(spec) as sandbox:
                await channel.prepared(spec.id)
                with _explained():
                    process = await sandbox.execute(_command(start))
                    status = await _converse(process, channel)
                await channel.ended(status)

    async def sweep(self) -> int:
        """Remove the containers of shells that a server before this one left behind; returns how many there were."""
        left = await self._rooms.sandboxes.listing({"kind": LABEL})
        for info in left:
            await self._rooms.sandboxes.remove(info.id)
            await self._logs.remove(info.id)
        return len(left)

    async def stop(self) -> None:
        """End every shell, and wait until its container is gone: the runtime ends next."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.gather(*self._removals, return_exceptions=True)

    async def _specify(self, environment: Environment) -> SandboxSpec:
        prepared = await self._rooms.furnishing.prepare(environment)
        around = self._rooms.surroundings()
        config = environment.config
        networking = config.networking if isinstance(config, CloudConfig) else CloudConfig().networking
        return SandboxSpec(
            id=mint(Kind.SHELL, self._clock, self._chance),
            organization_id=environment.organization_id,
            base=prepared.base,
            layers=prepared.layers,
            limits=around.limits,
            network=network_policy(networking, (), around.registries, around.blocked),
            environment=around.environment,
            files=around.files,
            labels={"kind": LABEL, "environment_id": environment.id, "workspace_id": environment.workspace_id},
        )

    async def _record(self, environment: Environment, sandbox_id: str, by: Actor) -> None:
        async with self._units.begin() as unit:
            await self._audit.record(
                unit,
                environment.organization_id,
                by,
                ActivityType.ENVIRONMENT_SHELL_OPENED,
                environment_id=environment.id,
                workspace_id=environment.workspace_id,
                sandbox_id=sandbox_id,
            )

    @contextlib.contextmanager
    def _counted(self, organization_id: OrganizationId) -> Iterator[None]:
        self._open[organization_id] = self._open.get(organization_id, 0) + 1
        try:
            yield
        finally:
            self._open[organization_id] -= 1

    @contextlib.asynccontextmanager
    async def _sandbox(self, spec: SandboxSpec) -> AsyncIterator[Sandbox]:
        try:
            with _explained():
                sandbox = await self._rooms.sandboxes.create(spec)
            yield sandbox
        finally:
            removal = asyncio.create_task(self._remove(spec.id))
            self._removals.add(removal)
            removal.add_done_callback(self._removals.discard)
            # who leaves, or a server that stops, cancels this; the container goes all the same
            await asyncio.shield(removal)

    async def _remove(self, sandbox_id: str) -> None:
        with contextlib.suppress(SandboxError):
            await self._rooms.sandboxes.remove(sandbox_id)
        await self._logs.remove(sandbox_id)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except BuildFailed as error:
        raise InvalidRequest(str(error), error_code=BUILD_FAILED) from error
    except SandboxGone as error:
        message = "The container has ended."
        raise Unavailable(message, note=str(error)) from error
    except SandboxError as error:
        raise Unavailable(str(error)) from error


def _command(start: Start) -> Command:
    return Command(
        start.command or LOGIN_SHELL,
        environment=start.environment,
        tty=start.tty,
        rows=start.rows,
        columns=start.columns,
    )


async def _converse(process: Process, channel: Channel) -> ExitStatus:
    """Carry input and output until the program ends; it dies if the caller leaves."""
    outputs = {
        asyncio.ensure_future(_pump(process.stdout, Output.STDOUT, channel)),
        asyncio.ensure_future(_pump(process.stderr, Output.STDERR, channel)),
    }
    typing = asyncio.ensure_future(_type(process, channel))
    waiting = asyncio.ensure_future(process.wait())
    tasks = {typing, waiting, *outputs}
    try:
        while not waiting.done():
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            tasks -= done
        await asyncio.wait(outputs, timeout=_LAST_OUTPUT_SECONDS)
        return waiting.result()
    finally:
        for task in (typing, waiting, *outputs):
            task.cancel()
        await asyncio.gather(typing, waiting, *outputs, return_exceptions=True)
        with contextlib.suppress(SandboxError, ProcessLookupError):
            await process.signal(_KILL)


async def _pump(pieces: AsyncIterator[bytes], output: Output, channel: Channel) -> None:
    async for piece in pieces:
        await channel.show(output, piece)


async def _type(process: Process, channel: Channel) -> None:
    while True:
        given = await channel.take()
        match given:
            case Typed(data):
                # who reads no more is not disturbed
                with contextlib.suppress(BrokenPipeError):
                    await process.write(data)
            case InputEnded():
                await process.close_input()
            case Resized(rows, columns):
                await process.resize(rows, columns)
            case Signalled(number):
                await process.signal(number)
