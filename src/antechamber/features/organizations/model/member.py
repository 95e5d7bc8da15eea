"""What a member is, and which roles the API may give."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.permissions import OrganizationRole

_MAX_NAME: Final = 100

# wire-admin.md 2.2: `admin` is never assignable by API
ASSIGNABLE: Final = tuple(role for role in OrganizationRole if role is not OrganizationRole.ADMIN)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone known to the server; `email` is unique on it without regard to case. `created_at` in microseconds."""

    id: UserId
    email: str
    name: str
    created_at: int


# Nobody changes it. It is not frozen, for that would double what it takes to make one, and a page may have a thousand.
@dataclass(slots=True)
class Member:
    """A person in an organisation; times in microseconds, `removed_at` None while they are in it."""

    id: UserId
    organization_id: OrganizationId
    email: str
    name: str
    role: OrganizationRole
    added_at: int
    removed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """An organisation that a person is in, and as what."""

    organization_id: OrganizationId
    organization_name: str
    role: OrganizationRole


def check_assignable(role: str) -> OrganizationRole:
    """Return the role; InvalidRequest unless it is one that the API may give."""
    if role == OrganizationRole.ADMIN:
        message = f"role: admin cannot be assigned through the API; it takes: {', '.join(ASSIGNABLE)}"
        raise InvalidRequest(message)
    if role not in ASSIGNABLE:
        message = f"role: must be one of: {', '.join(ASSIGNABLE)}"
        raise InvalidRequest(message)
    return OrganizationRole(role)


def check_person_name(name: str, email: str) -> str:
    """Return a person's name, the address's local part for an empty one; InvalidRequest if it can't be shown."""
    trimmed = name.strip() or email.rpartition("@")[0]
    if len(trimmed) > _MAX_NAME or not trimmed.isprintable():
        message = f"name: must be at most {_MAX_NAME} printable characters"
        raise InvalidRequest(message)
    return trimmed
