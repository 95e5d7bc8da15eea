"""Groups in the database, and who is in them."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Table, delete, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import OrganizationId, RbacGroupId, UserId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.listing import page_of
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Instant, Text, metadata
from antechamber.features.rbac.model import Group, SourceType

groups: Final = Table(
    "rbac_groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source_type", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_rbac_groups_organization_id", "organization_id", "created_at", "id"),
)
group_members: Final = Table(
    "rbac_group_members",
    metadata,
    Column("group_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_rbac_group_members_group_id", "group_id", "created_at", "user_id"),
    Index("ix_rbac_group_members_user_id", "user_id"),
)


class SqlGroups:
    """The store of groups."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, group: Group) -> None:
        """Keep a new group."""
        values = {"id": group.id, "source_type": group.source, "created_at": group.created_at, **_changeable(group)}
        await connection(unit).execute(insert(groups).values(organization_id=organization_id, **values))

    async def save(self, unit: Unit, organization_id: OrganizationId, group: Group) -> None:
        """Keep what has changed of a known group."""
        statement = update(groups).where(groups.c.organization_id == organization_id, groups.c.id == group.id)
        await connection(unit).execute(statement.values(**_changeable(group)))

    async def delete(self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId) -> None:
        """Forget a group, and who was in it."""
        link = connection(unit)
        await link.execute(delete(group_members).where(*_in(organization_id, group_id)))
        await link.execute(delete(groups).where(groups.c.organization_id == organization_id, groups.c.id == group_id))

    async def several(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[RbacGroupId]
    ) -> Sequence[Group]:
        """Return those of these groups that there are."""
        query = select(groups).where(groups.c.organization_id == organization_id, groups.c.id.in_(ids))
        return [_read(row) for row in await connection(unit).execute(query)]

    async def listing(self, unit: Unit, organization_id: OrganizationId, asked: Asked) -> Sequence[Group]:
        """Return what was asked for."""
        query = select(groups).where(groups.c.organization_id == organization_id)
        rows = await connection(unit).execute(page_of(query, (groups.c.created_at, groups.c.id), asked))
        return [_read(row) for row in rows]

    async def members(
        self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId, asked: Asked
    ) -> Sequence[tuple[UserId, int]]:
        """Return who is in a group and since when, in microseconds, as was asked for."""
        query = select(group_members.c.user_id, group_members.c.created_at).where(*_in(organization_id, group_id))
        order = (group_members.c.created_at, group_members.c.user_id)
        return [(row.user_id, row.created_at) for row in await connection(unit).execute(page_of(query, order, asked))]

    async def joined_at(
        self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId, user_id: UserId
    ) -> int | None:
        """Return since when a person is in a group, in microseconds."""
        query = select(group_members.c.created_at).where(
            *_in(organization_id, group_id), group_members.c.user_id == user_id
        )
        return (await connection(unit).execute(query)).scalar_one_or_none()

    async def join(
        self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId, user_id: UserId, at: int
    ) -> None:
        """Put a person in a group that they are not in."""
        values = {"group_id": group_id, "user_id": user_id, "organization_id": organization_id, "created_at": at}
        await connection(unit).execute(insert(group_members).values(**values))

    async def leave(self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId, user_id: UserId) -> None:
        """Take a person out of a group."""
        statement = delete(group_members).where(*_in(organization_id, group_id), group_members.c.user_id == user_id)
        await connection(unit).execute(statement)

    async def of_person(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> Sequence[RbacGroupId]:
        """Return the groups that a person is in."""
        query = select(group_members.c.group_id).where(
            group_members.c.organization_id == organization_id, group_members.c.user_id == user_id
        )
        return list((await connection(unit).execute(query)).scalars())


def _in(organization_id: OrganizationId, group_id: RbacGroupId) -> tuple[ColumnElement[bool], ...]:
    return group_members.c.organization_id == organization_id, group_members.c.group_id == group_id


def _changeable(group: Group) -> dict[str, Any]:
    return {"name": group.name, "updated_at": group.updated_at}


def _read(row: Row[Any]) -> Group:
    return Group(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        source=SourceType(row.source_type),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
