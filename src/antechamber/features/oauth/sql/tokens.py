"""Access tokens in the database."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Row, Table, bindparam, delete, insert, select
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import GrantId, OrganizationId, UserId, WorkspaceId
from antechamber.base.principal import AccessToken
from antechamber.base.unit import Unit
from antechamber.database.changes import CREDENTIALS, announce
from antechamber.database.engine import connection
from antechamber.database.sqlite import LATER
from antechamber.database.tables import Digest, Instant, Text, metadata
from antechamber.features.oauth.model import Holder, StoredToken

access_tokens: Final = Table(
    "access_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("digest", Digest, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("user_id", Text, index=True),
    Column("service_account_id", Text),
    Column("workspace_id", Text, index=True),
    Column("client_id", Text),
    Column("grant_id", Text, index=True),
    Column("rule_id", Text),
)
# built once: an exchange would spend more on building it than the database on answering
_ADD: Final = insert(access_tokens).execution_options(**LATER)
_PRINCIPAL: Final = (
    access_tokens.c.id,
    access_tokens.c.organization_id,
    access_tokens.c.scope,
    access_tokens.c.expires_at,
    access_tokens.c.user_id,
    access_tokens.c.service_account_id,
    access_tokens.c.workspace_id,
    access_tokens.c.client_id,
)
_RESOLVE: Final = select(*_PRINCIPAL).where(access_tokens.c.digest == bindparam("which"))


class SqlTokens:
    """The store of access tokens."""

    async def add(self, unit: Unit, organization_id: OrganizationId, token: StoredToken, digest: bytes) -> None:
        """Keep a new token; nothing is announced, as nobody can have asked for it yet."""
        holder = token.holder
        await connection(unit).execute(
            _ADD,
            {
                "id": token.id,
                "organization_id": organization_id,
                "scope": token.scope,
                "digest": digest,
                "created_at": token.created_at,
                "expires_at": token.expires_at,
                "user_id": holder.user_id,
                "service_account_id": holder.service_account_id,
                "workspace_id": holder.workspace_id,
                "client_id": holder.client_id,
                "grant_id": holder.grant_id,
                "rule_id": holder.rule_id,
            },
        )

    async def remove_of(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> None:
        """Forget a person's tokens, and announce it."""
        await _remove(unit, organization_id, access_tokens.c.user_id == user_id)

    async def remove_in(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> None:
        """Forget the tokens that are bound to a workspace, and announce it."""
        await _remove(unit, organization_id, access_tokens.c.workspace_id == workspace_id)

    async def remove_given(self, unit: Unit, organization_id: OrganizationId, grant_id: GrantId) -> None:
        """Forget the tokens of a grant, and announce it."""
        await _remove(unit, organization_id, access_tokens.c.grant_id == grant_id)

    async def remove(self, unit: Unit, organization_id: OrganizationId, token: StoredToken) -> None:
        """Forget a token, and announce it."""
        await _remove(unit, organization_id, access_tokens.c.id == token.id)

    async def sweep_out_client(self, unit: Unit, client_id: str) -> None:
        """Forget the tokens of a client that is no more, in every organisation, and announce it."""
        await connection(unit).execute(delete(access_tokens).where(access_tokens.c.client_id == client_id))
        announce(unit, CREDENTIALS)

    async def resolve_token(self, unit: Unit, digest: bytes) -> StoredToken | None:
        """Return the token that a secret is, expired or not."""
        row = await _by_digest(unit, digest)
        if row is None:
            return None
        holder = Holder(row.user_id, row.service_account_id, row.workspace_id, row.client_id, row.grant_id, row.rule_id)
        return StoredToken(row.id, row.organization_id, row.scope, row.created_at, row.expires_at, holder)

    async def resolve_principal(self, unit: Unit, digest: bytes) -> AccessToken | None:
        """Return whom a token stands for, without roles."""
        row = (await connection(unit).execute(_RESOLVE, {"which": digest})).one_or_none()
        return None if row is None else _principal(row)

    async def sweep_principals(self, unit: Unit, now: int, limit: int) -> dict[bytes, AccessToken]:
        """Return the newest unexpired tokens' principals by digest, without roles."""
        query = select(access_tokens.c.digest, *_PRINCIPAL).where(access_tokens.c.expires_at > now)
        rows = await connection(unit).execute(query.order_by(access_tokens.c.expires_at.desc()).limit(limit))
        return {digest: _principal(values) for digest, *values in rows}

    async def sweep_expired(self, unit: Unit, before: int, limit: int) -> int:
        """Drop tokens that expired before an instant; return how many."""
        old = select(access_tokens.c.id).where(access_tokens.c.expires_at < before).limit(limit)
        done = await connection(unit).execute(delete(access_tokens).where(access_tokens.c.id.in_(old)))
        if done.rowcount:
            # memories let go of them, too
            announce(unit, CREDENTIALS)
        return done.rowcount


async def _remove(unit: Unit, organization_id: OrganizationId, which: ColumnElement[bool]) -> None:
    await connection(unit).execute(
        delete(access_tokens).where(access_tokens.c.organization_id == organization_id, which)
    )
    announce(unit, CREDENTIALS)


async def _by_digest(unit: Unit, digest: bytes) -> Row[Any] | None:
    rows = await connection(unit).execute(select(access_tokens).where(access_tokens.c.digest == digest))
    return rows.one_or_none()


def _principal(values: Sequence[Any]) -> AccessToken:
    # by place, in the order of `_PRINCIPAL`: by name each column costs as much as the whole
    token_id, organization_id, scope, expires_at, user_id, account_id, workspace_id, client_id = values
    return AccessToken(
        token_id,
        organization_id,
        scope,
        expires_at,
        user_id,
        service_account_id=account_id,
        workspace_id=workspace_id,
        client_id=client_id,
    )
