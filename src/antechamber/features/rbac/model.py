"""What a group and a role are, and the rules on groups (SDK types `RBACGroup`, `RBACRole`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import Kind, OrganizationId, RbacGroupId, RbacRoleId, UserId, derive
from antechamber.base.permissions import ROLES, WORKSPACE_ROLES, Permission

_MAX_NAME: Final = 255


class SourceType(StrEnum):
    """Who makes a group: people here, or an identity provider, which alone changes its own."""

    DIRECT = "direct"
    SCIM = "scim"


@dataclass(frozen=True, slots=True)
class Group:
    """A group of people; instants in microseconds. Names need not be unique."""

    id: RbacGroupId
    organization_id: OrganizationId
    name: str
    source: SourceType
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A person in a group since `created_at`, microseconds."""

    group_id: RbacGroupId
    user_id: UserId
    email: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Role:
    """A role that comes with the platform; `created_at` in microseconds is its organisation's."""

    id: RbacRoleId
    name: str
    created_at: int


@cache
def built_in() -> Mapping[RbacRoleId, tuple[str, tuple[Permission, ...]]]:
    """Return every role's name and permissions, those of the organisation first; ids are the same everywhere."""
    held = [(str(role), permissions) for table in (ROLES, WORKSPACE_ROLES) for role, permissions in table.items()]
    return {RbacRoleId(derive(Kind.RBAC_ROLE, name)): (name, tuple(sorted(permissions))) for name, permissions in held}


def check_group_name(name: str) -> str:
    """Return the name without surrounding space; InvalidRequest unless it has 1 to 255 printable characters."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= _MAX_NAME or not trimmed.isprintable():
        message = f"name: must be 1 to {_MAX_NAME} printable characters"
        raise InvalidRequest(message)
    return trimmed


def refuse_provisioned(group: Group) -> None:
    """Raise InvalidRequest for a group that an identity provider keeps."""
    if group.source is SourceType.SCIM:
        message = f"{group.id} is provisioned by the identity provider (source_type scim) and is changed only there."
        raise InvalidRequest(message)
