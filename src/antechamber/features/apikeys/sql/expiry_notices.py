"""Notices of keys' ends in the database: one of each end that a key was given."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, Index, Table, delete, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.tables import Count, Instant, Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.apikeys.model import ExpiryNotice, Status, StoredApiKey, notice_at
from antechamber.features.apikeys.sql.tables import api_keys, as_api_key

api_key_expiry_notices: Final = Table(
    "api_key_expiry_notices",
    metadata,
    Column("api_key_id", Text, primary_key=True),
    Column("expires_at", Instant, primary_key=True),
    Column("organization_id", Text, nullable=False),
    # the ids of persons, separated by spaces
    Column("told", Text, nullable=False),
    Column("mail_due_at", Instant),
    Column("mail_attempts", Count, nullable=False),
    Index("ix_api_key_expiry_notices_mail_due_at", "mail_due_at"),
)

_KEPT: Final = api_key_expiry_notices.c


async def plan_notice(unit: Unit, organization_id: OrganizationId, key: StoredApiKey) -> None:
    """Keep a notice of a key's present end, unless that has one or is to have none."""
    due_at = notice_at(key.created_at, key.expires_at)
    if due_at is None:
        return
    link = connection(unit)
    await link.execute(
        insert_into(api_key_expiry_notices, link)
        .values(
            api_key_id=key.id,
            expires_at=key.expires_at,
            organization_id=organization_id,
            told="",
            mail_due_at=due_at,
            mail_attempts=0,
        )
        .on_conflict_do_nothing()
    )


class SqlExpiryNotices:
    """The store of notices; a key's own row says whether an end is still its end."""

    async def sweep_mail_due(
        self, unit: Unit, now: int, again_at: int, limit: int
    ) -> Sequence[tuple[ExpiryNotice, int]]:
        """Claim notices of active keys that are due, with the attempts so far; they come again at `again_at`."""
        link = connection(unit)
        # an end that has passed never comes again, so that what waits stays short
        await link.execute(delete(api_key_expiry_notices).where(_KEPT.mail_due_at <= now, _KEPT.expires_at <= now))
        due = (
            select(api_keys, _KEPT.expires_at.label("notice_of"), _KEPT.told, _KEPT.mail_attempts)
            .join_from(api_key_expiry_notices, api_keys, api_keys.c.id == _KEPT.api_key_id)
            .where(_KEPT.mail_due_at <= now, api_keys.c.expires_at == _KEPT.expires_at)
            .where(api_keys.c.status == Status.ACTIVE)
            .order_by(_KEPT.mail_due_at)
            .limit(limit)
            .with_for_update(of=api_key_expiry_notices, skip_locked=True)
        )
        rows = list(await link.execute(due))
        found = [(ExpiryNotice(as_api_key(row), row.notice_of, frozenset(row.told.split())), row) for row in rows]
        for notice, _ in found:
            claimed = update(api_key_expiry_notices).where(*_one(notice))
            await link.execute(claimed.values(mail_due_at=again_at))
        return [(notice, row.mail_attempts) for notice, row in found]

    async def note_mail(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        notice: ExpiryNotice,
        *,
        due_at: int | None,
        attempts: int,
    ) -> None:
        """Note how an attempt ended: who has been told by now, and when the next is due, None for no more."""
        await connection(unit).execute(
            update(api_key_expiry_notices)
            .where(_KEPT.organization_id == organization_id, *_one(notice))
            .values(told=" ".join(sorted(notice.told)), mail_due_at=due_at, mail_attempts=attempts)
        )


def _one(notice: ExpiryNotice) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _KEPT.api_key_id == notice.key.id, _KEPT.expires_at == notice.expires_at
