"""Requests for more in the database."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Table, and_, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.ids import IncreaseRequestId, OrganizationId, UserId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Count, Instant, Text, metadata
from antechamber.features.limits.model.definitions import Period
from antechamber.features.limits.model.increases import IncreaseRequest, RequestStatus

increase_requests: Final = Table(
    "spend_limit_increase_requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("amount", Count),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("resolver_kind", Text),
    Column("resolver_id", Text),
    Column("mail_due_at", Instant),
    Column("mail_attempts", Count, nullable=False),
    Index("ix_spend_limit_increase_requests_created_at", "organization_id", "created_at", "id"),
    Index("ix_spend_limit_increase_requests_mail_due_at", "mail_due_at"),
)


class SqlIncreases:
    """The store of requests for more; none is ever removed."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Wait until no other change of the organisation is under way; held to the end of the unit."""
        await lock_organization(unit, organization_id)

    async def listing(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        *,
        statuses: Sequence[RequestStatus],
        user_ids: Sequence[UserId],
        after: tuple[int, str] | None,
        limit: int,
    ) -> Sequence[IncreaseRequest]:
        """Return at most `limit`, newest first, older than `after` = (created_at, id); no filter lets all through."""
        columns = increase_requests.c
        query = select(increase_requests).where(columns.organization_id == organization_id)
        if statuses:
            query = query.where(columns.status.in_(statuses))
        if user_ids:
            query = query.where(columns.user_id.in_(user_ids))
        if after is not None:
            at, key = after
            query = query.where(or_(columns.created_at < at, and_(columns.created_at == at, columns.id < key)))
        ordered = query.order_by(columns.created_at.desc(), columns.id.desc()).limit(limit)
        return [_request(row) for row in await connection(unit).execute(ordered)]

    async def find(
        self, unit: Unit, organization_id: OrganizationId, request_id: IncreaseRequestId
    ) -> IncreaseRequest | None:
        """Return one, or None."""
        rows = await connection(unit).execute(select(increase_requests).where(*_one(organization_id, request_id)))
        row = rows.one_or_none()
        return None if row is None else _request(row)

    async def pending(
        self, unit: Unit, organization_id: OrganizationId, user_id: UserId, period: Period
    ) -> Sequence[IncreaseRequest]:
        """Return what a person waits for in a period."""
        columns = increase_requests.c
        query = select(increase_requests).where(
            columns.organization_id == organization_id,
            columns.user_id == user_id,
            columns.period == period,
            columns.status == RequestStatus.PENDING,
        )
        return [_request(row) for row in await connection(unit).execute(query)]

    async def add(self, unit: Unit, organization_id: OrganizationId, request: IncreaseRequest) -> None:
        """Keep a new one."""
        await connection(unit).execute(
            insert(increase_requests).values(
                id=request.id,
                organization_id=organization_id,
                user_id=request.user_id,
                period=request.period.value,
                amount=request.amount,
                reason=request.reason,
                status=request.status.value,
                created_at=request.created_at,
                mail_attempts=0,
            )
        )

    async def resolve(
        self, unit: Unit, organization_id: OrganizationId, request: IncreaseRequest, mail_due_at: int | None
    ) -> None:
        """Keep what was decided; its letter is due then, None for no letter."""
        by = request.resolved_by
        await connection(unit).execute(
            update(increase_requests)
            .where(*_one(organization_id, request.id))
            .values(
                status=request.status.value,
                resolved_at=request.resolved_at,
                resolver_kind=None if by is None else by.kind.value,
                resolver_id=None if by is None else by.id,
                mail_due_at=mail_due_at,
            )
        )

    async def sweep_mail_due(
        self, unit: Unit, now: int, again_at: int, limit: int
    ) -> Sequence[tuple[IncreaseRequest, int]]:
        """Claim requests whose letters are due, with the attempts so far; they come again at `again_at`."""
        link, columns = connection(unit), increase_requests.c
        due = (
            select(increase_requests)
            .where(columns.mail_due_at <= now)
            .order_by(columns.mail_due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = list(await link.execute(due))
        if rows:
            claimed = columns.id.in_([row.id for row in rows])
            await link.execute(update(increase_requests).where(claimed).values(mail_due_at=again_at))
        return [(_request(row), row.mail_attempts) for row in rows]

    async def note_mail(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        request_id: IncreaseRequestId,
        *,
        due_at: int | None,
        attempts: int,
    ) -> None:
        """Note how an attempt ended: when the next is due, None for no more."""
        await connection(unit).execute(
            update(increase_requests)
            .where(*_one(organization_id, request_id))
            .values(mail_due_at=due_at, mail_attempts=attempts)
        )


def _one(
    organization_id: OrganizationId, request_id: IncreaseRequestId
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return increase_requests.c.organization_id == organization_id, increase_requests.c.id == request_id


def _request(row: Row[Any]) -> IncreaseRequest:
    return IncreaseRequest(
        id=row.id,
        organization_id=row.organization_id,
        user_id=row.user_id,
        period=Period(row.period),
        amount=row.amount,
        reason=row.reason,
        status=RequestStatus(row.status),
        created_at=row.created_at,
        resolved_at=row.resolved_at,
        resolved_by=None if row.resolver_kind is None else Actor(ActorKind(row.resolver_kind), row.resolver_id),
    )
