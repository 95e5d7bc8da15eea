"""External keys in the database."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Table, delete, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import ExternalKeyId, OrganizationId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.listing import page_of
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Instant, Text, metadata
from antechamber.features.externalkeys.model import ExternalKey, Standing, pack, unpack

external_keys: Final = Table(
    "external_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("display_name", Text),
    Column("provider_config", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_external_keys_organization_id", "organization_id", "created_at", "id"),
)


class SqlExternalKeys:
    """The store of external keys."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, key: ExternalKey) -> None:
        """Keep a new one."""
        values = {"id": key.id, "created_at": key.created_at, **_changeable(key)}
        await connection(unit).execute(insert(external_keys).values(organization_id=organization_id, **values))

    async def save(self, unit: Unit, organization_id: OrganizationId, key: ExternalKey) -> None:
        """Keep what has changed of a known one."""
        statement = update(external_keys).where(*_here(organization_id, key.id)).values(**_changeable(key))
        await connection(unit).execute(statement)

    async def delete(self, unit: Unit, organization_id: OrganizationId, key_id: ExternalKeyId) -> None:
        """Forget one."""
        await connection(unit).execute(delete(external_keys).where(*_here(organization_id, key_id)))

    async def find(self, unit: Unit, organization_id: OrganizationId, key_id: ExternalKeyId) -> ExternalKey | None:
        """Return one."""
        rows = await connection(unit).execute(select(external_keys).where(*_here(organization_id, key_id)))
        row = rows.one_or_none()
        return None if row is None else _read(row)

    async def listing(self, unit: Unit, organization_id: OrganizationId, asked: Asked) -> Sequence[ExternalKey]:
        """Return what was asked for."""
        query = select(external_keys).where(external_keys.c.organization_id == organization_id)
        order = (external_keys.c.created_at, external_keys.c.id)
        return [_read(row) for row in await connection(unit).execute(page_of(query, order, asked))]


def _here(organization_id: OrganizationId, key_id: ExternalKeyId) -> tuple[ColumnElement[bool], ...]:
    return external_keys.c.organization_id == organization_id, external_keys.c.id == key_id


def _changeable(key: ExternalKey) -> dict[str, Any]:
    return {
        "display_name": key.display_name,
        "provider_config": json.dumps(pack(key.config), separators=(",", ":")),
        "standing": key.standing,
        "updated_at": key.updated_at,
    }


def _read(row: Row[Any]) -> ExternalKey:
    return ExternalKey(
        id=row.id,
        organization_id=row.organization_id,
        display_name=row.display_name,
        config=unpack(json.loads(row.provider_config)),
        created_at=row.created_at,
        updated_at=row.updated_at,
        standing=Standing(row.standing),
    )
