"""The use-cases of members."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, NoReturn

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import Conflict, InvalidRequest, NotFound, PermissionDenied, Unavailable
from antechamber.base.ids import Kind, OrganizationId, UserId, is_id, mint
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import OrganizationRole
from antechamber.base.principal import AccessToken, Administrator
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.organizations.model import (
    Member,
    Person,
    base_of,
    check_assignable,
    check_email,
    check_person_name,
    key_of,
)
from antechamber.features.organizations.ports import MembershipEffects, MemberStore

_CONCURRENT: Final = "Another change to the organization's members is in progress. Try again once it is complete."


class Members:
    """Who is in an organisation, and as what; `effects` is what follows from a change in features above."""

    def __init__(
        self,
        store: MemberStore,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
        effects: MembershipEffects,
    ) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit
        self._effects = effects

    async def listing(
        self,
        organization_id: OrganizationId,
        cursor: IdCursor,
        *,
        email: str | None = None,
        roles: Collection[OrganizationRole] = (),
    ) -> Page[Member]:
        """Return members newest first; `email` lets its `+tag` variants through, `roles` are alternatives."""
        base = None if email is None else base_of(check_email(email))
        async with self._units.read() as unit:
            return await self._store.page(unit, organization_id, cursor, base=base, roles=roles)

    async def get(self, organization_id: OrganizationId, user_id: UserId) -> Member:
        """Return a member; NotFound for anyone else."""
        async with self._units.read() as unit:
            return await self._one(unit, organization_id, user_id)

    async def find(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> Member | None:
        """Return a member, or None."""
        return await self._store.find(unit, organization_id, user_id)

    async def find_by_email(self, unit: Unit, organization_id: OrganizationId, email: str) -> Member | None:
        """Return the member with an address, without regard to case, or None."""
        return await self._store.find_by_email(unit, organization_id, key_of(check_email(email)))

    async def by_role(
        self, unit: Unit, organization_id: OrganizationId, roles: Collection[OrganizationRole]
    ) -> Sequence[Member]:
        """Return every member with one of the roles, oldest first."""
        return await self._store.by_role(unit, organization_id, roles)

    async def count(self, unit: Unit, organization_id: OrganizationId) -> int:
        """Return how many members there are."""
        return await self._store.count(unit, organization_id)

    async def names(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[UserId]
    ) -> Mapping[UserId, Member]:
        """Return those of the ids who are or were members."""
        return await self._store.named(unit, organization_id, ids)

    async def sweep_roles(self, unit: Unit) -> dict[tuple[OrganizationId, UserId], OrganizationRole]:
        """Return every live membership of the server, for authentication."""
        return await self._store.sweep_roles(unit)

    @asynccontextmanager
    async def changing(self, organization_id: OrganizationId) -> AsyncIterator[Unit]:
        """Begin a change of who is in an organisation; Conflict `concurrent_membership_change` if others go on."""
        try:
            async with self._units.begin() as unit:
                await self._store.lock(unit, organization_id)
                yield unit
        except Unavailable as error:
            if self._store.is_busy(error):
                raise Conflict(_CONCURRENT, note=error.note, error_code="concurrent_membership_change") from error
            raise

    async def add(
        self, organization_id: OrganizationId, email: str, name: str, role: OrganizationRole, by: Actor
    ) -> Member:
        """Make somebody a member at once; for the operator, who may give any role."""
        async with self.changing(organization_id) as unit:
            return await self.join(unit, organization_id, email, name, role, by)

    async def join(
        self, unit: Unit, organization_id: OrganizationId, email: str, name: str, role: OrganizationRole, by: Actor
    ) -> Member:
        """Make somebody a member in the caller's transaction; InvalidRequest `already_member` if they are one.

        A person whom the server knows already keeps the name that they have.
        """
        address = check_email(email)
        await self._store.lock(unit, organization_id)
        await self.refuse_member(unit, organization_id, address)
        now = self._clock.now()
        stranger = Person(
            UserId(mint(Kind.USER, self._clock, self._chance)), address, check_person_name(name, address), now
        )
        person = await self._store.settle_person(unit, organization_id, stranger)
        member = Member(person.id, organization_id, person.email, person.name, role, added_at=now)
        await self._store.add(unit, organization_id, member)
        await self._audit.record(
            unit, organization_id, by, ActivityType.MEMBER_ADDED, user_id=member.id, email=member.email, role=role
        )
        await self._effects.joined(unit, member, by)
        return member

    async def refuse_member(self, unit: Unit, organization_id: OrganizationId, email: str) -> None:
        """Raise InvalidRequest `already_member`, naming the user, if a kept address is a member's."""
        member = await self._store.find_by_email(unit, organization_id, key_of(email))
        if member is not None:
            message = f"email: {email} is a member of the organization already: {member.id}"
            raise InvalidRequest(message, error_code="already_member")

    async def change_role(self, organization_id: OrganizationId, user_id: UserId, role: str, by: Actor) -> Member:
        """Give a member another role, through the API: never to an admin, and never that of admin."""
        wanted = check_assignable(role)
        async with self.changing(organization_id) as unit:
            member = await self._one(unit, organization_id, user_id)
            if member.role is OrganizationRole.ADMIN:
                _refuse_admin("The role of an admin cannot be changed through the API.")
            return await self._set_role(unit, member, wanted, by)

    async def appoint(
        self, organization_id: OrganizationId, user_id: UserId, role: OrganizationRole, by: Actor
    ) -> Member:
        """Give a member any role; for the operator."""
        async with self.changing(organization_id) as unit:
            return await self._set_role(unit, await self._one(unit, organization_id, user_id), role, by)

    async def raise_to(self, unit: Unit, member: Member, role: OrganizationRole, by: Actor) -> Member:
        """Give a member any role in a transaction of `changing`; for who holds a link of the operator's."""
        return await self._set_role(unit, member, role, by)

    async def _set_role(self, unit: Unit, member: Member, role: OrganizationRole, by: Actor) -> Member:
        old = member.role
        if old is role:
            return member
        await self._store.set_role(unit, member.organization_id, member.id, role)
        changed = await self._one(unit, member.organization_id, member.id)
        await self._audit.record(
            unit,
            member.organization_id,
            by,
            ActivityType.MEMBER_ROLE_UPDATED,
            user_id=member.id,
            user_email=member.email,
            previous_role=old,
            current_role=role,
        )
        await self._effects.role_changed(unit, changed, old, by)
        return changed

    async def remove(self, organization_id: OrganizationId, user_id: UserId, by: Actor) -> None:
        """End a membership, through the API: never the last one, and never an admin's."""
        async with self.changing(organization_id) as unit:
            member = await self._one(unit, organization_id, user_id)
            await self._refuse_last(unit, organization_id)
            if member.role is OrganizationRole.ADMIN:
                _refuse_admin("An admin cannot be removed through the API.")
            await self._end(unit, member, by)

    async def dismiss(self, organization_id: OrganizationId, user_id: UserId, by: Actor) -> None:
        """End any membership but the last one; for the operator."""
        async with self.changing(organization_id) as unit:
            member = await self._one(unit, organization_id, user_id)
            await self._refuse_last(unit, organization_id)
            await self._end(unit, member, by)

    async def sign_out(self, caller: Administrator, user_id: UserId, by: Actor) -> Member:
        """End a member's access tokens; membership and keys stay.

        InvalidRequest `cannot_sign_out_self` for the token's own person; PermissionDenied
        `cannot_sign_out_privileged_member` for an admin, whom only an admin key signs out.
        """
        async with self.changing(caller.organization_id) as unit:
            member = await self._one(unit, caller.organization_id, user_id)
            if isinstance(caller, AccessToken) and caller.user_id == user_id:
                message = "This token cannot sign out the person whom it acts for."
                raise InvalidRequest(message, error_code="cannot_sign_out_self")
            if isinstance(caller, AccessToken) and member.role is OrganizationRole.ADMIN:
                message = "An access token cannot sign out an admin; an admin key can."
                raise PermissionDenied(message, error_code="cannot_sign_out_privileged_member")
            await self._audit.record(
                unit, caller.organization_id, by, ActivityType.MEMBER_SIGNED_OUT, user_id=member.id, email=member.email
            )
            await self._effects.signed_out(unit, member, by)
        return member

    async def _refuse_last(self, unit: Unit, organization_id: OrganizationId) -> None:
        if await self._store.count(unit, organization_id) == 1:
            message = "This user is the organization's only member. Add another member before removing this one."
            raise InvalidRequest(message, error_code="cannot_remove_last_member")

    async def _end(self, unit: Unit, member: Member, by: Actor) -> None:
        await self._store.remove(unit, member.organization_id, member.id, self._clock.now())
        await self._audit.record(
            unit,
            member.organization_id,
            by,
            ActivityType.MEMBER_REMOVED,
            deleted_user_id=member.id,
            deleted_user_email=member.email,
            role=member.role,
        )
        await self._effects.removed(unit, member, by)

    async def _one(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> Member:
        member = await self._store.find(unit, organization_id, user_id) if is_id(Kind.USER, user_id) else None
        if member is None:
            message = "User not found."
            raise NotFound(message)
        return member


def _refuse_admin(message: str) -> NoReturn:
    raise InvalidRequest(message)
