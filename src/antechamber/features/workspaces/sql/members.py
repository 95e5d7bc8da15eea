"""Roles given by hand, in the database."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.base.page import IdCursor
from antechamber.base.permissions import WorkspaceRole
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.upserts import insert_into
from antechamber.features.workspaces.sql.tables import workspace_members

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
        statement = insert_into(workspace_members, link).values(
            workspace_id=workspace_id, user_id=user_id, organization_id=organization_id, role=role, added_at=added_at
        )
        await link.execute(
            statement.on_conflict_do_update(index_elements=["workspace_id", "user_id"], set_={"role": role})
        )
        announce(unit, CREDENTIALS)

    async def drop(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId
    ) -> None:
        """Forget the role."""
        await connection(unit).execute(delete(workspace_members).where(*_at(organization_id, workspace_id, user_id)))
        announce(unit, CREDENTIALS)

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


def _at(organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId) -> tuple[ColumnElement[bool], ...]:
    return (
        workspace_members.c.organization_id == organization_id,
        workspace_members.c.workspace_id == workspace_id,
        workspace_members.c.user_id == user_id,
    )
