"""What waits for destinations, and how their deliveries stand."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import OrganizationId, TelemetryDestinationId
from antechamber.base.unit import Unit
from antechamber.database.changes import TELEMETRY, announce
from antechamber.database.engine import connection
from antechamber.database.sqlite import LATER
from antechamber.features.telemetry.model.destinations import DisabledReason, Scope
from antechamber.features.telemetry.model.standing import Standing
from antechamber.features.telemetry.ports import Covering, Place, Waiting
from antechamber.features.telemetry.sql.tables import (
    telemetry_destination_workspaces,
    telemetry_destinations,
    telemetry_queue,
)

_TAKES: Final = (telemetry_destinations.c.disabled_reason.is_(None), telemetry_destinations.c.traces_enabled)
# built once: every look asks it, every second
_IN: Final = insert(telemetry_queue).execution_options(**LATER)


class SqlQueue:
    """The store of what waits."""

    async def sweep_covering(self, unit: Unit) -> Sequence[Covering]:
        """Return every destination that takes traces now."""
        link, columns = connection(unit), telemetry_destinations.c
        found = (await link.execute(select(columns.organization_id, columns.id, columns.scope).where(*_TAKES))).all()
        if not found:
            return []
        listed: dict[str, set[str]] = {}
        entries = telemetry_destination_workspaces.c
        for row in await link.execute(select(entries.destination_id, entries.workspace_id)):
            listed.setdefault(row.destination_id, set()).add(row.workspace_id)
        return [
            Covering(
                OrganizationId(row.organization_id),
                TelemetryDestinationId(row.id),
                Scope(row.scope),
                frozenset(listed.get(row.id, ())),
            )
            for row in found
        ]

    async def sweep_in(self, unit: Unit, at: int, requests: Sequence[tuple[Place, str]]) -> None:
        """Queue requests for destinations."""
        rows = [{**place._asdict(), "queued_at": at, "request_id": request_id} for place, request_id in requests]
        await connection(unit).execute(_IN, rows)

    async def sweep_due(self, unit: Unit, now: int, limit: int) -> Sequence[Place]:
        """Return destinations for which something waits and a delivery is due."""
        columns = telemetry_destinations.c
        waits = select(telemetry_queue.c.request_id).where(telemetry_queue.c.destination_id == columns.id).exists()
        query = select(columns.organization_id, columns.id).where(*_TAKES, columns.due_at <= now, waits)
        rows = await connection(unit).execute(query.order_by(columns.due_at, columns.id).limit(limit))
        return [Place(OrganizationId(row.organization_id), TelemetryDestinationId(row.id)) for row in rows]

    async def sweep_left(self, unit: Unit) -> None:
        """Forget what waits for destinations that take nothing any more."""
        taking = select(telemetry_destinations.c.id).where(*_TAKES)
        await connection(unit).execute(
            delete(telemetry_queue).where(telemetry_queue.c.destination_id.not_in(taking))
        )  # fmt: skip

    async def claim(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, now: int, until: int
    ) -> bool:
        """Say whether a due delivery is the caller's, who has it alone until that instant."""
        own = _own(organization_id, destination_id)
        due = telemetry_destinations.c.due_at <= now
        claimed = update(telemetry_destinations).where(*own, *_TAKES, due).values(due_at=until)
        return (await connection(unit).execute(claimed)).rowcount == 1

    async def waiting(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, limit: int
    ) -> Sequence[Waiting]:
        """Return what has waited longest."""
        columns = telemetry_queue.c
        query = select(columns.queued_at, columns.request_id).where(*_queued(organization_id, destination_id))
        rows = await connection(unit).execute(query.order_by(columns.queued_at, columns.request_id).limit(limit))
        return [Waiting(row.queued_at, row.request_id) for row in rows]

    async def sent(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        gone: Sequence[Waiting],
    ) -> None:
        """Forget what need not be sent any more; what another node has queued in between stays."""
        columns = telemetry_queue.c
        own = (*_queued(organization_id, destination_id), columns.queued_at <= gone[-1].queued_at)
        named = columns.request_id.in_([each.request_id for each in gone])
        await connection(unit).execute(delete(telemetry_queue).where(*own, named))

    async def clear(self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId) -> None:
        """Forget all that waits for one."""
        await connection(unit).execute(delete(telemetry_queue).where(*_queued(organization_id, destination_id)))

    async def trim(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, most: int
    ) -> int:
        """Forget the oldest of what is more than `most`; returns how many those were."""
        link, columns = connection(unit), telemetry_queue.c
        own = _queued(organization_id, destination_id)
        newest = select(columns.queued_at, columns.request_id).where(*own)
        ordered = newest.order_by(columns.queued_at.desc(), columns.request_id.desc()).offset(most).limit(1)
        over = (await link.execute(ordered)).one_or_none()
        if over is None:
            return 0
        return (await link.execute(delete(telemetry_queue).where(*own, _up_to(Waiting(*over))))).rowcount

    async def note_success(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, at: int
    ) -> None:
        """Keep when a delivery last succeeded; none fails any more, and the next is due at once."""
        values = {"last_success_at": at, "failing_since": None, "attempts": 0, "due_at": at}
        own = _own(organization_id, destination_id)
        await connection(unit).execute(update(telemetry_destinations).where(*own).values(values))

    async def note_failure(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        failed: tuple[int, str],
        standing: Standing,
    ) -> None:
        """Keep when and how a delivery failed, and how things stand."""
        at, message = failed
        values = {
            "last_error_at": at,
            "last_error": message,
            "failing_since": standing.failing_since,
            "attempts": standing.attempts,
            "due_at": standing.due_at,
        }
        own = _own(organization_id, destination_id)
        await connection(unit).execute(update(telemetry_destinations).where(*own).values(values))

    async def disable(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        reason: DisabledReason,
        at: int,
    ) -> None:
        """Have a destination take nothing any more, and forget what waits for it."""
        values = {"disabled_reason": reason.value, "updated_at": at}
        own = _own(organization_id, destination_id)
        await connection(unit).execute(update(telemetry_destinations).where(*own).values(values))
        await self.clear(unit, organization_id, destination_id)
        announce(unit, TELEMETRY)


def _own(organization_id: OrganizationId, destination_id: TelemetryDestinationId) -> tuple[ColumnElement[bool], ...]:
    columns = telemetry_destinations.c
    return (columns.organization_id == organization_id, columns.id == destination_id)


def _queued(organization_id: OrganizationId, destination_id: TelemetryDestinationId) -> tuple[ColumnElement[bool], ...]:
    columns = telemetry_queue.c
    return (columns.organization_id == organization_id, columns.destination_id == destination_id)


def _up_to(last: Waiting) -> ColumnElement[bool]:
    columns = telemetry_queue.c
    same = and_(columns.queued_at == last.queued_at, columns.request_id <= last.request_id)
    return or_(columns.queued_at < last.queued_at, same)
