"""Destinations and their lists of workspaces."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import OrganizationId, TelemetryDestinationId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.database.changes import TELEMETRY, announce
from antechamber.database.engine import connection
from antechamber.database.listing import page_of
from antechamber.database.locks import lock_organization
from antechamber.features.telemetry.model.destinations import (
    ContentMode,
    Destination,
    DisabledReason,
    Health,
    Scope,
    Traces,
)
from antechamber.features.telemetry.model.standing import Standing
from antechamber.features.telemetry.ports import Entry, Stored
from antechamber.features.telemetry.sql.tables import (
    telemetry_destination_workspaces,
    telemetry_destinations,
    telemetry_queue,
)


class SqlDestinations:
    """The store of destinations."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def everything(self, unit: Unit, organization_id: OrganizationId) -> Sequence[Destination]:
        """Return the organisation's destinations, newest first."""
        columns = telemetry_destinations.c
        query = select(telemetry_destinations).where(columns.organization_id == organization_id)
        rows = await connection(unit).execute(query.order_by(columns.created_at.desc(), columns.id.desc()))
        return [_destination(row) for row in rows]

    async def find(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId
    ) -> Stored | None:
        """Return one."""
        query = select(telemetry_destinations).where(*_own(organization_id, destination_id))
        row = (await connection(unit).execute(query)).one_or_none()
        if row is None:
            return None
        standing = Standing(row.due_at, row.failing_since, row.attempts)
        sealed = None if row.sealed_headers is None else bytes(row.sealed_headers)
        return Stored(_destination(row), sealed, standing, row.tested_at)

    async def add(self, unit: Unit, organization_id: OrganizationId, stored: Stored) -> None:
        """Keep a new one."""
        known = stored.destination
        values = {"id": known.id, "organization_id": organization_id, "created_at": known.created_at, **_values(stored)}
        await connection(unit).execute(insert(telemetry_destinations).values(values))
        announce(unit, TELEMETRY)

    async def save(self, unit: Unit, organization_id: OrganizationId, stored: Stored) -> None:
        """Keep what has changed of a known one."""
        own = _own(organization_id, stored.destination.id)
        await connection(unit).execute(update(telemetry_destinations).where(*own).values(_values(stored)))
        announce(unit, TELEMETRY)

    async def drop(self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId) -> None:
        """Remove one with its list and its queue."""
        link = connection(unit)
        for table in (telemetry_queue, telemetry_destination_workspaces):
            own = (table.c.organization_id == organization_id, table.c.destination_id == destination_id)
            await link.execute(delete(table).where(*own))
        await link.execute(delete(telemetry_destinations).where(*_own(organization_id, destination_id)))
        announce(unit, TELEMETRY)

    async def tested(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, at: int
    ) -> None:
        """Keep when one was last tried out."""
        own = _own(organization_id, destination_id)
        await connection(unit).execute(update(telemetry_destinations).where(*own).values(tested_at=at))


class SqlLists:
    """The store of lists of workspaces."""

    async def entries(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId
    ) -> Mapping[WorkspaceId, int]:
        """Return every workspace on a list, and when it was added."""
        columns = telemetry_destination_workspaces.c
        query = select(columns.workspace_id, columns.created_at).where(*_listed(organization_id, destination_id))
        return {WorkspaceId(row.workspace_id): row.created_at for row in await connection(unit).execute(query)}

    async def page(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, asked: Asked
    ) -> Sequence[Entry]:
        """Return the part of a list that is asked for."""
        columns = telemetry_destination_workspaces.c
        query = select(columns.workspace_id, columns.created_at).where(*_listed(organization_id, destination_id))
        rows = await connection(unit).execute(page_of(query, (columns.created_at, columns.workspace_id), asked))
        return [Entry(WorkspaceId(row.workspace_id), row.created_at) for row in rows]

    async def put(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, entry: Entry
    ) -> None:
        """Put a workspace on a list that it is not on."""
        values = {"organization_id": organization_id, "destination_id": destination_id, **entry._asdict()}
        await connection(unit).execute(insert(telemetry_destination_workspaces).values(values))
        announce(unit, TELEMETRY)

    async def drop(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        workspace_ids: Collection[WorkspaceId],
    ) -> None:
        """Take workspaces off a list."""
        named = telemetry_destination_workspaces.c.workspace_id.in_(sorted(workspace_ids))
        removed = delete(telemetry_destination_workspaces).where(*_listed(organization_id, destination_id), named)
        await connection(unit).execute(removed)
        announce(unit, TELEMETRY)


def _own(organization_id: OrganizationId, destination_id: TelemetryDestinationId) -> tuple[ColumnElement[bool], ...]:
    columns = telemetry_destinations.c
    return (columns.organization_id == organization_id, columns.id == destination_id)


def _listed(organization_id: OrganizationId, destination_id: TelemetryDestinationId) -> tuple[ColumnElement[bool], ...]:
    columns = telemetry_destination_workspaces.c
    return (columns.organization_id == organization_id, columns.destination_id == destination_id)


def _values(stored: Stored) -> dict[str, object]:
    known, traces, standing = stored.destination, stored.destination.traces, stored.standing
    return {
        "display_name": known.display_name,
        "endpoint_url": known.endpoint_url,
        "header_names": json.dumps(known.header_names),
        "sealed_headers": stored.sealed,
        "traces_enabled": traces.enabled,
        "traces_url": traces.endpoint_url,
        "content_mode": traces.content_mode.value,
        "max_content_bytes": traces.max_content_bytes,
        "scope": known.scope.value,
        "disabled_reason": None if known.disabled_reason is None else known.disabled_reason.value,
        "updated_at": known.updated_at,
        "failing_since": standing.failing_since,
        "attempts": standing.attempts,
        "due_at": standing.due_at,
    }


def _destination(row: Row[Any]) -> Destination:
    return Destination(
        id=TelemetryDestinationId(row.id),
        organization_id=OrganizationId(row.organization_id),
        display_name=row.display_name,
        endpoint_url=row.endpoint_url,
        header_names=tuple(json.loads(row.header_names)),
        traces=Traces(row.traces_enabled, ContentMode(row.content_mode), row.traces_url, row.max_content_bytes),
        scope=Scope(row.scope),
        disabled_reason=None if row.disabled_reason is None else DisabledReason(row.disabled_reason),
        created_at=row.created_at,
        updated_at=row.updated_at,
        health=Health(row.last_success_at, row.last_error, row.last_error_at),
    )
