"""Organisations in the database."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, Table, insert, select

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.tables import Instant, Text, metadata
from antechamber.features.organizations.model import Organization

organizations: Final = Table(
    "organizations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)


class SqlOrganizations:
    """The store of organisations."""

    async def get(self, unit: Unit, organization_id: OrganizationId) -> Organization | None:
        """Return the organisation, or None."""
        rows = await connection(unit).execute(select(organizations).where(organizations.c.id == organization_id))
        row = rows.one_or_none()
        return None if row is None else Organization(row.id, row.name, row.created_at)

    async def add(self, unit: Unit, organization_id: OrganizationId, organization: Organization) -> None:
        """Keep a new organisation."""
        await connection(unit).execute(
            insert(organizations).values(id=organization_id, name=organization.name, created_at=organization.created_at)
        )

    async def sweep_all(self, unit: Unit) -> Sequence[Organization]:
        """Return every organisation of this server, oldest first."""
        rows = await connection(unit).execute(select(organizations).order_by(organizations.c.created_at))
        return [Organization(row.id, row.name, row.created_at) for row in rows]
