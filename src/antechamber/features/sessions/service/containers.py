"""Makes containers what they should be, beside the requests that say so (architecture.md: the life of a session).

`session_containers` says what there should be, and is written in the transaction of the session's change; this brings
the runtime there, however often either of the two is killed. One look after the other goes over what is due; a session
is in one hand at a time.
"""

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from antechamber.base.clock import Clock
from antechamber.base.errors import Overloaded, TimedOut, Unavailable, WireError
from antechamber.base.unit import Unit, Units
from antechamber.features.environments.model.builds import Prepared
from antechamber.features.environments.model.configs import CloudConfig
from antechamber.features.environments.model.networking import mcp_hosts, network_policy
from antechamber.features.environments.model.sandbox import SandboxError, SandboxGone, SandboxSpec
from antechamber.features.environments.ports.sandboxes import EgressLog
from antechamber.features.environments.service import Environments
from antechamber.features.environments.service.builds import BuildFailed
from antechamber.features.environments.service.shells import Rooms
from antechamber.features.sessions.model.containers import LABEL, MOST_ATTEMPTS, Container, ContainerState
from antechamber.features.sessions.model.events import SESSION_ERROR
from antechamber.features.sessions.model.sessions import Reach, Session
from antechamber.features.sessions.ports.stores import ContainerStore, SessionStore
from antechamber.features.sessions.service.events import SessionEvents

if TYPE_CHECKING:
    from antechamber.base.ids import SessionId

_AT_ONCE: Final = 8
_LOOK_SECONDS: Final = 2.0
_PASSING: Final = (Unavailable, Overloaded, TimedOut)
_log = structlog.get_logger("sessions")


@dataclass(frozen=True, slots=True)
class Stores:
    """Where sessions and what should become of their containers are kept."""

    sessions: SessionStore
    containers: ContainerStore


class Containers:
    """Starts and removes the containers of this node's sessions."""

    def __init__(
        self,
        stores: Stores,
        environments: Environments,
        events: SessionEvents,
        rooms: Rooms,
        logs: EgressLog,
        units: Units,
        clock: Clock,
        node: str,
    ) -> None:
        self._store = stores.containers
        self._sessions = stores.sessions
        self._environments = environments
        self._events = events
        self._rooms = rooms
        self._logs = logs
        self._units = units
        self._clock = clock
        self.node = node
        self._bell = asyncio.Event()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._hands: dict[SessionId, asyncio.Task[None]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after the containers."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is half done is taken up by the next start."""
        tasks = [task for task in (self._task, *self._hands.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Look now at what should be."""
        self._bell.set()

    async def _run(self) -> None:
        await self._guarded(self._retry_failed())
        looked = 0.0
        while True:
            self._bell.clear()
            if (now := self._clock.monotonic()) - looked >= _LOOK_SECONDS:
                looked = now
                await self._guarded(self._find_lost())
            await self._guarded(self._take_up())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._bell.wait()

    async def _guarded(self, work: Awaitable[None]) -> bool:
        try:
            await work
        except (WireError, SandboxError) as error:
            _log.warning("containers not looked after", note=getattr(error, "note", "") or str(error))
        except Exception:  # noqa: BLE001 - a task that ended here would start no container any more
            _log.exception("containers not looked after")
        else:
            return True
        return False

    async def _retry_failed(self) -> None:
        """Try again once a start what could not be made: its operator may have brought what was missing."""
        async with self._units.begin() as unit:
            for container in await self._store.sweep_failed(unit, self.node):
                await self._store.put(unit, container.organization_id, container.lost(self._clock.now()))

    async def _find_lost(self) -> None:
        async with self._units.read() as unit:
            held = await self._store.sweep_running(unit, self.node)
        if not held:
            return
        there = {info.id: info for info in await self._rooms.sandboxes.listing({"kind": LABEL})}
        for container in held:
            info = there.get(container.session_id)
            if info is not None and info.state == "running":
                continue
            now = self._clock.now()
            ended_for = None if info is None else info.ended_for
            after = container.lost(now) if ended_for is None else container.stopped(now, ended_for)
            async with self._units.begin() as unit:
                await self._sessions.lock(unit, container.organization_id)
                known = await self._store.find(unit, container.organization_id, container.session_id)
                if known == container:
                    await self._store.put(unit, container.organization_id, after)

    async def _take_up(self) -> None:
        async with self._units.read() as unit:
            due = await self._store.sweep_due(unit, self.node, self._clock.now())
        for container in due:
            if container.session_id not in self._hands:
                task = asyncio.create_task(self._hold(container))
                self._hands[container.session_id] = task

    async def _hold(self, container: Container) -> None:
        is_settled = False
        try:
            is_settled = await self._guarded(self._settle(container))
        finally:
            self._hands.pop(container.session_id, None)
        if is_settled:
            # what was said of it meanwhile waited for this
            self.wake()

    async def _settle(self, container: Container) -> None:
        if container.state is ContainerState.REMOVING:
            await self._remove(container)
        else:
            await self._make(container)

    async def _remove(self, container: Container) -> None:
        try:
            async with self._turns:
                await self._rooms.sandboxes.remove(container.session_id)
        except SandboxError as error:
            if not container.attempts:
                _log.warning("container not removed; tried again, at last hourly", session_id=container.session_id,
                             note=str(error))  # fmt: skip
            await self._note(container, container.refused(self._clock.now(), str(error), most=None))
            return
        if await self._session(container) is None:
            # that of an archived session is read on
            await self._logs.remove(container.session_id)
        async with self._units.begin() as unit:
            await self._store.drop(unit, container.organization_id, container.session_id)

    async def _make(self, container: Container) -> None:
        """Start a container on what the session started with before, or on what its environment is built to now."""
        try:
            session = await self._session(container)
            prepared = None if session is None else await self._prepare(container, session)
            # a build may have taken its time, and the session may be gone
            if session is None or prepared is None or not await self._is_wanted(container):
                return
            async with self._turns:
                if await self._rooms.sandboxes.find(session.id) is None:
                    await self._rooms.sandboxes.create(self._specify(session, prepared))
        except SandboxError as error:
            await self._note(container, container.refused(self._clock.now(), str(error), most=_attempts(error)))
        except WireError as error:
            most = None if isinstance(error, _PASSING) else 1
            await self._note(container, container.refused(self._clock.now(), error.message, most=most))
        else:
            await self._note(container, container.started(self._clock.now(), prepared.base, prepared.layers))

    async def _prepare(self, container: Container, session: Session) -> Prepared:
        if container.base is not None:
            return Prepared(container.base, container.layers)
        async with self._units.read() as unit:
            environment = await self._environments.require(
                unit, session.organization_id, session.workspace_id, session.environment_id
            )
        # as it was when the session started: what is changed of an environment reaches new sessions only
        return await self._rooms.furnishing.prepare(dataclasses.replace(environment, config=session.config))

    def _specify(self, session: Session, prepared: Prepared) -> SandboxSpec:
        around = self._rooms.surroundings()
        networking = session.config.networking if isinstance(session.config, CloudConfig) else CloudConfig().networking
        servers = mcp_hosts(server.url for server in session.agent.mcp_servers)
        return SandboxSpec(
            id=session.id,
            organization_id=session.organization_id,
            base=prepared.base,
            layers=prepared.layers,
            limits=around.limits,
            network=network_policy(networking, servers, around.registries, around.blocked),
            environment=around.environment,
            files=around.files,
            labels={"kind": LABEL, "environment_id": session.environment_id, "workspace_id": session.workspace_id},
        )

    async def _session(self, container: Container) -> Session | None:
        async with self._units.read() as unit:
            reach = Reach(container.organization_id, container.workspace_id)
            return await self._sessions.find(unit, container.organization_id, reach, container.session_id)

    async def _is_wanted(self, container: Container) -> bool:
        async with self._units.read() as unit:
            known = await self._store.find(unit, container.organization_id, container.session_id)
        return known is not None and known.state is ContainerState.PENDING

    async def _note(self, before: Container, after: Container) -> None:
        """Keep what became of a container, unless something else is wanted of it by now."""
        async with self._units.begin() as unit:
            await self._sessions.lock(unit, before.organization_id)
            known = await self._store.find(unit, before.organization_id, before.session_id)
            if known is None or known.state is not before.state:
                return
            await self._store.put(unit, before.organization_id, after)
            if after.problem is not None and after.state is not ContainerState.REMOVING:
                await self._tell(unit, after)
        self._events.ring(before.session_id)

    async def _tell(self, unit: Unit, container: Container) -> None:
        status = "exhausted" if container.state is ContainerState.FAILED else "retrying"
        error = {
            "type": "unknown_error",
            "message": f"The session's container could not be started: {container.problem}",
            "retry_status": {"type": status},
        }
        await self._events.add(unit, container.organization_id, container.session_id, SESSION_ERROR, {"error": error})


def _attempts(error: SandboxError) -> int | None:
    """Return how often to try: packages fail as they do, a runtime that says no is asked again, one away comes back."""
    if isinstance(error, BuildFailed):
        return 1
    return None if isinstance(error, SandboxGone) else MOST_ATTEMPTS
