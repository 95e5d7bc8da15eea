"""Access tokens in the database."""

from typing import Any, Final

from sqlalchemy import Column, Row, Table, delete, insert, select

from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.principal import AccessToken, Principal
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.tables import Digest, Instant, Text, metadata
from antechamber.features.oauth.model import StoredToken

access_tokens: Final = Table(
    "access_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("digest", Digest, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("user_id", Text),
)


class SqlTokens:
    """The store of access tokens."""

    async def add(self, unit: Unit, organization_id: OrganizationId, token: StoredToken, digest: bytes) -> None:
        """Keep a new token, and announce it."""
        await connection(unit).execute(
            insert(access_tokens).values(
                id=token.id,
                organization_id=organization_id,
                scope=token.scope,
                digest=digest,
                created_at=token.created_at,
                expires_at=token.expires_at,
                user_id=token.user_id,
            )
        )
        announce(unit, CREDENTIALS)

    async def remove_of(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> None:
        """Forget a person's tokens, and announce it."""
        theirs = (access_tokens.c.organization_id == organization_id, access_tokens.c.user_id == user_id)
        await connection(unit).execute(delete(access_tokens).where(*theirs))
        announce(unit, CREDENTIALS)

    async def resolve_principal(self, unit: Unit, digest: bytes) -> Principal | None:
        """Return whom a token stands for."""
        rows = await connection(unit).execute(select(access_tokens).where(access_tokens.c.digest == digest))
        row = rows.one_or_none()
        return None if row is None else _principal(row)

    async def sweep_principals(self, unit: Unit, now: int) -> dict[bytes, Principal]:
        """Return every unexpired token's principal by digest."""
        rows = await connection(unit).execute(select(access_tokens).where(access_tokens.c.expires_at > now))
        return {row.digest: _principal(row) for row in rows}


def _principal(row: Row[Any]) -> AccessToken:
    return AccessToken(row.id, row.organization_id, row.scope, row.expires_at, row.user_id)
