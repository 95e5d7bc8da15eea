"""Who stands behind a request: one closed union of frozen values, made by authentication only."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple, Protocol, TypeAlias

from antechamber.base.errors import PermissionDenied
from antechamber.base.ids import (
    AdminKeyId,
    ApiKeyId,
    EnvironmentId,
    EnvironmentKeyId,
    OrganizationId,
    ServiceAccountId,
    SessionId,
    TokenId,
    UserId,
    WorkId,
    WorkspaceId,
)
from antechamber.base.permissions import (
    HELD,
    IN_A_WORKSPACE,
    ORG_ADMIN,
    ROLES,
    SERVICE_ACCOUNT_ROLES,
    WORKSPACE_ROLES,
    Kind,
    OrganizationRole,
    Permission,
    ServiceAccountRole,
    WorkspaceRole,
    granted,
    holders,
)

Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A workspace's API key; `default_workspace` because the old wire shows that workspace as null.

    `user_id` and `role` are those of the person whom a personal key acts as, None for an ownerless key.
    `models` (names or globs, as in the catalogue) and `networks` limit where it opens; None lets everything through.
    """

    key_id: ApiKeyId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    default_workspace: bool
    user_id: UserId | None
    expires_at: int | None
    role: WorkspaceRole | None = None
    models: tuple[str, ...] | None = None
    networks: tuple[Network, ...] | None = None

    @property
    def label(self) -> str:
        """What a refusal calls it."""
        return Kind.API_KEY if self.role is None else f"{Kind.API_KEY} of a {self.role}"

    @property
    def permissions(self) -> frozenset[Permission]:
        """What it holds: no more than its owner's role in the workspace, if it has an owner."""
        held = HELD[Kind.API_KEY]
        return held if self.role is None else held & WORKSPACE_ROLES[self.role]


@dataclass(frozen=True, slots=True)
class AdminKey:
    """An organisation's admin key; without scopes it holds the whole administration."""

    key_id: AdminKeyId
    organization_id: OrganizationId
    expires_at: int | None
    scopes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What a refusal calls it."""
        return f"{Kind.ADMIN_KEY} with scopes {' '.join(self.scopes)}" if self.scopes else Kind.ADMIN_KEY

    @property
    def permissions(self) -> frozenset[Permission]:
        """What it holds."""
        held = HELD[Kind.ADMIN_KEY]
        return held & granted(self.scopes) if self.scopes else held


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer token with scopes (space-separated): a person's, a service account's, or nobody's (the operator's).

    It holds no more than who it stands for: `role` is the person's in the organisation, `service_account_role` the
    account's, `workspace_role` theirs in the workspace that it is bound to. `client_id` is the OAuth client's.
    """

    token_id: TokenId
    organization_id: OrganizationId
    scope: str
    expires_at: int | None
    user_id: UserId | None = None
    role: OrganizationRole | None = None
    service_account_id: ServiceAccountId | None = None
    service_account_role: ServiceAccountRole | None = None
    workspace_id: WorkspaceId | None = None
    default_workspace: bool = False
    workspace_role: WorkspaceRole | None = None
    client_id: str | None = None

    @property
    def label(self) -> str:
        """What a refusal calls it."""
        if self.service_account_id is not None:
            return f"{self.scope} token of {self.service_account_id}"
        return f"{self.scope} token" if self.role is None else f"{self.scope} token of a person with role {self.role}"

    @property
    def permissions(self) -> frozenset[Permission]:
        """What it holds: of what its scopes grant, what its holder may do; in a workspace only by a role there."""
        return _held(self.scope, self.role, self.service_account_role, self.workspace_role)


@lru_cache(maxsize=4096)
def _held(
    scope: str,
    role: OrganizationRole | None,
    service_account_role: ServiceAccountRole | None,
    workspace_role: WorkspaceRole | None,
) -> frozenset[Permission]:
    # `org:admin` is for admins: a service account that is none any more has lost it with the role
    demoted = service_account_role not in {None, ServiceAccountRole.ADMIN}
    held = granted(tuple(each for each in scope.split() if not (demoted and each == ORG_ADMIN)))
    inside = held & IN_A_WORKSPACE & WORKSPACE_ROLES[workspace_role] if workspace_role else frozenset()
    if role is not None:
        return inside | (held & ROLES[role])
    if service_account_role is not None:
        own = SERVICE_ACCOUNT_ROLES[service_account_role] | {Permission.SELF_READ}
        return inside | (held & own)
    return inside | (held - IN_A_WORKSPACE)


@dataclass(frozen=True, slots=True)
class EnvironmentKey:
    """A worker's standing credential: it takes the work of one self-hosted environment, and serves its sessions."""

    key_id: EnvironmentKeyId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    environment_id: EnvironmentId
    expires_at: int | None

    @property
    def label(self) -> str:
        """What a refusal calls it."""
        return Kind.ENVIRONMENT_KEY

    @property
    def permissions(self) -> frozenset[Permission]:
        """What it holds, in its environment alone."""
        return HELD[Kind.ENVIRONMENT_KEY]


@dataclass(frozen=True, slots=True)
class WorkToken:
    """What a worker holds for the one work item that it has taken: it serves that item's session, until it stops."""

    work_id: WorkId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    environment_id: EnvironmentId
    session_id: SessionId
    expires_at: int | None = None

    @property
    def key_id(self) -> WorkId:
        """The item, which stands for the token in logs."""
        return self.work_id

    @property
    def label(self) -> str:
        """What a refusal calls it."""
        return Kind.WORK_TOKEN

    @property
    def permissions(self) -> frozenset[Permission]:
        """What it holds, for its item and its session alone."""
        return HELD[Kind.WORK_TOKEN]


class Caller(NamedTuple):
    """Who calls models, in which workspace: an API key, or a token bound to a workspace (then `key_id` is None).

    A tuple, as one is made for each request.
    """

    organization_id: OrganizationId
    workspace_id: WorkspaceId
    default_workspace: bool
    key_id: ApiKeyId | None
    user_id: UserId | None
    service_account_id: ServiceAccountId | None
    models: tuple[str, ...] | None

    @property
    def actor_id(self) -> str:
        """The person, the service account or the ownerless key that it counts for."""
        return str(self.user_id or self.service_account_id or self.key_id)


Worker: TypeAlias = EnvironmentKey | WorkToken
Principal: TypeAlias = ApiKey | AdminKey | AccessToken | EnvironmentKey | WorkToken
# who calls models or administers: everyone but workers
Holder: TypeAlias = ApiKey | AdminKey | AccessToken
Administrator: TypeAlias = AdminKey | AccessToken


class Tenant(Protocol):
    """Who works in a workspace; every principal that holds a permission of `IN_A_WORKSPACE` is bound to one."""

    @property
    def organization_id(self) -> OrganizationId:
        """The workspace's organisation."""
        ...

    @property
    def workspace_id(self) -> WorkspaceId:
        """The workspace."""
        ...


def demand(principal: Principal, permission: Permission) -> None:
    """Raise PermissionDenied, naming what is held and what is needed, unless the principal holds it."""
    held = principal.permissions
    if permission in held:
        return
    names = ", ".join(sorted(held))
    able = ", ".join(holders(permission))
    message = f"This {principal.label} holds [{names}] but needs [{permission}], which is held by: {able}."
    raise PermissionDenied(message)


def workspace_of(principal: Principal) -> WorkspaceId | None:
    """Return the workspace that a credential is bound to, if it is."""
    return None if isinstance(principal, AdminKey) else principal.workspace_id


def caller_of(principal: Principal) -> Caller:
    """Return who calls models; PermissionDenied for a credential that is bound to no workspace."""
    if isinstance(principal, ApiKey):
        return Caller(
            principal.organization_id,
            principal.workspace_id,
            principal.default_workspace,
            principal.key_id,
            principal.user_id,
            None,
            principal.models,
        )
    if not isinstance(principal, AccessToken) or principal.workspace_id is None:
        message = f"This {principal.label} is bound to no workspace; models are called in one."
        raise PermissionDenied(message)
    return Caller(
        principal.organization_id,
        principal.workspace_id,
        principal.default_workspace,
        None,
        principal.user_id,
        principal.service_account_id,
        None,
    )


def demand_address(principal: Principal, address: str | None) -> None:
    """Raise PermissionDenied for an API key that does not open from the caller's address; the list is not shown."""
    if not isinstance(principal, ApiKey) or principal.networks is None:
        return
    caller = None if address is None else _read_address(address)
    if caller is None or not any(caller in network for network in principal.networks):
        message = f"Your address ({address or 'unknown'}) is not allowed for this API key."
        raise PermissionDenied(message)


@lru_cache(maxsize=1024)
def _read_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # a socket that listens on both families shows an IPv4 caller as ::ffff:192.0.2.1 (RFC 4291 §2.5.5.2)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
