"""Admin keys in the database."""

from sqlalchemy import insert, select, update

from antechamber.base.ids import AdminKeyId, OrganizationId
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.listing import list_rows
from antechamber.database.locks import lock_organization
from antechamber.features.apikeys.model import Status, StoredAdminKey
from antechamber.features.apikeys.sql.tables import admin_keys, as_admin_key


class SqlAdminKeys:
    """The store of admin keys; a revoked one stays as an archived row."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Wait until no other writing transaction of the organisation is open."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, key: StoredAdminKey, digest: bytes) -> None:
        """Keep a new key, and announce it."""
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
                scopes=" ".join(key.scopes) or None,
                created_by=key.created_by,
            )
        )
        announce(unit, CREDENTIALS)

    async def get(self, unit: Unit, organization_id: OrganizationId, key_id: AdminKeyId) -> StoredAdminKey | None:
        """Return the key, revoked or not, or None."""
        rows = await connection(unit).execute(
            select(admin_keys).where(admin_keys.c.organization_id == organization_id, admin_keys.c.id == key_id)
        )
        row = rows.one_or_none()
        return None if row is None else as_admin_key(row)

    async def listing(self, unit: Unit, organization_id: OrganizationId, cursor: IdCursor) -> Page[StoredAdminKey]:
        """Return a page of the keys that are not revoked, newest first."""
        mine = admin_keys.c.organization_id == organization_id
        query = select(admin_keys).where(mine, admin_keys.c.status != Status.ARCHIVED)
        rows, has_more = await list_rows(unit, query, mine, (admin_keys.c.created_at, admin_keys.c.id), cursor)
        return Page(tuple(as_admin_key(row) for row in rows), has_more)

    async def put(self, unit: Unit, organization_id: OrganizationId, key: StoredAdminKey) -> None:
        """Keep a key's name and status as they are now, and announce it."""
        await connection(unit).execute(
            update(admin_keys)
            .where(admin_keys.c.organization_id == organization_id, admin_keys.c.id == key.id)
            .values(name=key.name, status=key.status)
        )
        announce(unit, CREDENTIALS)
