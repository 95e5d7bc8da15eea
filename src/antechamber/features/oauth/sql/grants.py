"""Codes, grants and refresh tokens in the database."""

import dataclasses
from typing import Any, Final

from sqlalchemy import Column, Row, Table, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.sql.elements import BindParameter, ColumnElement

from antechamber.base.clock import MICROSECONDS
from antechamber.base.ids import GrantId, OrganizationId, UserId, WorkspaceId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.locks import lock_organization
from antechamber.database.sqlite import LATER
from antechamber.database.tables import Digest, Instant, Number, Text, metadata
from antechamber.features.oauth.model import Code, Grant, Refresh
from antechamber.features.oauth.model.grants import CODE_REMEMBERED_SECONDS

authorization_codes: Final = Table(
    "authorization_codes",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("challenge", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("state_digest", Digest),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
    Column("grant_id", Text),
)
oauth_grants: Final = Table(
    "oauth_grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("user_id", Text, nullable=False, index=True),
    Column("client_id", Text, nullable=False, index=True),
    Column("workspace_id", Text, nullable=False, index=True),
    Column("scope", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("revoked_at", Instant),
)
refresh_tokens: Final = Table(
    "refresh_tokens",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("grant_id", Text, nullable=False, index=True),
    Column("generation", Number, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("replaced_at", Instant),
)
_COLUMNS: Final[tuple[ColumnElement[Any], ...]] = (
    refresh_tokens.c.generation,
    refresh_tokens.c.created_at,
    refresh_tokens.c.expires_at,
    refresh_tokens.c.replaced_at,
    oauth_grants.c.id,
    oauth_grants.c.organization_id,
    oauth_grants.c.user_id,
    oauth_grants.c.client_id,
    oauth_grants.c.workspace_id,
    oauth_grants.c.scope,
    oauth_grants.c.created_at.label("granted_at"),
    oauth_grants.c.expires_at.label("ends_at"),
    oauth_grants.c.revoked_at,
)
# built once: a refresh would spend more on building them than the database on answering
_DIGEST: Final[BindParameter[bytes]] = bindparam("which")
_REFRESH: Final = (
    select(*_COLUMNS)
    .select_from(refresh_tokens.join(oauth_grants, oauth_grants.c.id == refresh_tokens.c.grant_id))
    .where(refresh_tokens.c.digest == _DIGEST)
)
_LOCKED: Final = _REFRESH.with_for_update(of=oauth_grants)
_REPLACE: Final = (
    update(refresh_tokens)
    .where(
        refresh_tokens.c.organization_id == bindparam("tenant"),
        refresh_tokens.c.digest == _DIGEST,
        refresh_tokens.c.replaced_at.is_(None),
    )
    .values(replaced_at=bindparam("at"))
)
_ADD_REFRESH: Final = insert(refresh_tokens).execution_options(**LATER)


class SqlGrants:
    """The store of codes, grants and refresh tokens."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def add_code(self, unit: Unit, organization_id: OrganizationId, code: Code, digest: bytes) -> None:
        """Keep a new code."""
        values = {**_values(code), "organization_id": organization_id, "digest": digest}
        await connection(unit).execute(insert(authorization_codes), values)

    async def resolve_code(self, unit: Unit, digest: bytes) -> Code | None:
        """Return the code that a text is, used or expired ones too while they are remembered."""
        query = select(*(column for column in authorization_codes.c if column.name != "digest"))
        rows = await connection(unit).execute(query.where(authorization_codes.c.digest == digest))
        row = rows.mappings().one_or_none()
        return None if row is None else Code(**row)

    async def use_code(
        self, unit: Unit, organization_id: OrganizationId, digest: bytes, grant_id: GrantId, at: int
    ) -> bool:
        """Note that a code was redeemed; False if it had been already."""
        codes = authorization_codes.c
        unused = (codes.organization_id == organization_id, codes.digest == digest, codes.used_at.is_(None))
        done = await connection(unit).execute(
            update(authorization_codes).where(*unused).values(used_at=at, grant_id=grant_id)
        )
        return done.rowcount == 1

    async def add(self, unit: Unit, organization_id: OrganizationId, grant: Grant) -> None:
        """Keep a new grant."""
        await connection(unit).execute(insert(oauth_grants), {**_values(grant), "organization_id": organization_id})

    async def add_refresh(self, unit: Unit, organization_id: OrganizationId, refresh: Refresh, digest: bytes) -> None:
        """Keep a refresh token of a grant."""
        await connection(unit).execute(
            _ADD_REFRESH,
            {
                "digest": digest,
                "organization_id": organization_id,
                "grant_id": refresh.grant.id,
                "generation": refresh.generation,
                "created_at": refresh.created_at,
                "expires_at": refresh.expires_at,
                "replaced_at": refresh.replaced_at,
            },
        )

    async def resolve_refresh(self, unit: Unit, digest: bytes, *, lock: bool = False) -> Refresh | None:
        """Return the refresh token that a text is, replaced ones too; `lock` holds its grant until the unit ends."""
        rows = await connection(unit).execute(_LOCKED if lock else _REFRESH, {"which": digest})
        row = rows.one_or_none()
        return None if row is None else _refresh(row)

    async def replace(self, unit: Unit, organization_id: OrganizationId, digest: bytes, at: int) -> bool:
        """Note that a refresh token was replaced; False if it had been already."""
        which = {"tenant": organization_id, "which": digest, "at": at}
        return (await connection(unit).execute(_REPLACE, which)).rowcount == 1

    async def revoke(self, unit: Unit, organization_id: OrganizationId, grant_id: GrantId, at: int) -> bool:
        """End a grant with its refresh tokens; False if it had ended."""
        return await _revoke(unit, and_(_here(organization_id), oauth_grants.c.id == grant_id), at) == 1

    async def revoke_of(self, unit: Unit, organization_id: OrganizationId, user_id: UserId, at: int) -> int:
        """End every grant and open code of a person; return how many grants."""
        codes = authorization_codes.c
        await _drop_codes(unit, and_(codes.organization_id == organization_id, codes.user_id == user_id))
        return await _revoke(unit, and_(_here(organization_id), oauth_grants.c.user_id == user_id), at)

    async def revoke_in(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, at: int) -> int:
        """End every grant and open code in a workspace; return how many grants."""
        codes = authorization_codes.c
        await _drop_codes(unit, and_(codes.organization_id == organization_id, codes.workspace_id == workspace_id))
        return await _revoke(unit, and_(_here(organization_id), oauth_grants.c.workspace_id == workspace_id), at)

    async def sweep_revoked_client(self, unit: Unit, client_id: str, at: int) -> int:
        """End every grant and open code of a client that is no more; return how many grants."""
        await _drop_codes(unit, authorization_codes.c.client_id == client_id)
        return await _revoke(unit, oauth_grants.c.client_id == client_id, at)

    async def sweep_expired(self, unit: Unit, now: int, limit: int) -> int:
        """Drop codes and grants that are of no more use; return how many."""
        link = connection(unit)
        known_until = now - CODE_REMEMBERED_SECONDS * MICROSECONDS
        codes = authorization_codes.c
        old = select(codes.digest).where(codes.expires_at < known_until).limit(limit)
        dropped = (await link.execute(delete(authorization_codes).where(codes.digest.in_(old)))).rowcount
        grants = oauth_grants.c
        # a revoked one is kept as long as what it gave is remembered
        done = or_(grants.expires_at < known_until, grants.revoked_at < known_until)
        ended = [row.id for row in await link.execute(select(grants.id).where(done).limit(limit))]
        if ended:
            await link.execute(delete(refresh_tokens).where(refresh_tokens.c.grant_id.in_(ended)))
            await link.execute(delete(oauth_grants).where(grants.id.in_(ended)))
        return dropped + len(ended)


def _here(organization_id: OrganizationId) -> ColumnElement[bool]:
    return oauth_grants.c.organization_id == organization_id


async def _revoke(unit: Unit, which: ColumnElement[bool], at: int) -> int:
    done = await connection(unit).execute(
        update(oauth_grants).where(which, oauth_grants.c.revoked_at.is_(None)).values(revoked_at=at)
    )
    return done.rowcount


async def _drop_codes(unit: Unit, which: ColumnElement[bool]) -> None:
    """Drop codes that are not used yet; used ones stay to tell a replay by."""
    await connection(unit).execute(delete(authorization_codes).where(which, authorization_codes.c.used_at.is_(None)))


def _values(item: Code | Grant) -> dict[str, Any]:
    return dataclasses.asdict(item)


def _refresh(row: Row[Any]) -> Refresh:
    grant = Grant(
        row.id,
        row.organization_id,
        row.user_id,
        row.client_id,
        row.workspace_id,
        row.scope,
        row.granted_at,
        row.ends_at,
        row.revoked_at,
    )
    return Refresh(grant, row.generation, row.created_at, row.expires_at, row.replaced_at)
