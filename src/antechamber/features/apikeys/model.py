"""What a key is."""

from dataclasses import dataclass
from enum import StrEnum

from antechamber.base.ids import AdminKeyId, ApiKeyId, OrganizationId, UserId, WorkspaceId


class Status(StrEnum):
    """Whether a key opens anything; `expired` is computed, never stored (wire-admin.md 2.6)."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class StoredApiKey:
    """A workspace's key without its secret; `user_id` is None for an ownerless one."""

    id: ApiKeyId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    default_workspace: bool
    name: str
    status: Status
    hint: str
    user_id: UserId | None
    created_at: int
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class StoredAdminKey:
    """An organisation's admin key without its secret."""

    id: AdminKeyId
    organization_id: OrganizationId
    name: str
    status: Status
    hint: str
    created_at: int
    expires_at: int | None
