"""The use-cases of groups."""

import dataclasses
from collections.abc import Sequence

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import Kind, OrganizationId, RbacGroupId, UserId, is_id, mint
from antechamber.base.page import PageQuery, Paging, Part
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.organizations.model import Member
from antechamber.features.organizations.service import Members
from antechamber.features.rbac.model import Group, GroupMember, SourceType, check_group_name, refuse_provisioned
from antechamber.features.rbac.ports import GroupStore


class Groups:
    """Makes, finds, renames and deletes groups, and says who is in them."""

    def __init__(
        self, store: GroupStore, people: Members, units: Units, clock: Clock, chance: Chance, audit: Audit
    ) -> None:
        self._store = store
        self._people = people
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit

    async def create(self, organization_id: OrganizationId, name: str, by: Actor) -> Group:
        """Make a group with nobody in it; InvalidRequest for its name."""
        now = self._clock.now()
        group = Group(
            id=RbacGroupId(mint(Kind.RBAC_GROUP, self._clock, self._chance)),
            organization_id=organization_id,
            name=check_group_name(name),
            source=SourceType.DIRECT,
            created_at=now,
            updated_at=now,
        )
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            await self._store.add(unit, organization_id, group)
            await self._record(unit, group, by, ActivityType.GROUP_CREATED, group_name=group.name)
        return group

    async def listing(self, organization_id: OrganizationId, query: PageQuery) -> Part[Group]:
        """Return a page of groups, newest first."""
        paging = Paging(Kind.RBAC_GROUP, query, organization=organization_id)
        asked = paging.asked()
        async with self._units.read() as unit:
            found = await self._store.listing(unit, organization_id, asked)
        return paging.part(found, lambda group: (group.created_at, group.id))

    async def get(self, organization_id: OrganizationId, group_id: RbacGroupId) -> Group:
        """Return a group; NotFound."""
        async with self._units.read() as unit:
            return await self._require(unit, organization_id, group_id)

    async def update(
        self, organization_id: OrganizationId, group_id: RbacGroupId, name: str | None, by: Actor
    ) -> Group:
        """Rename a group; None leaves it as it is. NotFound, InvalidRequest for its name or a provisioned group."""
        async with self._units.begin() as unit:
            known = await self._require_changeable(unit, organization_id, group_id)
            wanted = known.name if name is None else check_group_name(name)
            if wanted == known.name:
                return known
            changed = dataclasses.replace(known, name=wanted, updated_at=self._clock.now())
            await self._store.save(unit, organization_id, changed)
            updates = updates_of({"name": known.name}, {"name": wanted})
            await self._record(unit, changed, by, ActivityType.GROUP_UPDATED, updates=updates)
            return changed

    async def delete(self, organization_id: OrganizationId, group_id: RbacGroupId, by: Actor) -> None:
        """Delete a group; its people stay members. NotFound, InvalidRequest for a provisioned group."""
        async with self._units.begin() as unit:
            known = await self._require_changeable(unit, organization_id, group_id)
            await self._store.delete(unit, organization_id, group_id)
            await self._record(unit, known, by, ActivityType.GROUP_DELETED, group_name=known.name)

    async def members(
        self, organization_id: OrganizationId, group_id: RbacGroupId, query: PageQuery
    ) -> Part[GroupMember]:
        """Return a page of the people in a group, who joined last first; NotFound."""
        paging = Paging(Kind.USER, query, group=group_id)
        asked = paging.asked()
        async with self._units.read() as unit:
            await self._require(unit, organization_id, group_id)
            found = await self._store.members(unit, organization_id, group_id, asked)
            people = await self._people.names(unit, organization_id, [user_id for user_id, _ in found])
        shown = [GroupMember(group_id, user_id, people[user_id].email, at) for user_id, at in found]
        return paging.part(shown, lambda member: (member.created_at, member.user_id))

    async def add(
        self, organization_id: OrganizationId, group_id: RbacGroupId, user_id: UserId, by: Actor
    ) -> GroupMember:
        """Put a member of the organisation in a group; who is in it already stays so, and nothing is recorded.

        NotFound for either, InvalidRequest for a provisioned group.
        """
        async with self._units.begin() as unit:
            group = await self._require_changeable(unit, organization_id, group_id)
            person = await self._people.find(unit, organization_id, user_id) if is_id(Kind.USER, user_id) else None
            if person is None:
                message = f"User not found: {user_id}"
                raise NotFound(message)
            at = await self._enter(unit, group, person, by)
            return GroupMember(group_id, user_id, person.email, at)

    async def remove(self, organization_id: OrganizationId, group_id: RbacGroupId, user_id: UserId, by: Actor) -> None:
        """Take a person out of a group; NotFound for who is not in it, InvalidRequest for a provisioned group."""
        async with self._units.begin() as unit:
            group = await self._require_changeable(unit, organization_id, group_id)
            is_in = is_id(Kind.USER, user_id) and await self._store.joined_at(unit, organization_id, group_id, user_id)
            if not is_in:
                message = f"RBAC Group member not found: {user_id} in {group_id}"
                raise NotFound(message)
            await self._store.leave(unit, organization_id, group_id, user_id)
            await self._record(unit, group, by, ActivityType.GROUP_MEMBER_REMOVED, user_id=user_id)

    async def check(
        self, unit: Unit, organization_id: OrganizationId, ids: Sequence[RbacGroupId]
    ) -> tuple[RbacGroupId, ...]:
        """Return the groups that an invite names, each once; InvalidRequest for one that nobody can be put in."""
        wanted = tuple(dict.fromkeys(ids))
        known = await self._several(unit, organization_id, wanted)
        for group_id in wanted:
            if group_id not in known:
                message = f"rbac_group_ids: there is no RBAC Group {group_id}"
                raise InvalidRequest(message)
            refuse_provisioned(known[group_id])
        return wanted

    async def enter(self, unit: Unit, member: Member, ids: Sequence[RbacGroupId], by: Actor) -> None:
        """Put who has just accepted an invite in its groups; those that were deleted since are left out."""
        known = await self._several(unit, member.organization_id, ids)
        for group_id in ids:
            if group_id in known:
                await self._enter(unit, known[group_id], member, by)

    async def forget(self, unit: Unit, member: Member, by: Actor) -> None:
        """Take who left the organisation out of every group; coming back brings them into none."""
        organization_id = member.organization_id
        held = await self._store.of_person(unit, organization_id, member.id)
        for group in (await self._several(unit, organization_id, held)).values():
            await self._store.leave(unit, organization_id, group.id, member.id)
            await self._record(unit, group, by, ActivityType.GROUP_MEMBER_REMOVED, user_id=member.id)

    async def _several(
        self, unit: Unit, organization_id: OrganizationId, ids: Sequence[RbacGroupId]
    ) -> dict[RbacGroupId, Group]:
        wanted = [group_id for group_id in ids if is_id(Kind.RBAC_GROUP, group_id)]
        found = await self._store.several(unit, organization_id, wanted) if wanted else ()
        return {group.id: group for group in found}

    async def _require(self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId) -> Group:
        found = await self._several(unit, organization_id, [group_id])
        if group_id not in found:
            message = f"RBAC Group not found: {group_id}"
            raise NotFound(message)
        return found[group_id]

    async def _require_changeable(self, unit: Unit, organization_id: OrganizationId, group_id: RbacGroupId) -> Group:
        await self._store.lock(unit, organization_id)
        group = await self._require(unit, organization_id, group_id)
        refuse_provisioned(group)
        return group

    async def _enter(self, unit: Unit, group: Group, person: Member, by: Actor) -> int:
        known = await self._store.joined_at(unit, group.organization_id, group.id, person.id)
        if known is not None:
            return known
        at = self._clock.now()
        await self._store.join(unit, group.organization_id, group.id, person.id, at)
        await self._record(unit, group, by, ActivityType.GROUP_MEMBER_ADDED, user_id=person.id)
        return at

    async def _record(self, unit: Unit, group: Group, by: Actor, act: ActivityType, **details: object) -> None:
        await self._audit.record(unit, group.organization_id, by, act, group_id=group.id, **details)
