"""Service accounts in the database, and what they are in workspaces."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, delete, insert, select, text, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import OrganizationId, ServiceAccountId, WorkspaceId
from antechamber.base.permissions import ServiceAccountRole, WorkspaceRole
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.locks import lock_organization
from antechamber.database.upserts import insert_into
from antechamber.features.federation.model.accounts import Membership, ServiceAccount
from antechamber.features.federation.ports import Asked
from antechamber.features.federation.sql.tables import (
    ask,
    here,
    live_named,
    read_stamps,
    service_account_memberships,
    service_accounts,
    stamps,
)

# Thousands of places come as one value: as parameters they cost more to write down than to look up.
_IN_PLACES_SQLITE: Final = text(
    "SELECT known.workspace_id, known.service_account_id, known.role FROM json_each(:places) AS place"
    " JOIN service_account_memberships AS known ON known.workspace_id = json_extract(place.value, '$[0]')"
    " AND known.service_account_id = json_extract(place.value, '$[1]')"
)
_IN_PLACES_POSTGRESQL: Final = text(
    "SELECT known.workspace_id, known.service_account_id, known.role"
    " FROM json_array_elements(CAST(:places AS json)) AS place"
    " JOIN service_account_memberships AS known ON known.workspace_id = place ->> 0"
    " AND known.service_account_id = place ->> 1"
)


class SqlServiceAccounts:
    """The store of service accounts."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, account: ServiceAccount) -> None:
        """Keep a new one."""
        values = {"id": account.id, "name": account.name, **_changeable(account)}
        await connection(unit).execute(insert(service_accounts).values(organization_id=organization_id, **values))

    async def save(self, unit: Unit, organization_id: OrganizationId, account: ServiceAccount) -> None:
        """Keep what has changed of one, and announce it."""
        place = here(service_accounts, organization_id, account.id)
        await connection(unit).execute(update(service_accounts).where(*place).values(**_changeable(account)))
        announce(unit, CREDENTIALS)

    async def find(
        self, unit: Unit, organization_id: OrganizationId, service_account_id: ServiceAccountId
    ) -> ServiceAccount | None:
        """Return one, archived or not."""
        query = select(service_accounts).where(*here(service_accounts, organization_id, service_account_id))
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read(row)

    async def named(self, unit: Unit, organization_id: OrganizationId, name: str) -> ServiceAccount | None:
        """Return the live one with this name."""
        query = select(service_accounts).where(*live_named(service_accounts, organization_id, name))
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read(row)

    async def listing(self, unit: Unit, organization_id: OrganizationId, asked: Asked) -> Sequence[ServiceAccount]:
        """Return what was asked for."""
        query = ask(select(service_accounts), service_accounts, organization_id, asked)
        return [_read(row) for row in await connection(unit).execute(query)]

    async def several(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[ServiceAccountId]
    ) -> Sequence[ServiceAccount]:
        """Return those of these that there are, archived or not."""
        query = select(service_accounts).where(
            service_accounts.c.organization_id == organization_id, service_accounts.c.id.in_(ids)
        )
        return [_read(row) for row in await connection(unit).execute(query)]

    async def sweep_roles(self, unit: Unit) -> Mapping[tuple[OrganizationId, ServiceAccountId], ServiceAccountRole]:
        """Return the role of every live service account of this server."""
        columns = service_accounts.c
        query = select(columns.organization_id, columns.id, columns.role).where(columns.archived_at.is_(None))
        rows = await connection(unit).execute(query)
        return {(row.organization_id, row.id): ServiceAccountRole(row.role) for row in rows}


class SqlMemberships:
    """The store of the roles that service accounts were given in workspaces."""

    async def find(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        service_account_id: ServiceAccountId,
    ) -> Membership | None:
        """Return the membership that was given."""
        query = _memberships(organization_id).where(*_at(workspace_id, service_account_id))
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read_membership(row)

    async def put(self, unit: Unit, organization_id: OrganizationId, membership: Membership, created_at: int) -> None:
        """Keep the role, in place of the one before, and announce it; when and by whom stays that of the first."""
        link = connection(unit)
        statement = insert_into(service_account_memberships, link).values(
            workspace_id=membership.workspace_id,
            service_account_id=membership.service_account_id,
            organization_id=organization_id,
            role=membership.role,
            created_at=created_at,
            created_by=membership.created_by,
        )
        key = ["workspace_id", "service_account_id"]
        await link.execute(statement.on_conflict_do_update(index_elements=key, set_={"role": membership.role}))
        announce(unit, CREDENTIALS)

    async def drop(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        service_account_id: ServiceAccountId,
    ) -> None:
        """Forget it, and announce it."""
        tenant = service_account_memberships.c.organization_id == organization_id
        place = _at(workspace_id, service_account_id)
        await connection(unit).execute(delete(service_account_memberships).where(tenant, *place))
        announce(unit, CREDENTIALS)

    async def of_account(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        service_account_id: ServiceAccountId,
        after: WorkspaceId | None,
        limit: int,
    ) -> Sequence[Membership]:
        """Return at most `limit` memberships of a service account whose workspace comes after one; ids descend."""
        columns = service_account_memberships.c
        query = _memberships(organization_id).where(columns.service_account_id == service_account_id)
        if after is not None:
            query = query.where(columns.workspace_id < after)
        rows = await connection(unit).execute(query.order_by(columns.workspace_id.desc()).limit(limit))
        return [_read_membership(row) for row in rows]

    async def of_workspace(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        after: ServiceAccountId | None,
        limit: int,
    ) -> Sequence[Membership]:
        """Return at most `limit` memberships of live service accounts that come after one; ids descend."""
        columns = service_account_memberships.c
        query = (
            _memberships(organization_id)
            .join(service_accounts, service_accounts.c.id == columns.service_account_id)
            .where(columns.workspace_id == workspace_id, service_accounts.c.archived_at.is_(None))
        )
        if after is not None:
            query = query.where(columns.service_account_id < after)
        rows = await connection(unit).execute(query.order_by(columns.service_account_id.desc()).limit(limit))
        return [_read_membership(row) for row in rows]

    async def sweep_roles(
        self, unit: Unit, places: Collection[tuple[WorkspaceId, ServiceAccountId]]
    ) -> Mapping[tuple[WorkspaceId, ServiceAccountId], WorkspaceRole]:
        """Return the roles given to these service accounts in these workspaces, of any organisation."""
        link = connection(unit)
        statement = _IN_PLACES_SQLITE if link.dialect.name == "sqlite" else _IN_PLACES_POSTGRESQL
        rows = await link.execute(statement, {"places": json.dumps(list(places))})
        return {(row.workspace_id, row.service_account_id): WorkspaceRole(row.role) for row in rows}


def _memberships(organization_id: OrganizationId) -> Select[Any]:
    return select(service_account_memberships).where(service_account_memberships.c.organization_id == organization_id)


def _at(workspace_id: WorkspaceId, service_account_id: ServiceAccountId) -> tuple[ColumnElement[bool], ...]:
    columns = service_account_memberships.c
    return columns.workspace_id == workspace_id, columns.service_account_id == service_account_id


def _changeable(account: ServiceAccount) -> dict[str, Any]:
    kept = stamps(account.created, account.updated, account.archived)
    return {"description": account.description, "role": account.role, **kept}


def _read(row: Row[Any]) -> ServiceAccount:
    role = ServiceAccountRole(row.role)
    return ServiceAccount(row.id, row.organization_id, row.name, row.description, role, *read_stamps(row))


def _read_membership(row: Row[Any]) -> Membership:
    return Membership(row.service_account_id, row.workspace_id, WorkspaceRole(row.role), row.created_by)
