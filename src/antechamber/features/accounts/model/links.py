"""The links by which people get in for the first time, or again: of set-up, of invites, for a new password."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.permissions import OrganizationRole

SETUP_SECONDS: Final = 7 * 86_400
PASSWORD_LINK_SECONDS: Final = 86_400


class LinkStatus(StrEnum):
    """What a link is at an instant; told to whoever holds it, and to nobody else."""

    DELETED = "deleted"
    EXPIRED = "expired"
    OPEN = "open"
    USED = "used"


@dataclass(frozen=True, slots=True)
class SetupLink:
    """An invitation to become the first admin; `email` is None when anyone with the link may."""

    id: str
    organization_id: OrganizationId
    email: str | None
    created_at: int
    expires_at: int
    used_at: int | None

    def is_open(self, now: int) -> bool:
        """Say whether it can still be used."""
        return self.status(now) is LinkStatus.OPEN

    def status(self, now: int) -> LinkStatus:
        """Return what it is at `now`."""
        return _status(self.used_at, self.expires_at, now)


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A one-time link by which a person sets a new password; a newer one voids it."""

    id: str
    user_id: UserId
    email: str
    created_at: int
    expires_at: int
    used_at: int | None

    def status(self, now: int) -> LinkStatus:
        """Return what it is at `now`."""
        return _status(self.used_at, self.expires_at, now)


def _status(used_at: int | None, expires_at: int, now: int) -> LinkStatus:
    if used_at is not None:
        return LinkStatus.USED
    return LinkStatus.OPEN if now < expires_at else LinkStatus.EXPIRED


@dataclass(frozen=True, slots=True)
class Welcome:
    """A set-up link as its page shows it; `email` is None when any may be typed.

    `has_account` says that the address has a way in already: its person logs in, and then uses the link.
    """

    status: LinkStatus
    organization_name: str
    email: str | None
    has_account: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invite as its page shows it; `has_account` as in `Welcome`."""

    status: LinkStatus
    organization_name: str
    email: str
    role: OrganizationRole
    expires_at: int
    has_account: bool
