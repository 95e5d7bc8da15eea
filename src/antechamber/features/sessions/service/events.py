"""The log of a session: what is added to it, and how it is read and followed (wire-agents.md 4b)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from antechamber.base.bells import Bells
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import EventId, Kind, OrganizationId, SessionId, mint
from antechamber.base.page import PageQuery, Part, open_cursor, read_number, seal_cursor
from antechamber.base.unit import Unit, Units
from antechamber.features.environments.model.configs import ConfigType
from antechamber.features.sessions.model.events import (
    MOST_SENT,
    SESSION_DELETED,
    Event,
    EventDraft,
    check_answer,
)
from antechamber.features.sessions.model.sessions import EVER, Reach, Window
from antechamber.features.sessions.ports.keeping import Keeper
from antechamber.features.sessions.ports.stores import ContainerStore, EventStore, SessionStore
from antechamber.features.sessions.service.egress import require
from antechamber.features.sessions.service.using import use

# how soon a follower sees what another process added; in this one it is woken
_LOOK_SECONDS: Final = 0.5
_PING_SECONDS: Final = 15
_SLICE: Final = 200


@dataclass(frozen=True, slots=True)
class EventQuery:
    """What a caller asks of the list of events."""

    page: PageQuery
    ascending: bool = True
    types: tuple[str, ...] = ()
    processed: Window = EVER


class SessionEvents:
    """Adds to logs, lists and follows them."""

    def __init__(
        self,
        store: EventStore,
        sessions: SessionStore,
        containers: ContainerStore,
        keeper: Keeper,
        units: Units,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._containers = containers
        self._keeper = keeper
        self._units = units
        self._clock = clock
        self._chance = chance
        self._bells = Bells()

    async def add(
        self, unit: Unit, organization_id: OrganizationId, session_id: SessionId, kind: str, fields: Mapping[str, Any]
    ) -> Event:
        """Add an event in the caller's transaction, which holds the organisation's lock; `ring` once it is done."""
        now = self._clock.now()
        event = Event(
            id=EventId(mint(Kind.SESSION_EVENT, self._clock, self._chance)),
            organization_id=organization_id,
            session_id=session_id,
            sequence=await self._store.last(unit, organization_id, session_id) + 1,
            type=kind,
            created_at=now,
            processed_at=now,
            fields=fields,
        )
        await self._store.add(unit, organization_id, event)
        return event

    def ring(self, session_id: SessionId) -> None:
        """Wake whoever follows a session on this server."""
        self._bells.ring(session_id)

    async def send(self, reach: Reach, session_id: SessionId, drafts: Sequence[EventDraft]) -> list[Event]:
        """Add what a caller sent, all of it or nothing; NotFound, InvalidRequest past the rules."""
        if not 1 <= len(drafts) <= MOST_SENT:
            message = f"events: 1 to {MOST_SENT} in a request, not {len(drafts)}"
            raise InvalidRequest(message)
        async with self._units.begin() as unit:
            await self._sessions.lock(unit, reach.organization_id)
            session = await require(self._sessions, unit, reach, session_id)
            if session.is_archived:
                message = f"{session_id} is archived and takes no further events."
                raise InvalidRequest(message)
            place = (unit, reach.organization_id, session_id)
            calls = {call for draft in drafts if (call := draft.answers) is not None}
            known = await self._store.types(*place, calls)
            answered = set(await self._store.answered(*place, calls))
            added = []
            for draft in drafts:
                self_hosted = session.config.type is ConfigType.SELF_HOSTED
                check_answer(draft, known, answered, self_hosted=self_hosted)
                answered.add(draft.answers or "")
                added.append(await self.add(*place, draft.type, draft.fields))
            starts = await use(self._containers, *place, self._clock.now())
        self.ring(session_id)
        if starts:
            self._keeper.wake()
        return added

    async def listing(self, reach: Reach, session_id: SessionId, query: EventQuery) -> Part[Event]:
        """Return a page of events in the order of the log, or against it; NotFound."""
        bound = {"list": "events", "session": session_id, "ascending": query.ascending, "types": sorted(query.types)}
        beyond = None if query.page.page is None else read_number(open_cursor(query.page.page, bound))
        async with self._units.read() as unit:
            await require(self._sessions, unit, reach, session_id)
            found = await self._store.slice(
                unit,
                reach.organization_id,
                session_id,
                beyond=beyond,
                limit=query.page.limit + 1,
                ascending=query.ascending,
                types=query.types,
                processed=query.processed,
            )
        shown = tuple(found[: query.page.limit])
        is_last = len(found) <= query.page.limit
        return Part(shown, None if is_last else seal_cursor(str(shown[-1].sequence), bound))

    async def follow(self, reach: Reach, session_id: SessionId) -> AsyncIterator[Event | None]:
        """Return what is added from now on, as it comes; NotFound at once. None is a sign of life in a quiet log.

        It ends with the session's deletion, of which the last event tells.
        """
        async with self._units.read() as unit:
            await require(self._sessions, unit, reach, session_id)
            last = await self._store.last(unit, reach.organization_id, session_id)
        return self._follow(reach, session_id, last)

    async def _follow(self, reach: Reach, session_id: SessionId, last: int) -> AsyncIterator[Event | None]:
        quiet_since = self._clock.monotonic()
        with self._bells.listen(session_id) as bell:
            while True:
                bell.clear()
                async with self._units.read() as unit:
                    known = await self._sessions.find(unit, reach.organization_id, reach, session_id)
                    found = await self._store.slice(unit, reach.organization_id, session_id, beyond=last, limit=_SLICE)
                for event in found:
                    last, quiet_since = event.sequence, self._clock.monotonic()
                    yield event
                if known is None:
                    yield self._deleted(reach, session_id, last + 1)
                    return
                if self._clock.monotonic() - quiet_since >= _PING_SECONDS:
                    quiet_since = self._clock.monotonic()
                    yield None
                if len(found) < _SLICE:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_SECONDS):
                            await bell.wait()

    def _deleted(self, reach: Reach, session_id: SessionId, sequence: int) -> Event:
        """Return the event that no log keeps, as its log is gone."""
        now = self._clock.now()
        event_id = EventId(mint(Kind.SESSION_EVENT, self._clock, self._chance))
        return Event(event_id, reach.organization_id, session_id, sequence, SESSION_DELETED, now, now, {})
