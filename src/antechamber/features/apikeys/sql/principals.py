"""Whom a secret stands for, and when it last did; across every organisation, for authentication alone."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, Select, or_, select, update

from antechamber.base.principal import AdminKey, ApiKey
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.features.apikeys.model import Status
from antechamber.features.apikeys.sql.tables import (
    admin_keys,
    api_key_secrets,
    api_keys,
    read_models,
    read_networks,
    read_scopes,
)

_MOST_AT_ONCE = 500  # bound variables, of which databases take some thousands


class SqlPrincipals:
    """Finds active keys by the digests of their secrets.

    A personal key comes without its owner's role, which only whoever joins members and workspaces knows.
    """

    async def resolve_api_key(self, unit: Unit, digest: bytes) -> ApiKey | None:
        """Return the active key behind a secret."""
        rows = await connection(unit).execute(_api_key_columns().where(api_key_secrets.c.digest == digest))
        row = rows.one_or_none()
        return None if row is None else _as_api_key(row)

    async def resolve_admin_key(self, unit: Unit, digest: bytes) -> AdminKey | None:
        """Return the active admin key behind a secret."""
        rows = await connection(unit).execute(_admin_key_columns().where(admin_keys.c.digest == digest))
        row = rows.one_or_none()
        return None if row is None else _as_admin_key(row)

    async def sweep_api_keys(self, unit: Unit, now: int) -> dict[bytes, ApiKey]:
        """Return the active key behind every secret that is not past its end."""
        ends = (api_key_secrets.c.revoke_at, api_keys.c.expires_at)
        ahead = [or_(end.is_(None), end > now) for end in ends]
        rows = await connection(unit).execute(_api_key_columns().where(*ahead))
        return {row.digest: _as_api_key(row) for row in rows}

    async def sweep_admin_keys(self, unit: Unit) -> dict[bytes, AdminKey]:
        """Return the active admin key behind every secret."""
        rows = await connection(unit).execute(_admin_key_columns())
        return {row.digest: _as_admin_key(row) for row in rows}

    async def sweep_used(self, unit: Unit, digests: Collection[bytes], now: int) -> None:
        """Note that these secrets were used by now; those that are no key's are passed over."""
        waiting = sorted(digests)
        link = connection(unit)
        for first in range(0, len(waiting), _MOST_AT_ONCE):
            part = waiting[first : first + _MOST_AT_ONCE]
            for table in (api_key_secrets, admin_keys):
                earlier = or_(table.c.last_used_at.is_(None), table.c.last_used_at < now)
                await link.execute(update(table).where(table.c.digest.in_(part), earlier).values(last_used_at=now))


def _api_key_columns() -> Select[Any]:
    return (
        select(
            api_key_secrets.c.digest,
            api_key_secrets.c.revoke_at,
            api_keys.c.id,
            api_keys.c.organization_id,
            api_keys.c.workspace_id,
            api_keys.c.default_workspace,
            api_keys.c.user_id,
            api_keys.c.expires_at,
            api_keys.c.models,
            api_keys.c.networks,
        )
        .join_from(api_key_secrets, api_keys, api_key_secrets.c.api_key_id == api_keys.c.id)
        .where(api_keys.c.status == Status.ACTIVE)
    )


def _as_api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        key_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        default_workspace=row.default_workspace,
        user_id=row.user_id,
        expires_at=_earlier(row.expires_at, row.revoke_at),
        models=read_models(row.models),
        networks=read_networks(row.networks),
    )


def _earlier(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def _admin_key_columns() -> Select[Any]:
    return select(
        admin_keys.c.digest,
        admin_keys.c.id,
        admin_keys.c.organization_id,
        admin_keys.c.expires_at,
        admin_keys.c.scopes,
    ).where(admin_keys.c.status == Status.ACTIVE)


def _as_admin_key(row: Row[Any]) -> AdminKey:
    return AdminKey(row.id, row.organization_id, row.expires_at, read_scopes(row.scopes))
