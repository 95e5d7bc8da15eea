"""The tables of keys."""

import json
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_network
from typing import Any, Final

from sqlalchemy import Boolean, Column, Index, Row, Table

from antechamber.base.principal import Network
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
    Column("user_id", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("created_by", Text),
    # JSON arrays
    Column("models", Text),
    Column("networks", Text),
    Index("ix_api_keys_organization_id", "organization_id", "created_at"),
    Index("ix_api_keys_workspace_id", "workspace_id", "created_at"),
)

api_key_secrets: Final = Table(
    "api_key_secrets",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("api_key_id", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoke_at", Instant),
    Column("last_used_at", Instant),
    Index("ix_api_key_secrets_api_key_id", "api_key_id", "created_at"),
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
    # separated by spaces
    Column("scopes", Text),
    Column("created_by", Text),
    Column("last_used_at", Instant),
    Index("ix_admin_keys_organization_id", "organization_id", "created_at"),
)


_API_KEY_COLUMNS: Final = len(api_keys.columns)


# to ask the enumeration takes a third of the time of all the rest
_STATUSES: Final = {status.value: status for status in Status}


def as_api_key(row: Row[Any]) -> StoredApiKey:
    """Return the key of a row that begins with the columns of `api_keys`."""
    # by place: by name each column costs as much as the whole
    values: tuple[Any, ...] = row[:_API_KEY_COLUMNS]
    key_id, organization_id, workspace_id, default, name, status, hint, user_id, made, ends, maker, models, nets = (
        values
    )
    return StoredApiKey(
        key_id,
        organization_id,
        workspace_id,
        default,
        name,
        _STATUSES[status],
        hint,
        user_id,
        made,
        ends,
        maker,
        read_models(models),
        read_networks(nets),
    )


def as_admin_key(row: Row[Any]) -> StoredAdminKey:
    """Return the key of a row of `admin_keys`."""
    return StoredAdminKey(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        status=Status(row.status),
        hint=row.hint,
        created_at=row.created_at,
        expires_at=row.expires_at,
        scopes=read_scopes(row.scopes),
        created_by=row.created_by,
        last_used_at=row.last_used_at,
    )


@lru_cache(maxsize=4096)
def read_models(text: str | None) -> tuple[str, ...] | None:
    """Return a key's models as they are kept."""
    return None if text is None else tuple(json.loads(text))


@lru_cache(maxsize=4096)
def read_networks(text: str | None) -> tuple[Network, ...] | None:
    """Return a key's networks as they are kept."""
    return None if text is None else tuple(ip_network(item) for item in json.loads(text))


def read_scopes(text: str | None) -> tuple[str, ...]:
    """Return an admin key's scopes as they are kept."""
    return tuple((text or "").split())


def write_list(values: Sequence[str] | Sequence[Network] | None) -> str | None:
    """Return a key's models or networks in the form that is kept."""
    return None if values is None else json.dumps([str(value) for value in values])
