"""Workspaces in the database."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import ExternalKeyId, OrganizationId, WorkspaceId
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.listing import list_rows
from antechamber.database.locks import lock_organization
from antechamber.features.workspaces.model import DataResidency, Geo, Workspace, WorkspaceKind
from antechamber.features.workspaces.sql.tables import workspaces

# built once, as each exchange of a token asks it: building it costs more than the answer
_FIND: Final = select(workspaces).where(
    workspaces.c.organization_id == bindparam("tenant"), workspaces.c.id == bindparam("which")
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
        announce(unit, CREDENTIALS)

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
        rows = await connection(unit).execute(_FIND, {"tenant": organization_id, "which": workspace_id})
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

    async def keys_in_use(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[ExternalKeyId]
    ) -> Collection[ExternalKeyId]:
        """Return those of these external keys that a workspace is tied to, archived or not."""
        query = select(workspaces.c.external_key_id).where(
            workspaces.c.organization_id == organization_id, workspaces.c.external_key_id.in_(ids)
        )
        return set((await connection(unit).execute(query)).scalars())

    async def sweep_kinds(self, unit: Unit) -> Mapping[WorkspaceId, WorkspaceKind]:
        """Return the kind of every live workspace of this server."""
        rows = await connection(unit).execute(
            select(workspaces.c.id, workspaces.c.kind).where(workspaces.c.archived_at.is_(None))
        )
        return {row.id: WorkspaceKind(row.kind) for row in rows}


def _here(organization_id: OrganizationId, workspace_id: WorkspaceId) -> tuple[ColumnElement[bool], ...]:
    return workspaces.c.organization_id == organization_id, workspaces.c.id == workspace_id


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
        "external_key_id": workspace.external_key_id,
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
        external_key_id=row.external_key_id,
    )
