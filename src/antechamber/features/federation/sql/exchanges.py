"""What exchanges leave behind: the ids of the assertions that were taken, and the history."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Table, and_, delete, insert, or_, select, tuple_

from antechamber.base.ids import IssuerId, OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.sqlite import LATER
from antechamber.database.tables import Digest, Instant, Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.federation.model.history import Exchange, HistoryQuery, Outcome, Reason
from antechamber.features.federation.ports import Asked

federation_assertions: Final = Table(
    "federation_assertions",
    metadata,
    Column("issuer_id", Text, primary_key=True),
    Column("digest", Digest, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

federation_exchanges: Final = Table(
    "federation_exchanges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("rule_id", Text, nullable=False),
    Column("issuer_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),
    Column("subject", Text),
    Column("service_account_id", Text),
    Column("workspace_id", Text),
    Column("token_id", Text),
    Column("ip_address", Text),
    Column("request_id", Text),
    Index("ix_federation_exchanges_listing", "organization_id", "created_at", "id"),
)


# every exchange takes these: to build a statement costs more than to execute it
_ADD: Final = insert(federation_exchanges).execution_options(**LATER)


class SqlSeen:
    """The store of the ids of assertions."""

    async def add(
        self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId, digest: bytes, expires_at: int
    ) -> bool:
        """Remember one; False if it was there already, also when two come at once."""
        link = connection(unit)
        values = {
            "issuer_id": issuer_id,
            "digest": digest,
            "organization_id": organization_id,
            "expires_at": expires_at,
        }
        statement = insert_into(federation_assertions, link).on_conflict_do_nothing()
        return (await link.execute(statement, values)).rowcount == 1

    async def sweep_expired(self, unit: Unit, now: int, limit: int) -> int:
        """Forget those that can't come again; return how many."""
        table = federation_assertions
        key = tuple_(table.c.issuer_id, table.c.digest)
        old = select(table.c.issuer_id, table.c.digest).where(table.c.expires_at <= now).limit(limit)
        return (await connection(unit).execute(delete(table).where(key.in_(old)))).rowcount


class SqlHistory:
    """The store of the authentication history."""

    async def add(self, unit: Unit, organization_id: OrganizationId, exchange: Exchange) -> None:
        """Keep one."""
        values = {
            "id": exchange.id,
            "organization_id": organization_id,
            "created_at": exchange.created_at,
            "rule_id": exchange.rule_id,
            "issuer_id": exchange.issuer_id,
            "outcome": exchange.outcome,
            "reason": exchange.reason,
            "detail": exchange.detail,
            "subject": exchange.subject,
            "service_account_id": exchange.service_account_id,
            "workspace_id": exchange.workspace_id,
            "token_id": exchange.token_id,
            "ip_address": exchange.ip_address,
            "request_id": exchange.request_id,
        }
        await connection(unit).execute(_ADD, values)

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, query: HistoryQuery, asked: Asked
    ) -> Sequence[Exchange]:
        """Return what was asked for; exchanges are never archived."""
        table = federation_exchanges
        found = select(table).where(table.c.organization_id == organization_id)
        if query.rule_id is not None:
            found = found.where(table.c.rule_id == query.rule_id)
        if query.issuer_id is not None:
            found = found.where(table.c.issuer_id == query.issuer_id)
        if query.outcome is not None:
            found = found.where(table.c.outcome == query.outcome)
        if asked.after is not None:
            at, key = asked.after
            found = found.where(or_(table.c.created_at < at, and_(table.c.created_at == at, table.c.id < key)))
        ordered = found.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(asked.limit)
        return [_exchange(row) for row in await connection(unit).execute(ordered)]

    async def sweep_old(self, unit: Unit, before: int, most: int, limit: int) -> int:
        """Drop those before an instant, and an organisation's oldest beyond `most`; return how many, at most `limit`.

        The bound on rows holds for each organisation.
        """
        table, link = federation_exchanges, connection(unit)
        dropped = await _drop(unit, table.c.created_at < before, limit)
        for organization_id in (await link.execute(select(table.c.organization_id).distinct())).scalars().all():
            theirs = table.c.organization_id == organization_id
            edge = select(table.c.created_at).where(theirs).order_by(table.c.created_at.desc()).offset(most).limit(1)
            oldest = (await link.execute(edge)).scalar_one_or_none()
            if oldest is not None and dropped < limit:
                dropped += await _drop(unit, and_(theirs, table.c.created_at <= oldest), limit - dropped)
        return dropped


async def _drop(unit: Unit, which: Any, limit: int) -> int:  # noqa: ANN401 - a condition of SQLAlchemy's
    table = federation_exchanges
    old = select(table.c.id).where(which).limit(limit)
    return (await connection(unit).execute(delete(table).where(table.c.id.in_(old)))).rowcount


def _exchange(row: Row[Any]) -> Exchange:
    return Exchange(
        id=row.id,
        organization_id=row.organization_id,
        created_at=row.created_at,
        rule_id=row.rule_id,
        issuer_id=row.issuer_id,
        outcome=Outcome(row.outcome),
        reason=None if row.reason is None else Reason(row.reason),
        detail=row.detail,
        subject=row.subject,
        service_account_id=row.service_account_id,
        workspace_id=row.workspace_id,
        token_id=row.token_id,
        ip_address=row.ip_address,
        request_id=row.request_id,
    )
