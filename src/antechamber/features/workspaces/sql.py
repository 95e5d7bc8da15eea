"""Workspaces in the database."""

from typing import Final

from sqlalchemy import Boolean, Column, Index, Table, insert, select, text

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.tables import Instant, Text, metadata
from antechamber.features.workspaces.model import Workspace

workspaces: Final = Table(
    "workspaces",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("display_color", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    Index("ix_workspaces_organization_id", "organization_id", "created_at"),
    Index(
        "uq_workspaces_default",
        "organization_id",
        unique=True,
        sqlite_where=text("is_default"),
        postgresql_where=text("is_default"),
    ),
)


class SqlWorkspaces:
    """The store of workspaces."""

    async def add(self, unit: Unit, organization_id: OrganizationId, workspace: Workspace) -> None:
        """Keep a new workspace."""
        await connection(unit).execute(
            insert(workspaces).values(
                id=workspace.id,
                organization_id=organization_id,
                name=workspace.name,
                display_color=workspace.display_color,
                is_default=workspace.is_default,
                created_at=workspace.created_at,
                archived_at=workspace.archived_at,
            )
        )

    async def default(self, unit: Unit, organization_id: OrganizationId) -> Workspace:
        """Return the organisation's Default workspace."""
        rows = await connection(unit).execute(
            select(workspaces).where(workspaces.c.organization_id == organization_id, workspaces.c.is_default)
        )
        row = rows.one()
        return Workspace(
            id=row.id,
            organization_id=row.organization_id,
            name=row.name,
            display_color=row.display_color,
            is_default=row.is_default,
            created_at=row.created_at,
            archived_at=row.archived_at,
        )
