"""Workspaces and the roles that people were given in them, in the database."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, String, Table, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import WorkspaceRole
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.listing import list_rows
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Instant, Text, metadata
from antechamber.features.workspaces.model import DataResidency, Geo, Workspace, WorkspaceKind

_ONLY_DEFAULT: Final = text("kind = 'default'")
_ONLY_LIVE_CLAUDE_CODE: Final = text("kind = 'claude_code' AND archived_at IS NULL")
# ids are compared by Python too, which knows no other order
_Ordered: Final = String().with_variant(String(collation="C"), "postgresql")

workspaces: Final = Table(
    "workspaces",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("display_color", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("compartment_id", Text, nullable=False),
    Column("workspace_geo", Text, nullable=False),
    Column("allowed_inference_geos", Text),
    Column("default_inference_geo", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    Index("ix_workspaces_organization_id", "organization_id", "created_at"),
    Index(
        "uq_workspaces_default",
        "organization_id",
        unique=True,
        sqlite_where=_ONLY_DEFAULT,
        postgresql_where=_ONLY_DEFAULT,
    ),
    Index(
        "uq_workspaces_claude_code",
        "organization_id",
        unique=True,
        sqlite_where=_ONLY_LIVE_CLAUDE_CODE,
        postgresql_where=_ONLY_LIVE_CLAUDE_CODE,
    ),
)

workspace_members: Final = Table(
    "workspace_members",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("user_id", _Ordered, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("added_at", Instant, nullable=False),
    Index("ix_workspace_members_user_id", "user_id"),
)

# Thousands of places come as one value: as parameters they cost more to write down than to look up.
_IN_PLACES_SQLITE: Final = text(
    "SELECT known.workspace_id, known.user_id, known.role FROM json_each(:places) AS place"
    " JOIN workspace_members AS known ON known.workspace_id = json_extract(place.value, '$[0]')"
    " AND known.user_id = json_extract(place.value, '$[1]')"
)
_IN_PLACES_POSTGRESQL: Final = text(
    "SELECT known.workspace_id, known.user_id, known.role FROM json_array_elements(CAST(:places AS json)) AS place"
    " JOIN workspace_members AS known ON known.workspace_id = place ->> 0 AND known.user_id = place ->> 1"
)


class SqlWorkspaces:
    """The store of workspaces."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, workspace: Workspace) -> None:
        """Keep a new workspace."""
        values = {
            "id": workspace.id,
            "kind": workspace.kind,
            "compartment_id": workspace.compartment_id,
            "workspace_geo": workspace.data_residency.workspace_geo,
            "created_at": workspace.created_at,
        }
        statement = insert(workspaces).values(organization_id=organization_id, **values, **_changeable(workspace))
        await connection(unit).execute(statement)

    async def save(self, unit: Unit, organization_id: OrganizationId, workspace: Workspace) -> None:
        """Keep what has changed of a known workspace, and let the credentials' holders know."""
        here = _here(organization_id, workspace.id)
        await connection(unit).execute(update(workspaces).where(*here).values(**_changeable(workspace)))
        await announce(unit, CREDENTIALS)

    async def default(self, unit: Unit, organization_id: OrganizationId) -> Workspace:
        """Return the organisation's Default workspace."""
        rows = await connection(unit).execute(
            select(workspaces).where(
                workspaces.c.organization_id == organization_id, workspaces.c.kind == WorkspaceKind.DEFAULT
            )
        )
        return _read(rows.one())

    async def claude_code(self, unit: Unit, organization_id: OrganizationId) -> Workspace | None:
        """Return the newest Claude Code workspace, archived or not; None if there never was one."""
        rows = await connection(unit).execute(
            select(workspaces)
            .where(workspaces.c.organization_id == organization_id, workspaces.c.kind == WorkspaceKind.CLAUDE_CODE)
            .order_by(workspaces.c.archived_at.is_(None).desc(), workspaces.c.created_at.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        return None if row is None else _read(row)

    async def find(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> Workspace | None:
        """Return a workspace, archived or not."""
        rows = await connection(unit).execute(select(workspaces).where(*_here(organization_id, workspace_id)))
        row = rows.one_or_none()
        return None if row is None else _read(row)

    async def named(self, unit: Unit, organization_id: OrganizationId, name: str) -> Workspace | None:
        """Return the live workspace with this name, whatever its capitals."""
        rows = await connection(unit).execute(
            select(workspaces)
            .where(
                workspaces.c.organization_id == organization_id,
                workspaces.c.name_key == name.casefold(),
                workspaces.c.archived_at.is_(None),
            )
            .limit(1)
        )
        row = rows.one_or_none()
        return None if row is None else _read(row)

    async def count(self, unit: Unit, organization_id: OrganizationId) -> tuple[int, int]:
        """Return how many ordinary workspaces live, and how many workspaces there have been of any kind."""
        is_counted = (workspaces.c.kind == WorkspaceKind.ORDINARY) & workspaces.c.archived_at.is_(None)
        rows = await connection(unit).execute(
            select(func.count().filter(is_counted), func.count()).where(workspaces.c.organization_id == organization_id)
        )
        live, total = rows.one()
        return live, total

    async def listing(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        cursor: IdCursor,
        *,
        ids: Collection[WorkspaceId] | None,
        archived: bool,
        default: bool,
    ) -> Page[Workspace]:
        """Return a page, newest first; `archived` and `default` let those through, `ids` only these."""
        tenant = workspaces.c.organization_id == organization_id
        query = select(workspaces).where(tenant)
        if ids is not None:
            query = query.where(workspaces.c.id.in_(ids))
        if not archived:
            query = query.where(workspaces.c.archived_at.is_(None))
        if not default:
            query = query.where(workspaces.c.kind != WorkspaceKind.DEFAULT)
        rows, has_more = await list_rows(unit, query, tenant, (workspaces.c.created_at, workspaces.c.id), cursor)
        return Page(tuple(_read(row) for row in rows), has_more)

    async def several(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[WorkspaceId]
    ) -> Sequence[Workspace]:
        """Return those of these workspaces that there are, archived or not."""
        rows = await connection(unit).execute(
            select(workspaces).where(workspaces.c.organization_id == organization_id, workspaces.c.id.in_(ids))
        )
        return [_read(row) for row in rows]

    async def sweep_kinds(self, unit: Unit) -> Mapping[WorkspaceId, WorkspaceKind]:
        """Return the kind of every live workspace of this server."""
        rows = await connection(unit).execute(
            select(workspaces.c.id, workspaces.c.kind).where(workspaces.c.archived_at.is_(None))
        )
        return {row.id: WorkspaceKind(row.kind) for row in rows}


class SqlWorkspaceMembers:
    """The store of the roles that were given by hand."""

    async def find(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId
    ) -> WorkspaceRole | None:
        """Return the role that a person was given in a workspace."""
        rows = await connection(unit).execute(
            select(workspace_members.c.role).where(*_at(organization_id, workspace_id, user_id))
        )
        role = rows.scalar_one_or_none()
        return None if role is None else WorkspaceRole(role)

    async def put(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        user_id: UserId,
        role: WorkspaceRole,
        added_at: int,
    ) -> None:
        """Keep the role, in place of the one before; `added_at` stays that of the first."""
        link = connection(unit)
        insert_or = sqlite_insert if link.dialect.name == "sqlite" else postgresql_insert
        statement = insert_or(workspace_members).values(
            workspace_id=workspace_id, user_id=user_id, organization_id=organization_id, role=role, added_at=added_at
        )
        await link.execute(
            statement.on_conflict_do_update(index_elements=["workspace_id", "user_id"], set_={"role": role})
        )
        await announce(unit, CREDENTIALS)

    async def drop(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId
    ) -> None:
        """Forget the role."""
        await connection(unit).execute(delete(workspace_members).where(*_at(organization_id, workspace_id, user_id)))
        await announce(unit, CREDENTIALS)

    async def of_person(
        self, unit: Unit, organization_id: OrganizationId, user_id: UserId
    ) -> Mapping[WorkspaceId, WorkspaceRole]:
        """Return every role that a person was given."""
        rows = await connection(unit).execute(
            select(workspace_members.c.workspace_id, workspace_members.c.role).where(
                workspace_members.c.user_id == user_id, workspace_members.c.organization_id == organization_id
            )
        )
        return {row.workspace_id: WorkspaceRole(row.role) for row in rows}

    async def count(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> int:
        """Return how many people were given a role in a workspace."""
        rows = await connection(unit).execute(
            select(func.count()).where(
                workspace_members.c.workspace_id == workspace_id,
                workspace_members.c.organization_id == organization_id,
            )
        )
        return rows.scalar_one()

    async def slice(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, cursor: IdCursor
    ) -> Sequence[tuple[UserId, WorkspaceRole]]:
        """Return at most limit + 1 roles beyond the cursor, nearest first: ids descend, or ascend `before_id`."""
        key = workspace_members.c.user_id
        query = select(key, workspace_members.c.role).where(
            workspace_members.c.workspace_id == workspace_id, workspace_members.c.organization_id == organization_id
        )
        if cursor.before_id is not None:
            query = query.where(key > cursor.before_id).order_by(key.asc())
        else:
            query = query.order_by(key.desc())
            if cursor.after_id is not None:
                query = query.where(key < cursor.after_id)
        rows = await connection(unit).execute(query.limit(cursor.limit + 1))
        return [(row.user_id, WorkspaceRole(row.role)) for row in rows]

    async def sweep_roles(
        self, unit: Unit, places: Collection[tuple[WorkspaceId, UserId]]
    ) -> Mapping[tuple[WorkspaceId, UserId], WorkspaceRole]:
        """Return the roles given by hand to these people in these workspaces, of any organisation."""
        link = connection(unit)
        statement = _IN_PLACES_SQLITE if link.dialect.name == "sqlite" else _IN_PLACES_POSTGRESQL
        rows = await link.execute(statement, {"places": json.dumps(list(places))})
        return {(row.workspace_id, row.user_id): WorkspaceRole(row.role) for row in rows}


def _here(organization_id: OrganizationId, workspace_id: WorkspaceId) -> tuple[ColumnElement[bool], ...]:
    return workspaces.c.organization_id == organization_id, workspaces.c.id == workspace_id


def _at(organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId) -> tuple[ColumnElement[bool], ...]:
    return (
        workspace_members.c.organization_id == organization_id,
        workspace_members.c.workspace_id == workspace_id,
        workspace_members.c.user_id == user_id,
    )


def _changeable(workspace: Workspace) -> dict[str, Any]:
    allowed = workspace.data_residency.allowed
    return {
        "name": workspace.name,
        "name_key": workspace.name.casefold(),
        "display_color": workspace.display_color,
        "allowed_inference_geos": None if allowed is None else ",".join(allowed),
        "default_inference_geo": workspace.data_residency.default,
        "tags": json.dumps(dict(workspace.tags), separators=(",", ":")),
        "archived_at": workspace.archived_at,
    }


def _read(row: Row[Any]) -> Workspace:
    allowed = row.allowed_inference_geos
    return Workspace(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        display_color=row.display_color,
        kind=WorkspaceKind(row.kind),
        compartment_id=row.compartment_id,
        created_at=row.created_at,
        archived_at=row.archived_at,
        data_residency=DataResidency(
            row.workspace_geo,
            None if allowed is None else tuple(Geo(geo) for geo in allowed.split(",")),
            Geo(row.default_inference_geo),
        ),
        tags=json.loads(row.tags),
    )
