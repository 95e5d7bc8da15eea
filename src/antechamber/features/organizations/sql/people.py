"""People in the database, as log-in looks for them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.sql.elements import ColumnElement

from antechamber.base.ids import UserId
from antechamber.base.permissions import OrganizationRole
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.features.organizations.model import Membership, Person
from antechamber.features.organizations.sql.members import members, people
from antechamber.features.organizations.sql.organizations import organizations


class SqlPeople:
    """The store of people, who are the server's."""

    async def resolve_person(self, unit: Unit, key: str) -> Person | None:
        """Return the person whose address has this key (`model.key_of`)."""
        return await _one(unit, people.c.email_key == key)

    async def resolve_user(self, unit: Unit, user_id: UserId) -> Person | None:
        """Return the person of an id."""
        return await _one(unit, people.c.id == user_id)

    async def resolve_memberships(self, unit: Unit, user_id: UserId) -> Sequence[Membership]:
        """Return where a person is a member now, by the organisations' ids."""
        query = (
            select(members.c.organization_id, members.c.role, organizations.c.name)
            .outerjoin(organizations, organizations.c.id == members.c.organization_id)
            .where(members.c.user_id == user_id, members.c.removed_at.is_(None))
            .order_by(members.c.organization_id)
        )
        rows = await connection(unit).execute(query)
        return [Membership(row.organization_id, row.name or "", OrganizationRole(row.role)) for row in rows]


async def _one(unit: Unit, condition: ColumnElement[bool]) -> Person | None:
    row: Row[Any] | None = (await connection(unit).execute(select(people).where(condition))).one_or_none()
    return None if row is None else Person(row.id, row.email, row.name, row.created_at)
