"""Access tokens in the database."""

from typing import Final

from sqlalchemy import Column, Table, insert, select

from antechamber.base.ids import OrganizationId
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
            )
        )
        await announce(unit, CREDENTIALS)

    async def resolve_principal(self, unit: Unit, digest: bytes) -> Principal | None:
        """Return whom a token stands for."""
        rows = await connection(unit).execute(select(access_tokens).where(access_tokens.c.digest == digest))
        row = rows.one_or_none()
        return None if row is None else AccessToken(row.id, row.organization_id, row.scope, row.expires_at)

    async def sweep_principals(self, unit: Unit, now: int) -> dict[bytes, Principal]:
        """Return every unexpired token's principal by digest."""
        rows = await connection(unit).execute(select(access_tokens).where(access_tokens.c.expires_at > now))
        return {row.digest: AccessToken(row.id, row.organization_id, row.scope, row.expires_at) for row in rows}
