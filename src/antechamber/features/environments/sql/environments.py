"""Environments and their revisions in the database."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.ids import EnvironmentId, OrganizationId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.listing import page_of
from antechamber.database.locks import lock_organization
from antechamber.features.environments.model.configs import from_plain, to_plain
from antechamber.features.environments.model.environments import Change, Environment, Revision
from antechamber.features.environments.sql.tables import environment_revisions, environments


class SqlEnvironments:
    """The store of environments."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, environment: Environment) -> None:
        """Keep a new environment."""
        fixed = {
            "id": environment.id,
            "workspace_id": environment.workspace_id,
            "created_at": environment.created_at,
        }
        statement = insert(environments).values(organization_id=organization_id, **fixed, **_changeable(environment))
        await connection(unit).execute(statement)

    async def save(self, unit: Unit, organization_id: OrganizationId, environment: Environment) -> None:
        """Keep what has changed of a known environment."""
        here = _here(organization_id, environment.id)
        await connection(unit).execute(update(environments).where(*here).values(**_changeable(environment)))

    async def drop(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> None:
        """Remove an environment and its revisions."""
        await connection(unit).execute(delete(environments).where(*_here(organization_id, environment_id)))
        await connection(unit).execute(delete(environment_revisions).where(*_of(organization_id, environment_id)))

    async def find(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, environment_id: EnvironmentId
    ) -> Environment | None:
        """Return an environment of a workspace, archived or not."""
        here = (*_here(organization_id, environment_id), environments.c.workspace_id == workspace_id)
        row = (await connection(unit).execute(select(environments).where(*here))).one_or_none()
        return None if row is None else _read(row)

    async def named(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, name: str
    ) -> EnvironmentId | None:
        """Return the live environment of a workspace with this very name."""
        query = select(environments.c.id).where(
            environments.c.organization_id == organization_id,
            environments.c.workspace_id == workspace_id,
            environments.c.name == name,
            environments.c.archived_at.is_(None),
        )
        found = (await connection(unit).execute(query)).scalar_one_or_none()
        return None if found is None else EnvironmentId(found)

    async def listing(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        asked: Asked,
        *,
        archived: bool,
    ) -> Sequence[Environment]:
        """Return what is asked for, by the time of creation; `archived` ones too."""
        query = select(environments).where(
            environments.c.organization_id == organization_id, environments.c.workspace_id == workspace_id
        )
        if not archived:
            query = query.where(environments.c.archived_at.is_(None))
        rows = await connection(unit).execute(page_of(query, (environments.c.created_at, environments.c.id), asked))
        return [_read(row) for row in rows]

    async def add_revision(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, revision: Revision
    ) -> None:
        """Keep a revision."""
        values = {
            "number": revision.number,
            "change": revision.change,
            "changed_at": revision.changed_at,
            "actor_kind": revision.by.kind,
            "actor_id": revision.by.id,
            "name": revision.name,
            "description": revision.description,
            "config": _write(to_plain(revision.config)),
            "metadata": _write(dict(revision.metadata)),
        }
        statement = insert(environment_revisions).values(
            organization_id=organization_id, environment_id=environment_id, **values
        )
        await connection(unit).execute(statement)

    async def revisions(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        environment_id: EnvironmentId,
        *,
        limit: int,
        before: int | None,
    ) -> Sequence[Revision]:
        """Return at most `limit` revisions, newest first, below the number `before`."""
        number = environment_revisions.c.number
        query = select(environment_revisions).where(*_of(organization_id, environment_id))
        if before is not None:
            query = query.where(number < before)
        rows = await connection(unit).execute(query.order_by(number.desc()).limit(limit))
        return [_read_revision(row) for row in rows]


def _here(organization_id: OrganizationId, environment_id: EnvironmentId) -> tuple[ColumnElement[bool], ...]:
    return environments.c.organization_id == organization_id, environments.c.id == environment_id


def _of(organization_id: OrganizationId, environment_id: EnvironmentId) -> tuple[ColumnElement[bool], ...]:
    return (
        environment_revisions.c.organization_id == organization_id,
        environment_revisions.c.environment_id == environment_id,
    )


def _write(data: dict[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"))


def _changeable(environment: Environment) -> dict[str, Any]:
    return {
        "name": environment.name,
        "description": environment.description,
        "config": _write(to_plain(environment.config)),
        "metadata": _write(dict(environment.metadata)),
        "revision": environment.revision,
        "updated_at": environment.updated_at,
        "archived_at": environment.archived_at,
    }


def _read(row: Row[Any]) -> Environment:
    # by name in the mapping, as `metadata` is the row's own attribute
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's documented accessor
    return Environment(
        id=values["id"],
        organization_id=values["organization_id"],
        workspace_id=values["workspace_id"],
        name=values["name"],
        created_at=values["created_at"],
        updated_at=values["updated_at"],
        description=values["description"],
        config=from_plain(json.loads(values["config"])),
        metadata=json.loads(values["metadata"]),
        revision=values["revision"],
        archived_at=values["archived_at"],
    )


def _read_revision(row: Row[Any]) -> Revision:
    return Revision(
        number=row.number,
        change=Change(row.change),
        changed_at=row.changed_at,
        by=Actor(ActorKind(row.actor_kind), row.actor_id),
        name=row.name,
        description=row.description,
        config=from_plain(json.loads(row.config)),
        metadata=json.loads(row.metadata),
    )
