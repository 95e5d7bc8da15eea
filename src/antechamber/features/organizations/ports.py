"""What organisations need from outside."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from antechamber.base.actor import Actor
from antechamber.base.errors import WireError
from antechamber.base.ids import InviteId, OrganizationId, RbacGroupId, UserId
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import OrganizationRole
from antechamber.base.unit import Unit
from antechamber.features.organizations.model import (
    Invite,
    InviteStatus,
    Letter,
    Member,
    Membership,
    Organization,
    Person,
)


class OrganizationStore(Protocol):
    """Where organisations are kept."""

    async def get(self, unit: Unit, organization_id: OrganizationId) -> Organization | None:
        """Return the organisation, or None."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, organization: Organization) -> None:
        """Keep a new organisation."""
        ...

    async def sweep_all(self, unit: Unit) -> Sequence[Organization]:
        """Return every organisation of this server, oldest first."""
        ...


class MemberStore(Protocol):
    """Where people and their memberships are kept; whoever was removed stays, and counts only where it says so."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make changes come one after the other; Conflict `concurrent_membership_change` if that takes too long."""
        ...

    def is_busy(self, error: WireError) -> bool:
        """Say whether a transaction did not begin because others held the database for too long."""
        ...

    async def find(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> Member | None:
        """Return the member, or None."""
        ...

    async def find_by_email(self, unit: Unit, organization_id: OrganizationId, key: str) -> Member | None:
        """Return the member whose address has this key (`model.key_of`), or None."""
        ...

    async def page(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        cursor: IdCursor,
        *,
        base: str | None,
        roles: Collection[OrganizationRole],
    ) -> Page[Member]:
        """Return members newest first: those of an address (`model.base_of`) and of any of the roles, if given."""
        ...

    async def by_role(
        self, unit: Unit, organization_id: OrganizationId, roles: Collection[OrganizationRole]
    ) -> Sequence[Member]:
        """Return every member with one of the roles, oldest first."""
        ...

    async def count(self, unit: Unit, organization_id: OrganizationId) -> int:
        """Return how many members there are."""
        ...

    async def named(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[UserId]
    ) -> Mapping[UserId, Member]:
        """Return members by id, removed ones too; who was never one is left out."""
        ...

    async def settle_person(self, unit: Unit, organization_id: OrganizationId, person: Person) -> Person:
        """Return the person whom the server knows by this address already, or keep this one."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, member: Member) -> None:
        """Keep a membership, again for one who was removed, and announce it."""
        ...

    async def set_role(
        self, unit: Unit, organization_id: OrganizationId, user_id: UserId, role: OrganizationRole
    ) -> None:
        """Change a role, and announce it."""
        ...

    async def remove(self, unit: Unit, organization_id: OrganizationId, user_id: UserId, at: int) -> None:
        """End a membership, and announce it."""
        ...

    async def sweep_roles(self, unit: Unit) -> dict[tuple[OrganizationId, UserId], OrganizationRole]:
        """Return every live membership of the server."""
        ...


class PeopleStore(Protocol):
    """Where people are found, who are the server's and in no organisation or several; for log-in."""

    async def resolve_person(self, unit: Unit, key: str) -> Person | None:
        """Return the person whose address has this key (`model.key_of`)."""
        ...

    async def resolve_user(self, unit: Unit, user_id: UserId) -> Person | None:
        """Return the person of an id."""
        ...

    async def resolve_memberships(self, unit: Unit, user_id: UserId) -> Sequence[Membership]:
        """Return where a person is a member now, by the organisations' ids."""
        ...


class InviteStore(Protocol):
    """Where invites are kept; deleted ones stay, and are left out of lists and counts."""

    async def find(self, unit: Unit, organization_id: OrganizationId, invite_id: InviteId) -> Invite | None:
        """Return the invite, a deleted one too, or None."""
        ...

    async def find_pending(self, unit: Unit, organization_id: OrganizationId, key: str, now: int) -> Invite | None:
        """Return the pending invite of an address (`model.key_of`), or None."""
        ...

    async def page(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        cursor: IdCursor,
        now: int,
        *,
        base: str | None,
        roles: Collection[OrganizationRole],
        statuses: Collection[InviteStatus],
    ) -> Page[Invite]:
        """Return invites newest first, of an address (`model.base_of`), of roles, of statuses at `now`, if given."""
        ...

    async def count_pending(self, unit: Unit, organization_id: OrganizationId, now: int) -> int:
        """Return how many are pending."""
        ...

    async def nth_newest(self, unit: Unit, organization_id: OrganizationId, number: int) -> int | None:
        """Return when the `number`th newest was made, deleted ones included; None if there are fewer."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, invite: Invite, digest: bytes) -> None:
        """Keep a new invite, whose mail is due at once."""
        ...

    async def accept(
        self, unit: Unit, organization_id: OrganizationId, invite_id: InviteId, user_id: UserId, at: int
    ) -> None:
        """Note who accepted it and when."""
        ...

    async def delete(self, unit: Unit, organization_id: OrganizationId, invite_id: InviteId, at: int) -> None:
        """Note when it was deleted."""
        ...

    async def resolve_invite(self, unit: Unit, digest: bytes) -> Invite | None:
        """Return the invite that a secret opens, whatever its status."""
        ...

    async def sweep_mail_due(self, unit: Unit, now: int, again_at: int, limit: int) -> Sequence[tuple[Invite, int]]:
        """Claim pending invites whose mail is due, with the attempts so far; they come again at `again_at`."""
        ...

    async def note_mail(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        invite_id: InviteId,
        *,
        sent_at: int | None,
        due_at: int | None,
        attempts: int,
    ) -> None:
        """Note how an attempt ended, and when the next is due."""
        ...


class MembershipEffects(Protocol):
    """What follows from a change of membership in features above, in the same transaction."""

    async def joined(self, unit: Unit, member: Member, by: Actor) -> None:
        """Someone became a member."""
        ...

    async def role_changed(self, unit: Unit, member: Member, old: OrganizationRole, by: Actor) -> None:
        """Someone's role is now another than `old`."""
        ...

    async def removed(self, unit: Unit, member: Member, by: Actor) -> None:
        """Someone is no longer a member."""
        ...

    async def signed_out(self, unit: Unit, member: Member, by: Actor) -> None:
        """Let what was opened for a member by logging in end; they stay a member."""
        ...


class InvitedGroups(Protocol):
    """The groups that invites name, which are of a feature above."""

    async def check(
        self, unit: Unit, organization_id: OrganizationId, ids: Sequence[RbacGroupId]
    ) -> tuple[RbacGroupId, ...]:
        """Return the groups that an invite names, each once; InvalidRequest for one that nobody can be put in."""
        ...

    async def enter(self, unit: Unit, member: Member, ids: Sequence[RbacGroupId], by: Actor) -> None:
        """Put who has just accepted an invite in its groups; those that were deleted since are left out."""
        ...


class Mail(Protocol):
    """Whatever takes letters to their readers."""

    async def send(self, letter: Letter) -> None:
        """Hand a letter over; MailNotSentError if that did not work."""
        ...
