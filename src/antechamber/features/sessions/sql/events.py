"""The store of events."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import OrganizationId, SessionId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.features.sessions.model.events import Event, EventDraft
from antechamber.features.sessions.model.sessions import EVER, Window
from antechamber.features.sessions.sql.sessions import within
from antechamber.features.sessions.sql.tables import session_events


class SqlEvents:
    """Keeps events."""

    async def add(self, unit: Unit, organization_id: OrganizationId, event: Event) -> None:
        """Keep a new event."""
        statement = insert(session_events).values(
            session_id=event.session_id,
            sequence=event.sequence,
            id=event.id,
            organization_id=organization_id,
            type=event.type,
            fields=json.dumps(dict(event.fields), separators=(",", ":")),
            answers=EventDraft(event.type, event.fields).answers,
            created_at=event.created_at,
            processed_at=event.processed_at,
        )
        await connection(unit).execute(statement)

    async def last(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> int:
        """Return the number of a session's last event, 0 for none."""
        query = select(func.max(session_events.c.sequence)).where(*_of(organization_id, session_id))
        return (await connection(unit).execute(query)).scalar_one() or 0

    async def types(
        self, unit: Unit, organization_id: OrganizationId, session_id: SessionId, ids: Collection[str]
    ) -> Mapping[str, str]:
        """Return the types of those of these events that the session has, by their ids."""
        named = session_events.c.id.in_(list(ids))
        query = select(session_events.c.id, session_events.c.type).where(*_of(organization_id, session_id), named)
        return {row.id: row.type for row in await connection(unit).execute(query)}

    async def answered(
        self, unit: Unit, organization_id: OrganizationId, session_id: SessionId, ids: Collection[str]
    ) -> Collection[str]:
        """Return those of these tool calls that have a result."""
        named = session_events.c.answers.in_(list(ids))
        query = select(session_events.c.answers).where(*_of(organization_id, session_id), named)
        return set((await connection(unit).execute(query)).scalars())

    async def slice(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        session_id: SessionId,
        *,
        beyond: int | None,
        limit: int,
        ascending: bool = True,
        types: Collection[str] = (),
        processed: Window = EVER,
    ) -> Sequence[Event]:
        """Return at most `limit` events beyond a number, nearest first; `processed` bounds when they were."""
        number = session_events.c.sequence
        query = select(session_events).where(*_of(organization_id, session_id))
        query = query.where(*within(session_events.c.processed_at, processed))
        if beyond is not None:
            query = query.where(number > beyond if ascending else number < beyond)
        if types:
            query = query.where(session_events.c.type.in_(list(types)))
        query = query.order_by(number.asc() if ascending else number.desc()).limit(limit)
        return [_read(row) for row in await connection(unit).execute(query)]


def _of(organization_id: OrganizationId, session_id: SessionId) -> tuple[ColumnElement[bool], ...]:
    return session_events.c.organization_id == organization_id, session_events.c.session_id == session_id


def _read(row: Row[Any]) -> Event:
    return Event(
        id=row.id,
        organization_id=row.organization_id,
        session_id=row.session_id,
        sequence=row.sequence,
        type=row.type,
        created_at=row.created_at,
        processed_at=row.processed_at,
        fields=json.loads(row.fields),
    )
