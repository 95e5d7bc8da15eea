"""Activities and the heads of their chains; triggers refuse to change or remove what is kept (migration 0003)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Column,
    CompoundSelect,
    Index,
    Row,
    Select,
    Table,
    bindparam,
    insert,
    null,
    select,
    union_all,
    update,
)

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.ids import OrganizationId
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.listing import list_rows
from antechamber.database.locks import lock_organization
from antechamber.database.sqlite import LATER
from antechamber.database.tables import Count, Digest, Instant, Text, metadata
from antechamber.features.audit.model import EMPTY, Activity, ActivityQuery, Ending, Head

activities: Final = Table(
    "activities",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("sequence", Count, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("type", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text),
    Column("ip_address", Text),
    Column("user_agent", Text),
    Column("request_id", Text),
    Column("details", Text, nullable=False),
    Column("mark", Digest, nullable=False),
    Index("ix_activities_organization_id", "organization_id", "created_at"),
    Index("ix_activities_type", "organization_id", "type", "created_at"),
    Index("ix_activities_actor_id", "organization_id", "actor_id", "created_at"),
)

# the end of each chain once more, where removing rows of `activities` does not reach
audit_heads: Final = Table(
    "audit_heads",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("sequence", Count, nullable=False),
    Column("mark", Digest, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seal", Digest, nullable=False),
)


def _head(table: Table) -> tuple[Column[Any], ...]:
    return table.c.sequence, table.c.mark, table.c.created_at


def _ending() -> CompoundSelect[Any]:
    # one statement, so that both are of the same moment on PostgreSQL too
    of: BindParameter[str] = bindparam("of")
    kept = select(*_head(audit_heads), audit_heads.c.seal).where(audit_heads.c.organization_id == of)
    mine = activities.c.organization_id == of
    last = select(*_head(activities)).where(mine).order_by(activities.c.sequence.desc()).limit(1).subquery()
    return union_all(kept, select(last, null().label("seal")))


# every act takes these three: to build a statement costs more than to execute it
_APPEND: Final = insert(activities).execution_options(**LATER)
_FIRST_HEAD: Final = insert(audit_heads).execution_options(**LATER)
_MOVE_HEAD: Final = (
    update(audit_heads).where(audit_heads.c.organization_id == bindparam("of")).execution_options(**LATER)
)
_ENDING: Final = _ending()
_KINDS: Final = frozenset(kind.value for kind in ActorKind)


class SqlActivities:
    """The store of activities."""

    async def lock_ending(self, unit: Unit, organization_id: OrganizationId) -> Ending:
        """Return how the chain ends; others wait until the unit ends."""
        await lock_organization(unit, organization_id)
        return await self.ending(unit, organization_id)

    async def append(self, unit: Unit, organization_id: OrganizationId, activity: Activity, seal: bytes) -> None:
        """Keep a new activity, and it as the head under its seal; a head that is missing stays missing."""
        actor, link = activity.actor, connection(unit)
        await link.execute(
            _APPEND,
            {
                "organization_id": organization_id,
                "sequence": activity.sequence,
                "id": activity.id,
                "created_at": activity.created_at,
                "type": activity.type,
                "actor_kind": actor.kind,
                "actor_id": actor.id,
                "ip_address": actor.ip_address,
                "user_agent": actor.user_agent,
                "request_id": actor.request_id,
                "details": _write(activity.details),
                "mark": activity.mark,
            },
        )
        head = {
            "sequence": activity.sequence,
            "mark": activity.mark,
            "created_at": activity.created_at,
            "seal": seal,
        }
        if activity.sequence == 1:
            await link.execute(_FIRST_HEAD, {"organization_id": organization_id, **head})
        else:
            await link.execute(_MOVE_HEAD, {"of": organization_id, **head})

    async def part(self, unit: Unit, organization_id: OrganizationId, after: int | None, limit: int) -> list[Activity]:
        """Return the next activities after a sequence (None: from the first row on), in the chain's order."""
        query = select(activities).where(activities.c.organization_id == organization_id)
        if after is not None:
            query = query.where(activities.c.sequence > after)
        rows = await connection(unit).execute(query.order_by(activities.c.sequence).limit(limit))
        return [_as_activity(row) for row in rows]

    async def ending(self, unit: Unit, organization_id: OrganizationId) -> Ending:
        """Return how the chain ends, as of one moment."""
        head, seal, end = None, b"", EMPTY
        for row in await connection(unit).execute(_ENDING, {"of": organization_id}):
            at = Head(row.sequence, row.mark, row.created_at)
            if row.seal is None:
                end = at
            else:
                head, seal = at, row.seal
        return Ending(end, head, seal)

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, query: ActivityQuery, cursor: IdCursor
    ) -> Page[Activity]:
        """Return a page, newest first; InvalidRequest when the cursor names no activity of the organisation."""
        tenant = activities.c.organization_id == organization_id
        order = activities.c.created_at, activities.c.id
        rows, has_more = await list_rows(unit, _filtered(query).where(tenant), tenant, order, cursor)
        return Page(tuple(_as_activity(row) for row in rows), has_more)


def _filtered(query: ActivityQuery) -> Select[Any]:
    found = select(activities)
    if query.types is not None:
        found = found.where(activities.c.type.in_(query.types))
    if query.without_types:
        found = found.where(activities.c.type.not_in(query.without_types))
    if query.actor_ids is not None:
        found = found.where(activities.c.actor_id.in_(query.actor_ids))
    if query.since is not None:
        found = found.where(activities.c.created_at >= query.since)
    if query.until is not None:
        found = found.where(activities.c.created_at < query.until)
    return found


def _as_activity(row: Row[Any]) -> Activity:
    # what someone else wrote is shown as far as it goes, and its mark can't be right
    known = row.actor_kind in _KINDS
    kind = ActorKind(row.actor_kind) if known else ActorKind.UNAUTHENTICATED
    return Activity(
        id=row.id,
        organization_id=row.organization_id,
        sequence=row.sequence,
        created_at=row.created_at,
        type=row.type,
        actor=Actor(kind, row.actor_id, row.ip_address, row.user_agent, row.request_id),
        details=_read(row.details) if known else {"unreadable": row.actor_kind},
        mark=row.mark,
    )


def _write(details: Mapping[str, object]) -> str:
    return json.dumps(details, separators=(",", ":"))


def _read(text: str) -> Mapping[str, object]:
    """Return what was written; of a text that we would not write so, something whose mark can't be right."""
    try:
        details = json.loads(text)
    except ValueError:
        details = None
    return details if isinstance(details, dict) and _write(details) == text else {"unreadable": text}
