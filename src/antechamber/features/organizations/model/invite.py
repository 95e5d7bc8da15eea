"""What an invite is, and the rules under which one is made."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.ids import InviteId, OrganizationId, RbacGroupId
from antechamber.base.permissions import OrganizationRole

# wire-admin.md 2.3: not changeable
INVITE_SECONDS: Final = 21 * 86_400


class InviteStatus(StrEnum):
    """What an invite is at an instant (SDK `organization.OrganizationInvite`)."""

    ACCEPTED = "accepted"
    DELETED = "deleted"
    EXPIRED = "expired"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Invite:
    """An invitation of an address into an organisation, and into groups of it; times in microseconds."""

    id: InviteId
    organization_id: OrganizationId
    email: str
    role: OrganizationRole
    invited_at: int
    expires_at: int
    accepted_at: int | None = None
    deleted_at: int | None = None
    rbac_group_ids: tuple[RbacGroupId, ...] = ()

    def status(self, now: int) -> InviteStatus:
        """Return what it is at `now`; expiry is computed, never stored."""
        if self.deleted_at is not None:
            return InviteStatus.DELETED
        if self.accepted_at is not None:
            return InviteStatus.ACCEPTED
        return InviteStatus.PENDING if now < self.expires_at else InviteStatus.EXPIRED


@dataclass(frozen=True, slots=True)
class InviteRules:
    """What the operator lets organisations invite; 0 means no limit, None means every domain."""

    domains: frozenset[str] | None = None
    member_limit: int = 0
    invites_per_hour: int = 0
