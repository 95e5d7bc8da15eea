"""Whom reports speak of: owners of keys and members, joined from the features that keep them."""

from collections.abc import Collection, Mapping

from sqlalchemy import select

from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.features.apikeys.sql.tables import api_keys
from antechamber.features.organizations.service import Members
from antechamber.features.usage.model.analytics import Person


class ReportedPeople:
    """The port that reports ask for owners and names."""

    def __init__(self, members: Members) -> None:
        self._members = members

    async def owners(self, unit: Unit, organization_id: OrganizationId) -> Mapping[str, str]:
        """Return the owner of every personal key, archived ones too."""
        columns = api_keys.c
        query = select(columns.id, columns.user_id).where(
            columns.organization_id == organization_id, columns.user_id.is_not(None)
        )
        return dict((await connection(unit).execute(query)).all())

    async def people(self, unit: Unit, organization_id: OrganizationId, ids: Collection[str]) -> Mapping[str, Person]:
        """Return those of these users that are or were members."""
        found = await self._members.names(unit, organization_id, [UserId(each) for each in ids])
        return {
            member.id: Person(member.name or None, member.email, deleted=member.removed_at is not None)
            for member in found.values()
        }
