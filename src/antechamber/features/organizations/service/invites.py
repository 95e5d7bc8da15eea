"""The use-cases of invites."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.errors import InvalidRequest, NotFound, RateLimited
from antechamber.base.ids import InviteId, Kind, OrganizationId, RbacGroupId, is_id, mint
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import OrganizationRole
from antechamber.base.secret import Secret, digest
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.organizations.model import (
    INVITE_SECONDS,
    Invite,
    InviteRules,
    InviteStatus,
    Member,
    base_of,
    check_assignable,
    check_email,
    domain_of,
    key_of,
)
from antechamber.features.organizations.ports import InvitedGroups, InviteStore
from antechamber.features.organizations.service.invitation import secret_of
from antechamber.features.organizations.service.members import Members

_HOUR: Final = 3600 * MICROSECONDS
# SDKs do not wait for longer ones, and try again within seconds instead
_LONG_SECONDS: Final = 60


class Invites:
    """Invitations of people into organisations; an invite's secret goes into its mail, and can be derived again."""

    def __init__(
        self,
        store: InviteStore,
        members: Members,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
        pepper: Secret,
        rules: InviteRules,
    ) -> None:
        self._store = store
        self._members = members
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit
        self._pepper = pepper
        self._rules = rules
        self._groups: InvitedGroups | None = None
        self._on_created: Callable[[], None] = _nothing

    def bind_groups(self, groups: InvitedGroups) -> None:
        """Join the groups that invites may name."""
        self._groups = groups

    def on_created(self, callback: Callable[[], None]) -> None:
        """Call back when a new invite is kept, so that its mail goes out at once."""
        self._on_created = callback

    def now(self) -> int:
        """Return the instant by which statuses are shown."""
        return self._clock.now()

    async def listing(
        self,
        organization_id: OrganizationId,
        cursor: IdCursor,
        *,
        email: str | None = None,
        roles: Collection[OrganizationRole] = (),
        statuses: Collection[InviteStatus] = (),
    ) -> Page[Invite]:
        """Return invites newest first, without deleted ones; `email` lets its `+tag` variants through."""
        base = None if email is None else base_of(check_email(email))
        async with self._units.read() as unit:
            return await self._store.page(
                unit, organization_id, cursor, self._clock.now(), base=base, roles=roles, statuses=statuses
            )

    async def get(self, organization_id: OrganizationId, invite_id: InviteId) -> Invite:
        """Return an invite, a deleted one too; NotFound if there is none."""
        async with self._units.read() as unit:
            return await self._one(unit, organization_id, invite_id)

    async def create(
        self,
        organization_id: OrganizationId,
        email: str,
        role: str,
        by: Actor,
        group_ids: Sequence[RbacGroupId] = (),
    ) -> Invite:
        """Invite an address for 21 days, into groups too; its mail goes out after the transaction.

        InvalidRequest with `email_domain_not_allowed`, `already_member`, `invite_already_exists` or
        `org_member_limit_exceeded`, or for a group that there is not; RateLimited over the hourly number.
        """
        address, wanted = check_email(email), check_assignable(role)
        self._refuse_domain(address)
        async with self._members.changing(organization_id) as unit:
            await self._refuse_known(unit, organization_id, address)
            await self._refuse_crowd(unit, organization_id)
            await self._refuse_haste(unit, organization_id)
            now = self._clock.now()
            invite = Invite(
                id=InviteId(mint(Kind.INVITE, self._clock, self._chance)),
                organization_id=organization_id,
                email=address,
                role=wanted,
                invited_at=now,
                expires_at=now + INVITE_SECONDS * MICROSECONDS,
                rbac_group_ids=await self._check_groups(unit, organization_id, group_ids),
            )
            secret = secret_of(self._pepper, invite.id)
            await self._store.add(unit, organization_id, invite, self._digest(secret.reveal()))
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.INVITE_CREATED,
                invite_id=invite.id,
                invited_email=address,
                invited_role=wanted,
            )
        self._on_created()
        return invite

    async def delete(self, organization_id: OrganizationId, invite_id: InviteId, by: Actor) -> None:
        """Take a pending invite back; its link opens nothing from now on. InvalidRequest for any other status."""
        async with self._members.changing(organization_id) as unit:
            invite = await self._one(unit, organization_id, invite_id)
            now = self._clock.now()
            if invite.status(now) is not InviteStatus.PENDING:
                message = f"Only a pending invite can be deleted; this one is {invite.status(now)}."
                raise InvalidRequest(message)
            await self._store.delete(unit, organization_id, invite_id, now)
            await self._audit.record(
                unit,
                organization_id,
                by,
                ActivityType.INVITE_DELETED,
                invite_id=invite_id,
                invited_email=invite.email,
                invited_role=invite.role,
            )

    async def open(self, secret: str) -> Invite | None:
        """Return the invite that a secret opens, if it can still be accepted; for the page that shows it."""
        async with self._units.read() as unit:
            invite = await self._store.resolve_invite(unit, self._digest(secret))
        return invite if invite is not None and invite.status(self._clock.now()) is InviteStatus.PENDING else None

    async def accept(self, secret: str, name: str, by: Actor) -> Member:
        """Make whoever holds the secret a member, in the role and under the address of the invite, once.

        NotFound for a secret that opens nothing; InvalidRequest for an invite that is not pending any more.
        """
        async with self._units.read() as unit:
            known = await self.resolve(unit, secret)
        if known is None:
            message = "Invite not found."
            raise NotFound(message)
        async with self._members.changing(known.organization_id) as unit:
            return await self.take(unit, known.organization_id, known.id, name, by)

    async def resolve(self, unit: Unit, secret: str) -> Invite | None:
        """Return the invite that a secret opens, whatever its status."""
        return await self._store.resolve_invite(unit, self._digest(secret))

    async def take(
        self, unit: Unit, organization_id: OrganizationId, invite_id: InviteId, name: str, by: Actor
    ) -> Member:
        """Accept an invite in a transaction of `Members.changing`; for whoever has been shown to hold its secret.

        InvalidRequest `invite_not_pending` for one that is not pending any more, `already_member` for a member's.
        """
        invite = await self._one(unit, organization_id, invite_id)
        now = self._clock.now()
        if invite.status(now) is not InviteStatus.PENDING:
            message = f"This invite cannot be accepted: it is {invite.status(now)}."
            raise InvalidRequest(message, error_code="invite_not_pending")
        member = await self._members.join(unit, organization_id, invite.email, name, invite.role, by)
        await self._store.accept(unit, organization_id, invite.id, member.id, now)
        if self._groups is not None:
            await self._groups.enter(unit, member, invite.rbac_group_ids, by)
        await self._audit.record(
            unit,
            organization_id,
            by,
            ActivityType.INVITE_ACCEPTED,
            invite_id=invite.id,
            user_id=member.id,
            invited_email=invite.email,
            invited_role=invite.role,
        )
        return member

    async def secret(self, organization_id: OrganizationId, invite_id: InviteId) -> Secret:
        """Return a pending invite's secret again, for the operator, whose server has no mail; InvalidRequest."""
        async with self._units.read() as unit:
            invite = await self._one(unit, organization_id, invite_id)
        if invite.status(self._clock.now()) is not InviteStatus.PENDING:
            message = f"Only a pending invite has a link; this one is {invite.status(self._clock.now())}."
            raise InvalidRequest(message)
        return secret_of(self._pepper, invite_id)

    async def _check_groups(
        self, unit: Unit, organization_id: OrganizationId, ids: Sequence[RbacGroupId]
    ) -> tuple[RbacGroupId, ...]:
        return () if self._groups is None else await self._groups.check(unit, organization_id, ids)

    def _digest(self, text: str) -> bytes:
        return digest(self._pepper.reveal().encode(), text)

    async def _one(self, unit: Unit, organization_id: OrganizationId, invite_id: InviteId) -> Invite:
        invite = await self._store.find(unit, organization_id, invite_id) if is_id(Kind.INVITE, invite_id) else None
        if invite is None:
            message = "Invite not found."
            raise NotFound(message)
        return invite

    def _refuse_domain(self, email: str) -> None:
        domains = self._rules.domains
        if domains is not None and domain_of(email) not in domains:
            message = f"email: addresses of {domain_of(email)} cannot be invited to this organization"
            raise InvalidRequest(message, error_code="email_domain_not_allowed")

    async def _refuse_known(self, unit: Unit, organization_id: OrganizationId, email: str) -> None:
        await self._members.refuse_member(unit, organization_id, email)
        pending = await self._store.find_pending(unit, organization_id, key_of(email), self._clock.now())
        if pending is not None:
            message = f"email: a pending invite for {email} exists already: {pending.id}"
            raise InvalidRequest(message, error_code="invite_already_exists")

    async def _refuse_crowd(self, unit: Unit, organization_id: OrganizationId) -> None:
        limit = self._rules.member_limit
        if not limit:
            return
        members = await self._members.count(unit, organization_id)
        pending = await self._store.count_pending(unit, organization_id, self._clock.now())
        if members + pending >= limit:
            message = (
                f"The organization may have {limit} members and has {members}, with {pending} pending invites. "
                "Remove a member or delete an invite first."
            )
            raise InvalidRequest(message, error_code="org_member_limit_exceeded")

    async def _refuse_haste(self, unit: Unit, organization_id: OrganizationId) -> None:
        limit = self._rules.invites_per_hour
        made_at = await self._store.nth_newest(unit, organization_id, limit) if limit else None
        wait = 0 if made_at is None else -(-(made_at + _HOUR - self._clock.now()) // MICROSECONDS)
        if wait > 0:
            message = f"This organization may create {limit} invites an hour. Try again later."
            raise RateLimited(message, retry_after=wait, should_retry=False if wait > _LONG_SECONDS else None)


def _nothing() -> None:
    """Leave the mail to the next look."""
