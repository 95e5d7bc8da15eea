"""The work queue in the database, and whom its items' tokens stand for."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Integer, Row, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import EnvironmentId, OrganizationId, SessionId, WorkId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.principal import WorkToken
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.listing import page_of
from antechamber.database.locks import lock_name
from antechamber.database.tables import Digest, Instant, Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.environments.model.work import LEASED, QueueStats, Work, WorkState

work_items: Final = Table(
    "work_items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("environment_id", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("polled_at", Instant),
    Column("acknowledged_at", Instant),
    Column("started_at", Instant),
    Column("latest_heartbeat_at", Instant),
    Column("lease_ends_at", Instant),
    Column("ttl_seconds", Integer, nullable=False),
    Column("stop_requested_at", Instant),
    Column("stopped_at", Instant),
    Column("token_digest", Digest),
    Index("ix_work_items_environment_id", "environment_id", "created_at"),
    Index("ix_work_items_session_id", "session_id"),
    Index("ix_work_items_token_digest", "token_digest"),
)
work_pollers: Final = Table(
    "work_pollers",
    metadata,
    Column("environment_id", Text, primary_key=True),
    Column("worker_id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("polled_at", Instant, nullable=False),
)
_NEVER_STOPPED: Final = work_items.c.state != WorkState.STOPPED


class SqlWork:
    """The store of work."""

    async def lock(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> None:
        """Make writers of the queue come one after the other, until the unit ends."""
        await lock_name(unit, f"work {organization_id} {environment_id}")

    async def add(self, unit: Unit, organization_id: OrganizationId, work: Work) -> None:
        """Keep a new item."""
        values = {
            "id": work.id,
            "workspace_id": work.workspace_id,
            "environment_id": work.environment_id,
            "session_id": work.session_id,
            "created_at": work.created_at,
        }
        statement = insert(work_items).values(organization_id=organization_id, **values, **_changeable(work))
        await connection(unit).execute(statement)

    async def save(self, unit: Unit, organization_id: OrganizationId, work: Work, *, ended: bool) -> None:
        """Keep what has changed of an item; `ended` takes its worker's token away."""
        values = _changeable(work)
        if ended:
            values["token_digest"] = None
            announce(unit, CREDENTIALS)
        await connection(unit).execute(update(work_items).where(*_here(organization_id, work)).values(**values))

    async def give(self, unit: Unit, organization_id: OrganizationId, work: Work, digest: bytes) -> None:
        """Keep an item that was taken, and the token of who took it in place of the one before."""
        link, here = connection(unit), _here(organization_id, work)
        before = (await link.execute(select(work_items.c.token_digest).where(*here))).scalar_one()
        if before is not None:
            announce(unit, CREDENTIALS)
        await link.execute(update(work_items).where(*here).values(token_digest=digest, **_changeable(work)))

    async def waiting(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        environment_id: EnvironmentId,
        *,
        now: int,
        polled_before: int,
    ) -> Work | None:
        """Return the oldest item that may be taken: never taken, taken before an instant, or with a lease run out."""
        query = (
            select(work_items)
            .where(*_of(organization_id, environment_id), or_(_free(polled_before), _lost(now)))
            .order_by(work_items.c.created_at, work_items.c.id)
            .limit(1)
        )
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read(row)

    async def find(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        environment_id: EnvironmentId,
        work_id: WorkId,
    ) -> Work | None:
        """Return an item."""
        inside = (*_of(organization_id, environment_id), work_items.c.workspace_id == workspace_id)
        row = (await connection(unit).execute(select(work_items).where(*inside, work_items.c.id == work_id))).first()
        return None if row is None else _read(row)

    async def of_session(self, unit: Unit, organization_id: OrganizationId, session_id: SessionId) -> Sequence[Work]:
        """Return the items of a session that have not stopped."""
        here = (work_items.c.organization_id == organization_id, work_items.c.session_id == session_id)
        rows = await connection(unit).execute(select(work_items).where(*here, _NEVER_STOPPED))
        return [_read(row) for row in rows]

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, asked: Asked
    ) -> Sequence[Work]:
        """Return items, newest first."""
        query = select(work_items).where(*_of(organization_id, environment_id))
        rows = await connection(unit).execute(page_of(query, (work_items.c.created_at, work_items.c.id), asked))
        return [_read(row) for row in rows]

    async def note_poller(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, worker_id: str, now: int
    ) -> None:
        """Keep when a worker last polled."""
        link = connection(unit)
        statement = insert_into(work_pollers, link).values(
            organization_id=organization_id, environment_id=environment_id, worker_id=worker_id, polled_at=now
        )
        await link.execute(
            statement.on_conflict_do_update(index_elements=["environment_id", "worker_id"], set_={"polled_at": now})
        )

    async def stats(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, *, now: int, since: int
    ) -> QueueStats:
        """Return the queue as it stands; workers count that have polled after `since`."""
        queued = work_items.c.state == WorkState.QUEUED
        free = or_(and_(queued, work_items.c.polled_at.is_(None)), _lost(now))
        pending = and_(queued, work_items.c.polled_at.is_not(None))
        oldest = func.min(work_items.c.created_at).filter(or_(free, pending))
        query = select(func.count().filter(free), func.count().filter(pending), oldest)
        link = connection(unit)
        depth, taken, first = (await link.execute(query.where(*_of(organization_id, environment_id)))).one()
        recent = select(func.count()).where(
            work_pollers.c.organization_id == organization_id,
            work_pollers.c.environment_id == environment_id,
            work_pollers.c.polled_at > since,
        )
        return QueueStats(depth, taken, first, (await link.execute(recent)).scalar_one())

    async def drop_environment(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId
    ) -> None:
        """Remove an environment's items, and who polled for them."""
        for table in (work_items, work_pollers):
            here = (table.c.organization_id == organization_id, table.c.environment_id == environment_id)
            await connection(unit).execute(delete(table).where(*here))
        announce(unit, CREDENTIALS)

    async def resolve_token(self, unit: Unit, digest: bytes) -> WorkToken | None:
        """Return whom an item's token stands for."""
        query = select(work_items).where(work_items.c.token_digest == digest, _NEVER_STOPPED)
        row = (await connection(unit).execute(query)).first()
        return None if row is None else _as_token(row)

    async def sweep_tokens(self, unit: Unit) -> dict[bytes, WorkToken]:
        """Return whom the token of every item stands for that has not stopped."""
        rows = await connection(unit).execute(
            select(work_items).where(work_items.c.token_digest.is_not(None), _NEVER_STOPPED)
        )
        return {row.token_digest: _as_token(row) for row in rows}


def _of(organization_id: OrganizationId, environment_id: EnvironmentId) -> tuple[ColumnElement[bool], ...]:
    return work_items.c.organization_id == organization_id, work_items.c.environment_id == environment_id


def _here(organization_id: OrganizationId, work: Work) -> tuple[ColumnElement[bool], ...]:
    return work_items.c.organization_id == organization_id, work_items.c.id == work.id


def _free(polled_before: int) -> ColumnElement[bool]:
    untaken = or_(work_items.c.polled_at.is_(None), work_items.c.polled_at <= polled_before)
    return and_(work_items.c.state == WorkState.QUEUED, untaken)


def _lost(now: int) -> ColumnElement[bool]:
    """Return what a lease that has run out is known by: it gives the item back, unless a stop was asked for."""
    leased = work_items.c.state.in_([str(state) for state in LEASED if state is not WorkState.STOPPING])
    return and_(leased, work_items.c.lease_ends_at <= now)


def _changeable(work: Work) -> dict[str, Any]:
    return {
        "state": work.state,
        "metadata": json.dumps(dict(work.metadata), separators=(",", ":")),
        "polled_at": work.polled_at,
        "acknowledged_at": work.acknowledged_at,
        "started_at": work.started_at,
        "latest_heartbeat_at": work.latest_heartbeat_at,
        "lease_ends_at": work.lease_ends_at,
        "ttl_seconds": work.ttl_seconds,
        "stop_requested_at": work.stop_requested_at,
        "stopped_at": work.stopped_at,
    }


def _read(row: Row[Any]) -> Work:
    return Work(
        id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        environment_id=row.environment_id,
        session_id=row.session_id,
        state=WorkState(row.state),
        created_at=row.created_at,
        metadata=json.loads(row.metadata),
        polled_at=row.polled_at,
        acknowledged_at=row.acknowledged_at,
        started_at=row.started_at,
        latest_heartbeat_at=row.latest_heartbeat_at,
        lease_ends_at=row.lease_ends_at,
        ttl_seconds=row.ttl_seconds,
        stop_requested_at=row.stop_requested_at,
        stopped_at=row.stopped_at,
    )


def _as_token(row: Row[Any]) -> WorkToken:
    return WorkToken(row.id, row.organization_id, row.workspace_id, row.environment_id, row.session_id)
