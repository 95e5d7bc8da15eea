"""The store of sessions."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Row, delete, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import EnvironmentId, OrganizationId, SessionId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.listing import page_of
from antechamber.database.locks import lock_organization
from antechamber.features.agents.model import pack, unpack
from antechamber.features.environments.model.configs import from_plain, to_plain
from antechamber.features.sessions.model.sessions import Filter, Reach, Session, Status, Window
from antechamber.features.sessions.sql.tables import session_events, sessions


class SqlSessions:
    """Keeps sessions."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, session: Session) -> None:
        """Keep a new session."""
        values = {
            "id": session.id,
            "workspace_id": session.workspace_id,
            "environment_id": session.environment_id,
            "agent_id": session.agent_id,
            "agent_version": session.agent_version,
            "config": _write(to_plain(session.config)),
            "created_at": session.created_at,
        }
        statement = insert(sessions).values(organization_id=organization_id, **values, **_changeable(session))
        await connection(unit).execute(statement)

    async def save(self, unit: Unit, organization_id: OrganizationId, session: Session) -> None:
        """Keep what has changed of a known session."""
        here = (sessions.c.organization_id == organization_id, sessions.c.id == session.id)
        await connection(unit).execute(update(sessions).where(*here).values(**_changeable(session)))

    async def drop(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> None:
        """Remove a session with its events."""
        link = connection(unit)
        events = (session_events.c.organization_id == organization_id, session_events.c.session_id == session_id)
        await link.execute(delete(session_events).where(*events))
        here = (sessions.c.organization_id == organization_id, sessions.c.id == session_id)
        await link.execute(delete(sessions).where(*here))

    async def find(
        self, unit: Unit, organization_id: OrganizationId, reach: Reach, session_id: SessionId
    ) -> Session | None:
        """Return a session that the caller may see, archived or not."""
        query = select(sessions).where(*_inside(organization_id, reach), sessions.c.id == session_id)
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read(row)

    async def several(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId
    ) -> Sequence[Session]:
        """Return every session of a workspace that is not archived."""
        inside = _inside(organization_id, Reach(organization_id, workspace_id))
        rows = await connection(unit).execute(select(sessions).where(*inside, sessions.c.archived_at.is_(None)))
        return [_read(row) for row in rows]

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, reach: Reach, asked: Asked, only: Filter
    ) -> Sequence[Session]:
        """Return what was asked for of the sessions that the caller may see."""
        query = select(sessions).where(*_inside(organization_id, reach), *_matching(only))
        rows = await connection(unit).execute(page_of(query, (sessions.c.created_at, sessions.c.id), asked))
        return [_read(row) for row in rows]

    async def count(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> int:
        """Return how many sessions refer to an environment, archived ones too."""
        here = (sessions.c.organization_id == organization_id, sessions.c.environment_id == environment_id)
        count: int = (await connection(unit).execute(select(func.count()).where(*here))).scalar_one()
        return count


def within(column: Column[Any], window: Window) -> list[ColumnElement[bool]]:
    """Return what a time has to meet to lie in a stretch."""
    bounds = (
        (window.after, column.__gt__),
        (window.since, column.__ge__),
        (window.before, column.__lt__),
        (window.until, column.__le__),
    )
    return [compare(instant) for instant, compare in bounds if instant is not None]


def _inside(organization_id: OrganizationId, reach: Reach) -> list[ColumnElement[bool]]:
    found = [sessions.c.organization_id == organization_id, sessions.c.workspace_id == reach.workspace_id]
    if reach.environment_id is not None:
        found.append(sessions.c.environment_id == reach.environment_id)
    if reach.session_id is not None:
        found.append(sessions.c.id == reach.session_id)
    return found


def _matching(only: Filter) -> list[ColumnElement[bool]]:
    found = within(sessions.c.created_at, only.created)
    if not only.archived:
        found.append(sessions.c.archived_at.is_(None))
    if only.statuses:
        found.append(sessions.c.status.in_([str(status) for status in only.statuses]))
    if only.agent_id is not None:
        found.append(sessions.c.agent_id == only.agent_id)
        if only.agent_version is not None:
            found.append(sessions.c.agent_version == only.agent_version)
    return found


def _changeable(session: Session) -> dict[str, Any]:
    return {
        "agent": _write(pack(session.agent)),
        "status": session.status,
        "title": session.title,
        "metadata": _write(dict(session.metadata)),
        "updated_at": session.updated_at,
        "archived_at": session.archived_at,
    }


def _write(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _read(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        environment_id=row.environment_id,
        agent_id=row.agent_id,
        agent_version=row.agent_version,
        agent=unpack(json.loads(row.agent)),
        config=from_plain(json.loads(row.config)),
        created_at=row.created_at,
        updated_at=row.updated_at,
        status=Status(row.status),
        title=row.title,
        metadata=json.loads(row.metadata),
        archived_at=row.archived_at,
    )
