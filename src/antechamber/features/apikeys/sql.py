"""Keys in the database."""

from typing import Any, Final

from sqlalchemy import Boolean, Column, Index, Row, Select, Table, insert, select, update

from antechamber.base.ids import AdminKeyId, ApiKeyId, OrganizationId
from antechamber.base.principal import AdminKey, ApiKey, Principal
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.tables import Digest, Instant, Text, metadata
from antechamber.features.apikeys.model import Status, StoredAdminKey, StoredApiKey

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    # Kept on the row so that whom a key stands for is one look-up, without another feature's table.
    Column("default_workspace", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("digest", Digest, nullable=False, unique=True),
    Column("user_id", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Index("ix_api_keys_organization_id", "organization_id", "created_at"),
)

admin_keys: Final = Table(
    "admin_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("digest", Digest, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Index("ix_admin_keys_organization_id", "organization_id", "created_at"),
)


def _principal_columns() -> Select[Any]:
    return select(
        api_keys.c.digest,
        api_keys.c.id,
        api_keys.c.organization_id,
        api_keys.c.workspace_id,
        api_keys.c.default_workspace,
        api_keys.c.user_id,
        api_keys.c.expires_at,
    ).where(api_keys.c.status == Status.ACTIVE)


def _admin_columns() -> Select[Any]:
    return select(admin_keys.c.digest, admin_keys.c.id, admin_keys.c.organization_id, admin_keys.c.expires_at).where(
        admin_keys.c.status == Status.ACTIVE
    )


def _as_api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(row.id, row.organization_id, row.workspace_id, row.default_workspace, row.user_id, row.expires_at)


def _as_admin_key(row: Row[Any]) -> AdminKey:
    return AdminKey(row.id, row.organization_id, row.expires_at)


class SqlKeys:
    """The store of API keys and admin keys."""

    async def add_api_key(self, unit: Unit, organization_id: OrganizationId, key: StoredApiKey, digest: bytes) -> None:
        """Keep a new API key, and announce it."""
        await connection(unit).execute(
            insert(api_keys).values(
                id=key.id,
                organization_id=organization_id,
                workspace_id=key.workspace_id,
                default_workspace=key.default_workspace,
                name=key.name,
                status=key.status,
                hint=key.hint,
                digest=digest,
                user_id=key.user_id,
                created_at=key.created_at,
                expires_at=key.expires_at,
            )
        )
        await announce(unit, CREDENTIALS)

    async def add_admin_key(
        self, unit: Unit, organization_id: OrganizationId, key: StoredAdminKey, digest: bytes
    ) -> None:
        """Keep a new admin key, and announce it."""
        await connection(unit).execute(
            insert(admin_keys).values(
                id=key.id,
                organization_id=organization_id,
                name=key.name,
                status=key.status,
                hint=key.hint,
                digest=digest,
                created_at=key.created_at,
                expires_at=key.expires_at,
            )
        )
        await announce(unit, CREDENTIALS)

    async def api_keys(self, unit: Unit, organization_id: OrganizationId) -> list[StoredApiKey]:
        """Return the organisation's API keys, newest first."""
        rows = await connection(unit).execute(
            select(api_keys)
            .where(api_keys.c.organization_id == organization_id)
            .order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc())
        )
        return [
            StoredApiKey(
                id=row.id,
                organization_id=row.organization_id,
                workspace_id=row.workspace_id,
                default_workspace=row.default_workspace,
                name=row.name,
                status=Status(row.status),
                hint=row.hint,
                user_id=row.user_id,
                created_at=row.created_at,
                expires_at=row.expires_at,
            )
            for row in rows
        ]

    async def set_api_key_status(
        self, unit: Unit, organization_id: OrganizationId, key_id: ApiKeyId, status: Status
    ) -> bool:
        """Change a key's status, and announce it; False if the organisation has no such key."""
        return await self._set_status(unit, api_keys, organization_id, key_id, status)

    async def set_admin_key_status(
        self, unit: Unit, organization_id: OrganizationId, key_id: AdminKeyId, status: Status
    ) -> bool:
        """Change an admin key's status, and announce it; False if the organisation has no such key."""
        return await self._set_status(unit, admin_keys, organization_id, key_id, status)

    async def _set_status(
        self, unit: Unit, table: Table, organization_id: OrganizationId, key_id: str, status: Status
    ) -> bool:
        result = await connection(unit).execute(
            update(table).where(table.c.organization_id == organization_id, table.c.id == key_id).values(status=status)
        )
        await announce(unit, CREDENTIALS)
        return result.rowcount > 0

    async def resolve_principal(self, unit: Unit, digest: bytes) -> Principal | None:
        """Return whom an active secret stands for."""
        link = connection(unit)
        row = (await link.execute(_principal_columns().where(api_keys.c.digest == digest))).one_or_none()
        if row is not None:
            return _as_api_key(row)
        row = (await link.execute(_admin_columns().where(admin_keys.c.digest == digest))).one_or_none()
        return None if row is None else _as_admin_key(row)

    async def sweep_principals(self, unit: Unit) -> dict[bytes, Principal]:
        """Return every active secret's principal by digest."""
        link = connection(unit)
        found: dict[bytes, Principal] = {
            row.digest: _as_api_key(row) for row in await link.execute(_principal_columns())
        }
        found.update({row.digest: _as_admin_key(row) for row in await link.execute(_admin_columns())})
        return found
