"""What groups need from outside."""

from collections.abc import Collection, Sequence
from typing import Protocol

from antechamber.base.ids import OrganizationId, RbacGroupId, UserId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.features.rbac.model import Group


class GroupStore(Protocol):
    """Where groups are kept, and who is in them."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, group: Group) -> None:
        """Keep a new group."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, group: Group) -> None:
        """Keep what has changed of a known group."""
        ...

    async def delete(self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId) -> None:
        """Forget a group, and who was in it."""
        ...

    async def several(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[RbacGroupId]
    ) -> Sequence[Group]:
        """Return those of these groups that there are."""
        ...

    async def listing(self, unit: Unit, organization_id: OrganizationId, asked: Asked) -> Sequence[Group]:
        """Return what was asked for."""
        ...

    async def members(
        self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId, asked: Asked
    ) -> Sequence[tuple[UserId, int]]:
        """Return who is in a group and since when, in microseconds, as was asked for."""
        ...

    async def joined_at(
        self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId, user_id: UserId
    ) -> int | None:
        """Return since when a person is in a group, in microseconds."""
        ...

    async def join(
        self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId, user_id: UserId, at: int
    ) -> None:
        """Put a person in a group that they are not in."""
        ...

    async def leave(self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId, user_id: UserId) -> None:
        """Take a person out of a group."""
        ...

    async def of_person(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> Sequence[RbacGroupId]:
        """Return the groups that a person is in."""
        ...
