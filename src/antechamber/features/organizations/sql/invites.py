"""Invites in the database."""

import json
from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Table, and_, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import InviteId, OrganizationId, UserId
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import OrganizationRole
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.listing import list_rows
from antechamber.database.tables import Digest, Instant, Number, Text, metadata
from antechamber.features.organizations.model import Invite, InviteStatus, base_of, key_of

invites: Final = Table(
    "invites",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("email_base", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("digest", Digest, nullable=False, unique=True),
    Column("invited_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("accepted_at", Instant),
    Column("accepted_by", Text),
    Column("deleted_at", Instant),
    Column("mail_due_at", Instant, index=True),
    Column("mail_sent_at", Instant),
    Column("mail_attempts", Number, nullable=False),
    Column("rbac_group_ids", Text),
    Index("ix_invites_organization_id", "organization_id", "invited_at", "id"),
    Index("ix_invites_email_key", "organization_id", "email_key"),
)


class SqlInvites:
    """The store of invites."""

    async def find(self, unit: Unit, organization_id: OrganizationId, invite_id: InviteId) -> Invite | None:
        """Return the invite, a deleted one too, or None."""
        query = select(invites).where(*_one(organization_id, invite_id))
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _invite(row)

    async def find_pending(self, unit: Unit, organization_id: OrganizationId, key: str, now: int) -> Invite | None:
        """Return the pending invite of an address (`model.key_of`), or None."""
        mine = and_(invites.c.organization_id == organization_id, invites.c.email_key == key)
        row = (await connection(unit).execute(select(invites).where(mine, _is(InviteStatus.PENDING, now)))).first()
        return None if row is None else _invite(row)

    async def page(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        cursor: IdCursor,
        now: int,
        *,
        base: str | None,
        roles: Collection[OrganizationRole],
        statuses: Collection[InviteStatus],
    ) -> Page[Invite]:
        """Return invites newest first, of an address (`model.base_of`), of roles, of statuses at `now`, if given."""
        tenant = invites.c.organization_id == organization_id
        query = select(invites).where(tenant, invites.c.deleted_at.is_(None))
        if base is not None:
            query = query.where(invites.c.email_base == base)
        if roles:
            query = query.where(invites.c.role.in_(roles))
        if statuses:
            query = query.where(or_(*(_is(status, now) for status in statuses)))
        rows, has_more = await list_rows(unit, query, tenant, (invites.c.invited_at, invites.c.id), cursor)
        return Page(tuple(_invite(row) for row in rows), has_more)

    async def count_pending(self, unit: Unit, organization_id: OrganizationId, now: int) -> int:
        """Return how many are pending."""
        query = select(func.count()).select_from(invites).where(invites.c.organization_id == organization_id)
        return int((await connection(unit).execute(query.where(_is(InviteStatus.PENDING, now)))).scalar_one())

    async def nth_newest(self, unit: Unit, organization_id: OrganizationId, number: int) -> int | None:
        """Return when the `number`th newest was made, deleted ones included; None if there are fewer."""
        query = (
            select(invites.c.invited_at)
            .where(invites.c.organization_id == organization_id)
            .order_by(invites.c.invited_at.desc(), invites.c.id.desc())
            .offset(number - 1)
            .limit(1)
        )
        return (await connection(unit).execute(query)).scalar_one_or_none()

    async def add(self, unit: Unit, organization_id: OrganizationId, invite: Invite, digest: bytes) -> None:
        """Keep a new invite, whose mail is due at once."""
        await connection(unit).execute(
            insert(invites).values(
                id=invite.id,
                organization_id=organization_id,
                email=invite.email,
                email_key=key_of(invite.email),
                email_base=base_of(invite.email),
                role=invite.role,
                digest=digest,
                invited_at=invite.invited_at,
                expires_at=invite.expires_at,
                accepted_at=invite.accepted_at,
                deleted_at=invite.deleted_at,
                mail_due_at=invite.invited_at,
                mail_attempts=0,
                rbac_group_ids=json.dumps(invite.rbac_group_ids) if invite.rbac_group_ids else None,
            )
        )

    async def accept(
        self, unit: Unit, organization_id: OrganizationId, invite_id: InviteId, user_id: UserId, at: int
    ) -> None:
        """Note who accepted it and when."""
        query = update(invites).where(*_one(organization_id, invite_id))
        await connection(unit).execute(query.values(accepted_at=at, accepted_by=user_id, mail_due_at=None))

    async def delete(self, unit: Unit, organization_id: OrganizationId, invite_id: InviteId, at: int) -> None:
        """Note when it was deleted."""
        query = update(invites).where(*_one(organization_id, invite_id))
        await connection(unit).execute(query.values(deleted_at=at, mail_due_at=None))

    async def resolve_invite(self, unit: Unit, digest: bytes) -> Invite | None:
        """Return the invite that a secret opens, whatever its status."""
        row = (await connection(unit).execute(select(invites).where(invites.c.digest == digest))).one_or_none()
        return None if row is None else _invite(row)

    async def sweep_mail_due(self, unit: Unit, now: int, again_at: int, limit: int) -> Sequence[tuple[Invite, int]]:
        """Claim pending invites whose mail is due, with the attempts so far; they come again at `again_at`."""
        link = connection(unit)
        due = (
            select(invites)
            .where(invites.c.mail_due_at <= now, _is(InviteStatus.PENDING, now))
            .order_by(invites.c.mail_due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = list(await link.execute(due))
        if rows:
            claimed = invites.c.id.in_([row.id for row in rows])
            await link.execute(update(invites).where(claimed).values(mail_due_at=again_at))
        return [(_invite(row), row.mail_attempts) for row in rows]

    async def note_mail(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        invite_id: InviteId,
        *,
        sent_at: int | None,
        due_at: int | None,
        attempts: int,
    ) -> None:
        """Note how an attempt ended, and when the next is due."""
        await connection(unit).execute(
            update(invites)
            .where(*_one(organization_id, invite_id))
            .values(mail_sent_at=sent_at, mail_due_at=due_at, mail_attempts=attempts)
        )


def _one(organization_id: OrganizationId, invite_id: InviteId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return invites.c.organization_id == organization_id, invites.c.id == invite_id


def _is(status: InviteStatus, now: int) -> ColumnElement[bool]:
    # says in SQL what `Invite.status` says of one
    if status is InviteStatus.DELETED:
        return invites.c.deleted_at.is_not(None)
    kept = invites.c.deleted_at.is_(None)
    if status is InviteStatus.ACCEPTED:
        return and_(kept, invites.c.accepted_at.is_not(None))
    is_over = invites.c.expires_at <= now if status is InviteStatus.EXPIRED else invites.c.expires_at > now
    return and_(kept, invites.c.accepted_at.is_(None), is_over)


def _invite(row: Row[Any]) -> Invite:
    return Invite(
        id=row.id,
        organization_id=row.organization_id,
        email=row.email,
        role=OrganizationRole(row.role),
        invited_at=row.invited_at,
        expires_at=row.expires_at,
        accepted_at=row.accepted_at,
        deleted_at=row.deleted_at,
        rbac_group_ids=tuple(json.loads(row.rbac_group_ids)) if row.rbac_group_ids else (),
    )
