"""Webhooks in the database."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Table, and_, delete, func, insert, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import OrganizationId, WebhookEventId, WebhookId
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.database.changes import WEBHOOKS, announce
from antechamber.database.engine import connection
from antechamber.database.listing import list_rows
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Count, Digest, Instant, Number, Text, metadata
from antechamber.features.webhooks.model.deliveries import (
    NEVER,
    Claimed,
    Delivery,
    DeliveryState,
    Standing,
    type_of,
)
from antechamber.features.webhooks.model.endpoints import Endpoint, EventType, State

webhook_endpoints: Final = Table(
    "webhook_endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    # the events' names with spaces between them
    Column("events", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("disabled_reason", Text, nullable=False),
    Column("secret", Digest, nullable=False),
    Column("failures", Count, nullable=False),
    Column("failing_since", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_webhook_endpoints_organization_id", "organization_id", "id"),
)

webhook_deliveries: Final = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("body", Digest, nullable=False),
    Column("attempts", Count, nullable=False),
    Column("created_at", Instant, nullable=False),
    # of what has ended: never
    Column("due_at", Instant, nullable=False),
    Column("state", Text, nullable=False, server_default=DeliveryState.PENDING.value),
    Column("last_status", Number),
    Column("last_error", Text),
    Column("ended_at", Instant),
    Index("ix_webhook_deliveries_due_at", "due_at"),
    Index("ix_webhook_deliveries_ended_at", "ended_at"),
)


class SqlWebhooks:
    """The store of endpoints and of the outbox."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def everyone(self, unit: Unit, organization_id: OrganizationId) -> Sequence[Endpoint]:
        """Return every endpoint of the organisation."""
        columns = webhook_endpoints.c
        query = select(webhook_endpoints).where(columns.organization_id == organization_id).order_by(columns.id)
        return [_endpoint(row) for row in await connection(unit).execute(query)]

    async def find(self, unit: Unit, organization_id: OrganizationId, webhook_id: WebhookId) -> Endpoint | None:
        """Return one, or None."""
        rows = await connection(unit).execute(select(webhook_endpoints).where(*_one(organization_id, webhook_id)))
        row = rows.one_or_none()
        return None if row is None else _endpoint(row)

    async def add(self, unit: Unit, organization_id: OrganizationId, endpoint: Endpoint, sealed: bytes) -> None:
        """Keep a new one with its sealed signing secret."""
        await connection(unit).execute(
            insert(webhook_endpoints).values(
                id=endpoint.id,
                organization_id=organization_id,
                secret=sealed,
                created_at=endpoint.created_at,
                **_changing(endpoint),
            )
        )

    async def put(self, unit: Unit, organization_id: OrganizationId, endpoint: Endpoint) -> None:
        """Keep one as it is now; what waits for one that is disabled is dropped."""
        query = update(webhook_endpoints).where(*_one(organization_id, endpoint.id)).values(**_changing(endpoint))
        await connection(unit).execute(query)
        if not endpoint.is_enabled:
            its = _waiting(organization_id, endpoint.id)
            dropped = {"state": DeliveryState.DROPPED.value, "due_at": NEVER, "ended_at": endpoint.updated_at}
            await connection(unit).execute(update(webhook_deliveries).where(*its).values(dropped))

    async def reseal(
        self, unit: Unit, organization_id: OrganizationId, webhook_id: WebhookId, sealed: bytes, at: int
    ) -> None:
        """Keep another secret from `at` on."""
        query = update(webhook_endpoints).where(*_one(organization_id, webhook_id))
        await connection(unit).execute(query.values(secret=sealed, updated_at=at))

    async def remove(self, unit: Unit, organization_id: OrganizationId, webhook_id: WebhookId) -> None:
        """Forget one, and what waits for it or came to it."""
        await connection(unit).execute(delete(webhook_deliveries).where(*_to(organization_id, webhook_id)))
        await connection(unit).execute(delete(webhook_endpoints).where(*_one(organization_id, webhook_id)))

    async def post(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        event_id: WebhookEventId,
        body: bytes,
        webhook_ids: Collection[WebhookId],
        now: int,
    ) -> None:
        """Put an event into the outbox for some endpoints, due at once, and wake whoever delivers."""
        common = {
            "event_id": event_id,
            "organization_id": organization_id,
            "body": body,
            "attempts": 0,
            "created_at": now,
            "due_at": now,
            "state": DeliveryState.PENDING.value,
        }
        rows = [{"webhook_id": webhook_id, **common} for webhook_id in webhook_ids]
        await connection(unit).execute(insert(webhook_deliveries), rows)
        announce(unit, WEBHOOKS)

    async def sweep_next_due(self, unit: Unit) -> int | None:
        """Return when the next delivery of this server is due, None if none waits."""
        found: int | None = await connection(unit).scalar(select(func.min(webhook_deliveries.c.due_at)))
        return found

    async def sweep_due(
        self, unit: Unit, now: int, again_at: int, limit: int, busy: Collection[WebhookId]
    ) -> Sequence[Claimed]:
        """Claim deliveries that are due but those to `busy` endpoints, oldest first; they come again at `again_at`."""
        link, columns = connection(unit), webhook_deliveries.c
        due = (
            select(webhook_deliveries)
            .where(columns.due_at <= now, columns.webhook_id.not_in(busy))
            .order_by(columns.due_at, columns.event_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = list(await link.execute(due))
        if not rows:
            return []
        places = [(row.webhook_id, row.event_id) for row in rows]
        claimed = tuple_(columns.webhook_id, columns.event_id).in_(places)
        await link.execute(update(webhook_deliveries).where(claimed).values(due_at=again_at))
        named = webhook_endpoints.c.id.in_({row.webhook_id for row in rows})
        endpoints = {row.id: row for row in await link.execute(select(webhook_endpoints).where(named))}
        return [_claimed(row, endpoints[row.webhook_id]) for row in rows if row.webhook_id in endpoints]

    async def note(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        webhook_id: WebhookId,
        event_id: WebhookEventId,
        standing: Standing,
    ) -> None:
        """Keep how a delivery stands after an attempt."""
        one = (*_to(organization_id, webhook_id), webhook_deliveries.c.event_id == event_id)
        values = {
            "state": standing.state.value,
            "attempts": standing.attempts,
            "last_status": standing.last_status,
            "last_error": standing.last_error,
            "due_at": standing.due_at,
            "ended_at": standing.ended_at,
        }
        await connection(unit).execute(update(webhook_deliveries).where(*one).values(values))

    async def deliveries(
        self, unit: Unit, organization_id: OrganizationId, webhook_id: WebhookId, cursor: IdCursor
    ) -> Page[Delivery]:
        """Return deliveries to an endpoint, newest first; InvalidRequest for a cursor's event that is not there."""
        columns, its = webhook_deliveries.c, and_(*_to(organization_id, webhook_id))
        query = select(webhook_deliveries).where(its)
        rows, has_more = await list_rows(unit, query, its, (columns.created_at, columns.event_id), cursor)
        return Page(tuple(map(_shown, rows)), has_more=has_more)

    async def sweep_ended(self, unit: Unit, before: int) -> None:
        """Forget deliveries of this server that ended before an instant."""
        await connection(unit).execute(delete(webhook_deliveries).where(webhook_deliveries.c.ended_at < before))


def _one(organization_id: OrganizationId, webhook_id: WebhookId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return webhook_endpoints.c.organization_id == organization_id, webhook_endpoints.c.id == webhook_id


def _to(organization_id: OrganizationId, webhook_id: WebhookId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    columns = webhook_deliveries.c
    return columns.organization_id == organization_id, columns.webhook_id == webhook_id


def _waiting(organization_id: OrganizationId, webhook_id: WebhookId) -> tuple[ColumnElement[bool], ...]:
    return (*_to(organization_id, webhook_id), webhook_deliveries.c.state == DeliveryState.PENDING.value)


def _changing(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "url": endpoint.url,
        "name": endpoint.name,
        "description": endpoint.description,
        "events": " ".join(endpoint.events),
        "state": endpoint.state.value,
        "disabled_reason": endpoint.disabled_reason,
        "failures": endpoint.failures,
        "failing_since": endpoint.failing_since,
        "updated_at": endpoint.updated_at,
    }


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id,
        organization_id=row.organization_id,
        url=row.url,
        name=row.name,
        description=row.description,
        events=tuple(EventType(name) for name in row.events.split()),
        state=State(row.state),
        disabled_reason=row.disabled_reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
        failures=row.failures,
        failing_since=row.failing_since,
    )


def _claimed(row: Row[Any], endpoint: Row[Any]) -> Claimed:
    return Claimed(row.event_id, _endpoint(endpoint), endpoint.secret, row.body, row.attempts)


def _shown(row: Row[Any]) -> Delivery:
    return Delivery(
        event_id=WebhookEventId(row.event_id),
        event_type=type_of(bytes(row.body)),
        created_at=row.created_at,
        standing=Standing(
            state=DeliveryState(row.state),
            attempts=row.attempts,
            last_status=row.last_status,
            last_error=row.last_error,
            due_at=row.due_at,
            ended_at=row.ended_at,
        ),
    )
