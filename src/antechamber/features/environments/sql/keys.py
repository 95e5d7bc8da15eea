"""Environment keys in the database, and whom their secrets stand for."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Table, delete, func, insert, or_, select
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import EnvironmentId, EnvironmentKeyId, OrganizationId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.principal import EnvironmentKey
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.listing import page_of
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Digest, Instant, Text, metadata
from antechamber.features.environments.model.keys import StoredEnvironmentKey

environment_keys: Final = Table(
    "environment_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("environment_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Index("ix_environment_keys_environment_id", "environment_id", "created_at"),
    Index("uq_environment_keys_digest", "digest", unique=True),
)


class SqlEnvironmentKeys:
    """The store of environment keys."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, key: StoredEnvironmentKey, digest: bytes) -> None:
        """Keep a new key."""
        values = {
            "id": key.id,
            "workspace_id": key.workspace_id,
            "environment_id": key.environment_id,
            "name": key.name,
            "hint": key.hint,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
        }
        statement = insert(environment_keys).values(organization_id=organization_id, digest=digest, **values)
        await connection(unit).execute(statement)

    async def drop(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, key_id: EnvironmentKeyId
    ) -> StoredEnvironmentKey | None:
        """Remove a key, let the credentials' holders know, and return it; None if there is none."""
        here = (*_of(organization_id, environment_id), environment_keys.c.id == key_id)
        link = connection(unit)
        row = (await link.execute(select(environment_keys).where(*here))).first()
        if row is None:
            return None
        await link.execute(delete(environment_keys).where(*here))
        announce(unit, CREDENTIALS)
        return _read(row)

    async def drop_environment(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId
    ) -> None:
        """Remove every key of an environment, and let the credentials' holders know."""
        await connection(unit).execute(delete(environment_keys).where(*_of(organization_id, environment_id)))
        announce(unit, CREDENTIALS)

    async def drop_workspace(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> None:
        """Remove every key of a workspace, and let the credentials' holders know."""
        inside = environment_keys.c.workspace_id == workspace_id
        tenant = environment_keys.c.organization_id == organization_id
        await connection(unit).execute(delete(environment_keys).where(tenant, inside))
        announce(unit, CREDENTIALS)

    async def count(self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId) -> int:
        """Return how many keys an environment has."""
        query = select(func.count()).where(*_of(organization_id, environment_id))
        count: int = (await connection(unit).execute(query)).scalar_one()
        return count

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, asked: Asked
    ) -> Sequence[StoredEnvironmentKey]:
        """Return an environment's keys, newest first."""
        query = select(environment_keys).where(*_of(organization_id, environment_id))
        order = (environment_keys.c.created_at, environment_keys.c.id)
        return [_read(row) for row in await connection(unit).execute(page_of(query, order, asked))]

    async def resolve_key(self, unit: Unit, digest: bytes) -> EnvironmentKey | None:
        """Return whom a secret stands for."""
        rows = await connection(unit).execute(select(environment_keys).where(environment_keys.c.digest == digest))
        row = rows.one_or_none()
        return None if row is None else _as_principal(row)

    async def sweep_keys(self, unit: Unit, now: int) -> dict[bytes, EnvironmentKey]:
        """Return whom every secret stands for that is not past its end."""
        ahead = or_(environment_keys.c.expires_at.is_(None), environment_keys.c.expires_at > now)
        rows = await connection(unit).execute(select(environment_keys).where(ahead))
        return {row.digest: _as_principal(row) for row in rows}


def _of(organization_id: OrganizationId, environment_id: EnvironmentId) -> tuple[ColumnElement[bool], ...]:
    return environment_keys.c.organization_id == organization_id, environment_keys.c.environment_id == environment_id


def _read(row: Row[Any]) -> StoredEnvironmentKey:
    return StoredEnvironmentKey(
        id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        environment_id=row.environment_id,
        name=row.name,
        hint=row.hint,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _as_principal(row: Row[Any]) -> EnvironmentKey:
    return EnvironmentKey(row.id, row.organization_id, row.workspace_id, row.environment_id, row.expires_at)
