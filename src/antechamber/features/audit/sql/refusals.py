"""Counts of refusals."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Table, case, delete, select, tuple_

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.tables import Count, Instant, Number, Text, metadata
from antechamber.database.upserts import insert_into
from antechamber.features.audit.model import Refusal, RefusalKey, RefusalQuery

refusals: Final = Table(
    "refusals",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("hour", Instant, primary_key=True, autoincrement=False),
    Column("status", Number, primary_key=True, autoincrement=False),
    Column("method", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("principal_id", Text, primary_key=True),
    Column("count", Count, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("ip_address", Text),
    Column("user_agent", Text),
    Column("request_id", Text, nullable=False),
    Index("ix_refusals_hour", "hour"),
)
_KEY: Final = ("hour", "organization_id", "status", "method", "route", "principal_id")
_SAMPLE: Final = ("last_at", "ip_address", "user_agent", "request_id")
_STRANGERS: Final = ""


class SqlRefusals:
    """The store of counted refusals."""

    async def sweep_in(self, unit: Unit, counted: Sequence[Refusal]) -> None:
        """Add counts to those that are kept, and keep the newer samples."""
        link = connection(unit)
        new = insert_into(refusals, link)
        later = new.excluded.last_at >= refusals.c.last_at
        sample = {name: case((later, new.excluded[name]), else_=refusals.c[name]) for name in _SAMPLE}
        counts = {"count": refusals.c.count + new.excluded.count}
        statement = new.on_conflict_do_update(index_elements=list(_KEY), set_={**counts, **sample})
        await link.execute(statement, [_as_values(refusal) for refusal in counted])

    async def sweep_out(self, unit: Unit, before: int, most: int) -> None:
        """Remove the hours before a moment, and the oldest of what is more than `most` rows."""
        link = connection(unit)
        await link.execute(delete(refusals).where(refusals.c.hour < before))
        edge = await link.execute(select(refusals.c.hour).order_by(refusals.c.hour.desc()).offset(most).limit(1))
        hour = edge.scalar_one_or_none()
        if hour is not None:
            await link.execute(delete(refusals).where(refusals.c.hour <= hour))

    async def listing(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        query: RefusalQuery,
        after: RefusalKey | None,
        *,
        strangers: bool,
    ) -> list[Refusal]:
        """Return `query.limit` + 1 counts at most, in the list's order; with `strangers` those of nobody, too."""
        owners = [organization_id, _STRANGERS] if strangers else [organization_id]
        found = select(refusals).where(refusals.c.organization_id.in_(owners))
        if query.statuses:
            found = found.where(refusals.c.status.in_(query.statuses))
        if query.principal_ids:
            found = found.where(refusals.c.principal_id.in_(query.principal_ids))
        if query.since is not None:
            found = found.where(refusals.c.hour >= query.since)
        if query.until is not None:
            found = found.where(refusals.c.hour < query.until)
        columns = [refusals.c[name] for name in _KEY]
        if after is not None:
            found = found.where(tuple_(*columns) < tuple_(*after))
        ordered = found.order_by(*(column.desc() for column in columns)).limit(query.limit + 1)
        return [_as_refusal(row) for row in await connection(unit).execute(ordered)]


def _as_values(refusal: Refusal) -> dict[str, object]:
    return {
        **refusal.key._asdict(),
        "count": refusal.count,
        "last_at": refusal.last_at,
        "ip_address": refusal.ip_address,
        "user_agent": refusal.user_agent,
        "request_id": refusal.request_id,
    }


def _as_refusal(row: Row[Any]) -> Refusal:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public way, named so; `count` is a method of the row
    key = RefusalKey(*(values[name] for name in _KEY))
    return Refusal(key, values["count"], *(values[name] for name in _SAMPLE))
