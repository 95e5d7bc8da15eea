"""Who stands behind a request: one closed union of frozen values, made by authentication only."""

from dataclasses import dataclass
from typing import TypeAlias

from antechamber.base.errors import PermissionDenied
from antechamber.base.ids import AdminKeyId, ApiKeyId, OrganizationId, TokenId, UserId, WorkspaceId
from antechamber.base.permissions import HELD, SCOPES, Kind, Permission, holders


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A workspace's API key; `default_workspace` because the old wire shows that workspace as null."""

    key_id: ApiKeyId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    default_workspace: bool
    user_id: UserId | None
    expires_at: int | None

    @property
    def kind(self) -> Kind:
        """`api_key`."""
        return Kind.API_KEY


@dataclass(frozen=True, slots=True)
class AdminKey:
    """An organisation's admin key."""

    key_id: AdminKeyId
    organization_id: OrganizationId
    expires_at: int | None

    @property
    def kind(self) -> Kind:
        """`admin_key`."""
        return Kind.ADMIN_KEY


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer token with one scope."""

    token_id: TokenId
    organization_id: OrganizationId
    scope: str
    expires_at: int | None

    @property
    def kind(self) -> Kind:
        """The kind that its scope stands for."""
        return SCOPES.get(self.scope, Kind.ANONYMOUS)


Principal: TypeAlias = ApiKey | AdminKey | AccessToken
Administrator: TypeAlias = AdminKey | AccessToken


def demand(principal: Principal, permission: Permission) -> None:
    """Raise PermissionDenied, naming what is held and what is needed, unless the principal holds it."""
    held = HELD[principal.kind]
    if permission in held:
        return
    names = ", ".join(sorted(held - {Permission.PUBLIC}))
    able = ", ".join(holders(permission))
    message = f"This {principal.kind} holds [{names}] but needs [{permission}], which is held by: {able}."
    raise PermissionDenied(message)
