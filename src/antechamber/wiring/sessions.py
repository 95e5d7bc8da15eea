"""Agents, sessions and the work of self-hosted environments joined; what needs a runtime comes with the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.principal import Principal
from antechamber.base.secret import Secret
from antechamber.base.unit import Unit, Units
from antechamber.features.agents.service import Agents
from antechamber.features.agents.sql import SqlAgents
from antechamber.features.audit.service import Audit
from antechamber.features.environments.ports.sandboxes import EgressLog
from antechamber.features.environments.service.keys import EnvironmentKeys
from antechamber.features.environments.service.shells import Rooms
from antechamber.features.environments.service.work import WorkQueue
from antechamber.features.environments.sql.keys import SqlEnvironmentKeys
from antechamber.features.environments.sql.work import SqlWork
from antechamber.features.sessions.service import Containers, SessionEvents, Sessions, Stores
from antechamber.features.sessions.service.sessions import Ground
from antechamber.features.sessions.sql import SqlContainers, SqlEvents, SqlSessions
from antechamber.wiring.environments import EnvironmentServices


class Overrides:
    """Reads what a session says in place of parts of its agent (`agents.ports`)."""

    def read(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return it by the names of `Definition`, resolved; InvalidRequest for what no agent could have."""
        # with it comes what checks requests, which a server that serves models does without
        from antechamber.features.agents.wire import read_overrides  # noqa: PLC0415 - see above

        return read_overrides(said)


class WorkerSource:
    """Environment keys and work tokens, as authentication asks for them."""

    def __init__(self, keys: SqlEnvironmentKeys, work: SqlWork, clock: Clock) -> None:
        self._keys = keys
        self._work = work
        self._clock = clock

    async def resolve_principal(self, unit: Unit, digest: bytes) -> Principal | None:
        """Return whom a digest stands for now."""
        return await self._keys.resolve_key(unit, digest) or await self._work.resolve_token(unit, digest)

    async def sweep_principals(self, unit: Unit) -> dict[bytes, Principal]:
        """Return every live digest."""
        return {**await self._keys.sweep_keys(unit, self._clock.now()), **await self._work.sweep_tokens(unit)}


class Keeping:
    """Who makes containers what they should be (`sessions.ports`), once the server has one."""

    def __init__(self, node: str) -> None:
        self.node = node
        self._containers: Containers | None = None

    def bind(self, containers: Containers) -> None:
        """Join the one of this server."""
        self._containers = containers

    def wake(self) -> None:
        """Let it look; without a server, the next start does."""
        if self._containers is not None:
            self._containers.wake()


@dataclass(frozen=True, slots=True)
class SessionServices:
    """What needs only the database; `keeping.bind` joins the containers."""

    agents: Agents
    sessions: Sessions
    events: SessionEvents
    work: WorkQueue
    keys: EnvironmentKeys
    keeping: Keeping
    source: WorkerSource
    stores: Stores
    units: Units
    clock: Clock

    def open_containers(self, environments: EnvironmentServices, rooms: Rooms, logs: EgressLog) -> Containers:
        """Return who makes the containers of this node what they should be."""
        containers = Containers(
            self.stores,
            environments.environments,
            self.events,
            rooms,
            logs,
            self.units,
            self.clock,
            self.keeping.node,
        )
        self.keeping.bind(containers)
        return containers


def build_sessions(
    environments: EnvironmentServices,
    units: Units,
    clock: Clock,
    chance: Chance,
    pepper: Secret,
    audit: Audit,
    node: str,
) -> SessionServices:
    """Join the services with environments, which ask them for sessions and let their queues end."""
    known, work_store, key_store = environments.environments, SqlWork(), SqlEnvironmentKeys()
    work = WorkQueue(work_store, known, units, clock, chance, pepper)
    keys = EnvironmentKeys(key_store, known, units, clock, chance, pepper, audit)
    agents = Agents(SqlAgents(), Overrides(), units, clock, chance, audit)
    stores = Stores(SqlSessions(), SqlContainers())
    keeping = Keeping(node)
    events = SessionEvents(SqlEvents(), stores.sessions, stores.containers, keeping, units, clock, chance)
    sessions = Sessions(stores, Ground(agents, known, work, audit), keeping, events, units, clock, chance)
    environments.sessions.bind(sessions)
    environments.ends.on_removed(keys.end_environment)
    environments.ends.on_removed(work.end_environment)
    source = WorkerSource(key_store, work_store, clock)
    return SessionServices(agents, sessions, events, work, keys, keeping, source, stores, units, clock)
