"""Activities in the database."""

import json
from typing import Final

from sqlalchemy import Column, Index, Table, insert, select

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Count, Digest, Instant, Text, metadata
from antechamber.features.audit.model import GENESIS, Activity

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
)


class SqlActivities:
    """The store of activities."""

    async def lock_head(self, unit: Unit, organization_id: OrganizationId) -> tuple[int, bytes]:
        """Return the last activity's sequence and mark, (0, GENESIS) for none; others wait until the unit ends."""
        await lock_organization(unit, organization_id)
        rows = await connection(unit).execute(
            select(activities.c.sequence, activities.c.mark)
            .where(activities.c.organization_id == organization_id)
            .order_by(activities.c.sequence.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        return (0, GENESIS) if row is None else (row.sequence, row.mark)

    async def append(self, unit: Unit, organization_id: OrganizationId, activity: Activity) -> None:
        """Keep a new activity."""
        actor = activity.actor
        await connection(unit).execute(
            insert(activities).values(
                organization_id=organization_id,
                sequence=activity.sequence,
                id=activity.id,
                created_at=activity.created_at,
                type=activity.type,
                actor_kind=actor.kind,
                actor_id=actor.id,
                ip_address=actor.ip_address,
                user_agent=actor.user_agent,
                request_id=actor.request_id,
                details=json.dumps(activity.details, separators=(",", ":")),
                mark=activity.mark,
            )
        )
