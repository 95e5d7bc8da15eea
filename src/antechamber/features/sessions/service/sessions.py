"""The use-cases of sessions (wire-agents.md 4)."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from antechamber.base.actor import SYSTEM, Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import EnvironmentId, Kind, OrganizationId, SessionId, WorkspaceId, mint
from antechamber.base.page import Asked, PageQuery, foreign_cursor, open_cursor, read_number, seal_cursor
from antechamber.base.unit import Unit, Units
from antechamber.features.agents.model import check_metadata, merged
from antechamber.features.agents.service import Agents
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.environments.model.configs import ConfigType
from antechamber.features.environments.service import Environments
from antechamber.features.environments.service.work import Queue, WorkQueue
from antechamber.features.sessions.model.containers import Container, ContainerState
from antechamber.features.sessions.model.sessions import (
    EVERY,
    Filter,
    Reach,
    Session,
    SessionDraft,
    Status,
    check_title,
    require_still,
)
from antechamber.features.sessions.ports.keeping import Keeper
from antechamber.features.sessions.service.containers import Stores
from antechamber.features.sessions.service.egress import require
from antechamber.features.sessions.service.events import SessionEvents
from antechamber.features.sessions.service.using import use


@dataclass(frozen=True, slots=True)
class Ground:
    """What a session stands on."""

    agents: Agents
    environments: Environments
    work: WorkQueue
    audit: Audit


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """What a caller asks of the list of sessions."""

    page: PageQuery
    ascending: bool = False
    only: Filter = EVERY


@dataclass(frozen=True, slots=True)
class Shown:
    """A session with its container, None for one that has none."""

    session: Session
    container: Container | None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of sessions, and the cursors of what follows and of what came before."""

    items: tuple[Shown, ...]
    next_page: str | None
    prev_page: str | None


class Sessions:
    """Starts sessions, tells and changes them, and ends them."""

    def __init__(
        self,
        stores: Stores,
        ground: Ground,
        keeper: Keeper,
        events: SessionEvents,
        units: Units,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._store = stores.sessions
        self._containers = stores.containers
        self._ground = ground
        self._keeper = keeper
        self._events = events
        self._units = units
        self._clock = clock
        self._chance = chance

    async def create(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, draft: SessionDraft, by: Actor
    ) -> Shown:
        """Start a session; its container comes up beside it, or its environment's workers get to know of it.

        NotFound for an agent or an environment that is not there; InvalidRequest for archived ones, past the rules.
        """
        title, metadata = check_title(draft.title), check_metadata(draft.metadata)
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            place = (organization_id, workspace_id)
            agent = await self._ground.agents.resolve(unit, *place, draft.agent.id, draft.agent.version)
            environment = await self._ground.environments.require_live(unit, *place, draft.environment_id)
            now = self._clock.now()
            session = Session(
                id=SessionId(mint(Kind.SESSION, self._clock, self._chance)),
                organization_id=organization_id,
                workspace_id=workspace_id,
                environment_id=environment.id,
                agent_id=agent.id,
                agent_version=agent.version,
                agent=self._ground.agents.overridden(agent.definition, draft.agent.overrides),
                config=environment.config,
                created_at=now,
                updated_at=now,
                title=title,
                metadata=metadata,
            )
            await self._store.add(unit, organization_id, session)
            container = await self._provide(unit, session)
            await self._record(unit, session, ActivityType.SESSION_CREATED, by)
        self._keeper.wake()
        self._ground.work.ring(environment.id)
        return Shown(session, container)

    async def get(self, reach: Reach, session_id: SessionId) -> Shown:
        """Return a session, archived or not; NotFound."""
        async with self._units.read() as unit:
            return await self._shown(unit, await require(self._store, unit, reach, session_id))

    async def listing(self, reach: Reach, query: SessionQuery) -> Leaf:
        """Return a page of sessions; InvalidRequest for a cursor of another list."""
        book = _Book(reach, query)
        async with self._units.read() as unit:
            found = await self._store.listing(unit, reach.organization_id, reach, book.asked(), query.only)
            ids = [session.id for session in found]
            containers = await self._containers.several(unit, reach.organization_id, ids)
        return book.leaf([Shown(session, containers.get(session.id)) for session in found])

    async def update(self, reach: Reach, session_id: SessionId, changes: Mapping[str, Any], by: Actor) -> Shown:
        """Change `title`, `metadata` (a patch) or the `agent`'s tools and servers; NotFound, InvalidRequest.

        To set the agent is to mean to go on: it starts a container that a limit has stopped. What describes does not.
        """
        async with self._units.begin() as unit:
            await self._store.lock(unit, reach.organization_id)
            known = await require(self._store, unit, reach, session_id)
            if known.is_archived:
                message = f"{session_id} is archived and cannot be changed."
                raise InvalidRequest(message)
            session = self._apply(known, changes)
            if session != known:
                session = dataclasses.replace(session, updated_at=self._clock.now())
                await self._store.save(unit, reach.organization_id, session)
                await self._record(unit, session, ActivityType.SESSION_UPDATED, by)
            place = (unit, reach.organization_id, session_id)
            starts = "agent" in changes and await use(self._containers, *place, self._clock.now())
            shown = await self._shown(unit, session)
        if starts:
            self._keeper.wake()
        return shown

    async def archive(self, reach: Reach, session_id: SessionId, by: Actor) -> Shown:
        """End a session for good, and its container with what is in it; NotFound, InvalidRequest while it runs."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, reach.organization_id)
            known = await require(self._store, unit, reach, session_id)
            if known.is_archived:
                return await self._shown(unit, known)
            require_still(known, "archived")
            session = await self._end(unit, known, by)
        self._settle(session.id)
        return Shown(session, None)

    async def delete(self, reach: Reach, session_id: SessionId, by: Actor) -> None:
        """Remove a session with its log and its container; NotFound, InvalidRequest while it runs."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, reach.organization_id)
            known = await require(self._store, unit, reach, session_id)
            require_still(known, "deleted")
            await self._release(unit, known, whole=True)
            await self._store.drop(unit, reach.organization_id, session_id)
            await self._record(unit, known, ActivityType.SESSION_DELETED, by)
        self._settle(session_id)

    async def count(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> int:
        """Return how many undeleted sessions refer to an environment, archived ones too."""
        return await self._store.count(unit, organization_id, environment_id)

    async def end_workspace(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor
    ) -> None:
        """Archive every session of a workspace that is archived, in the same transaction."""
        del by
        for session in await self._store.several(unit, organization_id, workspace_id):
            await self._end(unit, session, SYSTEM)

    def _apply(self, known: Session, changes: Mapping[str, Any]) -> Session:
        said = dict(changes)
        if "title" in said:
            check_title(said["title"])
        if "metadata" in said:
            said["metadata"] = merged(known.metadata, said["metadata"])
        if "agent" in said:
            if known.status is not Status.IDLE:
                message = f"agent: {known.id} is {known.status}; its agent can be changed while it is idle"
                raise InvalidRequest(message)
            said["agent"] = self._ground.agents.overridden(known.agent, said["agent"])
        return dataclasses.replace(known, **said)

    async def _provide(self, unit: Unit, session: Session) -> Container | None:
        if session.config.type is ConfigType.SELF_HOSTED:
            queue = Queue(session.organization_id, session.workspace_id, session.environment_id)
            await self._ground.work.enqueue(unit, queue, session.id)
            return None
        container = self._new_container(session)
        await self._containers.put(unit, session.organization_id, container)
        return container

    async def _end(self, unit: Unit, session: Session, by: Actor) -> Session:
        now = self._clock.now()
        ended = dataclasses.replace(session, status=Status.TERMINATED, archived_at=now, updated_at=now)
        await self._store.save(unit, session.organization_id, ended)
        await self._events.add(unit, session.organization_id, session.id, "session.status_terminated", {})
        await self._release(unit, session)
        await self._record(unit, ended, ActivityType.SESSION_ARCHIVED, by)
        return ended

    async def _release(self, unit: Unit, session: Session, *, whole: bool = False) -> None:
        """End what works for a session; `whole` removes what is left of a container that went before, too."""
        await self._ground.work.end_session(unit, session.organization_id, session.id)
        if session.config.type is ConfigType.SELF_HOSTED:
            return
        container = await self._containers.find(unit, session.organization_id, session.id)
        if container is None and whole:
            container = self._new_container(session)
        if container is not None:
            gone = dataclasses.replace(container, state=ContainerState.REMOVING, attempts=0, due_at=0)
            await self._containers.put(unit, session.organization_id, gone)

    def _new_container(self, session: Session) -> Container:
        return Container(
            session_id=session.id,
            organization_id=session.organization_id,
            workspace_id=session.workspace_id,
            node=self._keeper.node,
            state=ContainerState.PENDING,
            updated_at=session.created_at,
        )

    def _settle(self, session_id: SessionId) -> None:
        self._keeper.wake()
        self._events.ring(session_id)

    async def _shown(self, unit: Unit, session: Session) -> Shown:
        return Shown(session, await self._containers.find(unit, session.organization_id, session.id))

    async def _record(self, unit: Unit, session: Session, what: ActivityType, by: Actor) -> None:
        await self._ground.audit.record(
            unit,
            session.organization_id,
            by,
            what,
            session_id=session.id,
            agent_id=session.agent_id,
            environment_id=session.environment_id,
            workspace_id=session.workspace_id,
        )


class _Book:
    """The list of sessions, which can be paged through both ways: a cursor says which, and from where."""

    def __init__(self, reach: Reach, query: SessionQuery) -> None:
        self._limit = query.page.limit
        self._ascending = query.ascending
        self._bound = {"list": "sessions", "reach": reach, "only": query.only, "ascending": query.ascending}
        self._back = False
        self._after: tuple[int, str] | None = None
        if query.page.page is not None:
            way, _, rest = open_cursor(query.page.page, self._bound).partition(" ")
            at, _, key = rest.partition(" ")
            if way not in {"on", "back"} or not key.startswith(f"{Kind.SESSION}_"):
                raise foreign_cursor()
            self._back, self._after = way == "back", (read_number(at), key)

    def asked(self) -> Asked:
        """Return what to ask of the store: against the list's order on the way back."""
        return Asked(self._limit + 1, self._after, self._ascending != self._back)

    def leaf(self, found: list[Shown]) -> Leaf:
        """Return the page of what the store gave."""
        more, shown = len(found) > self._limit, found[: self._limit]
        if self._back:
            shown.reverse()
        if not shown:
            return Leaf((), None, None)
        has_next = more or self._back
        has_before = more if self._back else self._after is not None
        return Leaf(
            tuple(shown),
            self._seal("on", shown[-1]) if has_next else None,
            self._seal("back", shown[0]) if has_before else None,
        )

    def _seal(self, way: str, place: Shown) -> str:
        return seal_cursor(f"{way} {place.session.created_at} {place.session.id}", self._bound)
