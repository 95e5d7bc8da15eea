"""Who may do what: the permissions, and the tables from roles, scopes and kinds of principal to what they hold.

This is the permission model of the whole product. A route declares one Permission. A principal holds a set of them:
a key by its kind, an admin key by its scopes (none means all of the administration), a person by the intersection of
their organisation role and their token's scopes, a personal key by the intersection of what a key may do and its
owner's role in the workspace. Sources: wire-admin.md 2.2, 2.5, 4 (scopes) and 6 (matrices).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final


class Permission(StrEnum):
    """What a route asks for: noun:verb, in alphabetical order."""

    ADMIN_KEYS_READ = "admin_keys:read"
    ADMIN_KEYS_WRITE = "admin_keys:write"
    AGENTS_READ = "agents:read"
    AGENTS_WRITE = "agents:write"
    API_KEYS_READ = "api_keys:read"
    API_KEYS_WRITE = "api_keys:write"
    AUDIT_READ = "audit:read"
    CLAUDE_CODE_USE = "claude_code:use"
    COMPLIANCE_SETTINGS_WRITE = "compliance_settings:write"
    COST_READ = "cost:read"
    ENVIRONMENTS_READ = "environments:read"
    ENVIRONMENTS_WRITE = "environments:write"
    EVENTS_WRITE = "events:write"
    EXTERNAL_KEYS_READ = "external_keys:read"
    EXTERNAL_KEYS_WRITE = "external_keys:write"
    FEDERATION_READ = "federation:read"
    FEDERATION_WRITE = "federation:write"
    FILES_READ = "files:read"
    INFERENCE = "inference"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    METRICS_WRITE = "metrics:write"
    MODELS_READ = "models:read"
    ORGANIZATION_READ = "organization:read"
    PLAYGROUND_USE = "playground:use"
    PUBLIC = "public"
    RATE_LIMITS_READ = "rate_limits:read"
    RATE_LIMITS_WRITE = "rate_limits:write"
    RBAC_GROUPS_READ = "rbac_groups:read"
    RBAC_GROUPS_WRITE = "rbac_groups:write"
    SELF_READ = "self:read"
    SERVICE_ACCOUNTS_READ = "service_accounts:read"
    SERVICE_ACCOUNTS_WRITE = "service_accounts:write"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    SPEND_LIMITS_ASK = "spend_limits:ask"
    SPEND_LIMITS_READ = "spend_limits:read"
    SPEND_LIMITS_WRITE = "spend_limits:write"
    TELEMETRY_READ = "telemetry:read"
    TELEMETRY_WRITE = "telemetry:write"
    TRACES_READ = "traces:read"
    USAGE_READ = "usage:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    WORK_HEARTBEAT = "work:heartbeat"
    WORK_READ = "work:read"
    WORK_STOP = "work:stop"
    WORK_TAKE = "work:take"
    WORK_WRITE = "work:write"
    WORKSPACE_MEMBERS_READ = "workspace_members:read"
    WORKSPACE_MEMBERS_WRITE = "workspace_members:write"
    WORKSPACES_READ = "workspaces:read"
    WORKSPACES_WRITE = "workspaces:write"


class OrganizationRole(StrEnum):
    """What a person is in an organisation."""

    ADMIN = "admin"
    BILLING = "billing"
    CLAUDE_CODE_USER = "claude_code_user"
    DEVELOPER = "developer"
    USER = "user"


class WorkspaceRole(StrEnum):
    """What a person is in a workspace; `workspace_billing` is inherited only, never given by hand."""

    ADMIN = "workspace_admin"
    BILLING = "workspace_billing"
    DEVELOPER = "workspace_developer"
    RESTRICTED_DEVELOPER = "workspace_restricted_developer"
    USER = "workspace_user"


class ServiceAccountRole(StrEnum):
    """What a service account is in an organisation."""

    ADMIN = "admin"
    DEVELOPER = "developer"


class Kind(StrEnum):
    """The kinds of principal that can stand behind a request; a person counts by their organisation role."""

    ADMIN_KEY = "admin_key"
    ANONYMOUS = "anonymous"
    API_KEY = "api_key"
    ENVIRONMENT_KEY = "environment_key"
    ORG_ADMIN_TOKEN = "org:admin token"  # noqa: S105 - a name, not a secret
    PERSON_ADMIN = "person: admin"
    PERSON_BILLING = "person: billing"
    PERSON_CLAUDE_CODE_USER = "person: claude_code_user"
    PERSON_DEVELOPER = "person: developer"
    PERSON_USER = "person: user"
    WORK_TOKEN = "work token"  # noqa: S105 - the same
    WORKSPACE_TOKEN = "workspace:developer token"  # noqa: S105 - the same


_SEES_MONEY: Final = frozenset({Permission.COST_READ, Permission.USAGE_READ})
_SETS_SPENDING: Final = frozenset({Permission.SPEND_LIMITS_READ, Permission.SPEND_LIMITS_WRITE})
# what whoever calls may do for themselves
_SELF: Final = frozenset({Permission.SELF_READ, Permission.SPEND_LIMITS_ASK})
_HOLDS_KEYS: Final = frozenset({Permission.API_KEYS_READ, Permission.API_KEYS_WRITE})
_CALLS_MODELS: Final = frozenset({Permission.INFERENCE, Permission.METRICS_WRITE, Permission.MODELS_READ})
# rooms for agents (wire-agents.md 2 to 4); WORK_TAKE and WORK_HEARTBEAT are the workers' alone
_RUNS_AGENTS: Final = frozenset(
    {
        Permission.AGENTS_READ,
        Permission.AGENTS_WRITE,
        Permission.ENVIRONMENTS_READ,
        Permission.ENVIRONMENTS_WRITE,
        Permission.EVENTS_WRITE,
        Permission.SESSIONS_READ,
        Permission.SESSIONS_WRITE,
        Permission.WORK_READ,
        Permission.WORK_STOP,
        Permission.WORK_WRITE,
    }
)
# what a worker does for the one session that it has been given (wire-agents.md 2b)
_SERVES: Final = frozenset(
    {Permission.EVENTS_WRITE, Permission.SESSIONS_READ, Permission.WORK_HEARTBEAT, Permission.WORK_STOP}
)
# what is done in a workspace, and so by a token only in the one that it is bound to
IN_A_WORKSPACE: Final = (
    _CALLS_MODELS | _RUNS_AGENTS | {Permission.FILES_READ, Permission.PLAYGROUND_USE, Permission.TRACES_READ}
)
# what only a person's or a workload's token may do, never a key (wire-auth.md 4)
_ONLY_TOKENS: Final = frozenset(
    {
        Permission.FEDERATION_READ,
        Permission.FEDERATION_WRITE,
        Permission.SERVICE_ACCOUNTS_READ,
        Permission.SERVICE_ACCOUNTS_WRITE,
    }
)
_ADMINISTRATION: Final = (
    _SEES_MONEY
    | _SETS_SPENDING
    | _HOLDS_KEYS
    | {
        Permission.ADMIN_KEYS_READ,
        Permission.ADMIN_KEYS_WRITE,
        Permission.AUDIT_READ,
        Permission.COMPLIANCE_SETTINGS_WRITE,
        Permission.EXTERNAL_KEYS_READ,
        Permission.EXTERNAL_KEYS_WRITE,
        Permission.MEMBERS_READ,
        Permission.MEMBERS_WRITE,
        Permission.ORGANIZATION_READ,
        Permission.RATE_LIMITS_READ,
        Permission.RATE_LIMITS_WRITE,
        Permission.RBAC_GROUPS_READ,
        Permission.RBAC_GROUPS_WRITE,
        Permission.SELF_READ,
        Permission.TELEMETRY_READ,
        Permission.TELEMETRY_WRITE,
        Permission.WEBHOOKS_READ,
        Permission.WEBHOOKS_WRITE,
        Permission.WORKSPACES_READ,
        Permission.WORKSPACES_WRITE,
        Permission.WORKSPACE_MEMBERS_READ,
        Permission.WORKSPACE_MEMBERS_WRITE,
    }
)
_KEY: Final = _CALLS_MODELS | _RUNS_AGENTS | _SELF | {Permission.FILES_READ, Permission.TRACES_READ}
_MEMBER: Final = _SELF | {Permission.ORGANIZATION_READ, Permission.PLAYGROUND_USE}

ROLES: Final[Mapping[OrganizationRole, frozenset[Permission]]] = {
    OrganizationRole.ADMIN: _MEMBER | _ADMINISTRATION | _ONLY_TOKENS | {Permission.CLAUDE_CODE_USE},
    OrganizationRole.BILLING: _MEMBER
    | _SEES_MONEY
    | _SETS_SPENDING
    | {Permission.RATE_LIMITS_READ, Permission.WORKSPACES_READ},
    OrganizationRole.CLAUDE_CODE_USER: _MEMBER | {Permission.CLAUDE_CODE_USE},
    OrganizationRole.DEVELOPER: _MEMBER | _SEES_MONEY | _HOLDS_KEYS | {Permission.TELEMETRY_READ},
    OrganizationRole.USER: _MEMBER,
}

WORKSPACE_ROLES: Final[Mapping[WorkspaceRole, frozenset[Permission]]] = {
    WorkspaceRole.ADMIN: _CALLS_MODELS
    | _RUNS_AGENTS
    | _HOLDS_KEYS
    | _SEES_MONEY
    | _SELF
    | {
        Permission.FILES_READ,
        Permission.PLAYGROUND_USE,
        Permission.RATE_LIMITS_READ,
        Permission.RATE_LIMITS_WRITE,
        Permission.TRACES_READ,
        Permission.WORKSPACES_READ,
        Permission.WORKSPACES_WRITE,
        Permission.WORKSPACE_MEMBERS_READ,
        Permission.WORKSPACE_MEMBERS_WRITE,
    },
    WorkspaceRole.BILLING: _SEES_MONEY,
    WorkspaceRole.DEVELOPER: _CALLS_MODELS
    | _RUNS_AGENTS
    | _HOLDS_KEYS
    | _SELF
    | {Permission.FILES_READ, Permission.PLAYGROUND_USE, Permission.TRACES_READ},
    WorkspaceRole.RESTRICTED_DEVELOPER: _CALLS_MODELS | _HOLDS_KEYS | _SELF | {Permission.PLAYGROUND_USE},
    WorkspaceRole.USER: frozenset({Permission.PLAYGROUND_USE}),
}

SERVICE_ACCOUNT_ROLES: Final[Mapping[ServiceAccountRole, frozenset[Permission]]] = {
    ServiceAccountRole.ADMIN: _ADMINISTRATION | _ONLY_TOKENS,
    ServiceAccountRole.DEVELOPER: _SEES_MONEY | _HOLDS_KEYS | {Permission.ORGANIZATION_READ, Permission.TELEMETRY_READ},
}

ORG_ADMIN: Final = "org:admin"
# What a token or an admin key is limited to; `org:admin` and `user:*` are the wire's (wire-auth.md), `read:*` and
# `write:*` follow the hosted platform's scoped keys (wire-admin.md 4).
SCOPES: Final[Mapping[str, frozenset[Permission]]] = {
    ORG_ADMIN: _ADMINISTRATION | _ONLY_TOKENS,
    "read:admin_keys": frozenset({Permission.ADMIN_KEYS_READ}),
    "read:analytics": _SEES_MONEY,
    "read:api_keys": frozenset({Permission.API_KEYS_READ}),
    "read:compliance_activities": frozenset({Permission.AUDIT_READ}),
    "read:external_keys": frozenset({Permission.EXTERNAL_KEYS_READ}),
    "read:members": frozenset({Permission.MEMBERS_READ, Permission.WORKSPACE_MEMBERS_READ}),
    "read:organization": frozenset({Permission.ORGANIZATION_READ}),
    "read:rate_limits": frozenset({Permission.RATE_LIMITS_READ}),
    "read:rbac_groups": frozenset({Permission.RBAC_GROUPS_READ}),
    "read:spend_limits": frozenset({Permission.SPEND_LIMITS_READ}),
    "read:webhooks": frozenset({Permission.WEBHOOKS_READ}),
    "read:workspaces": frozenset({Permission.WORKSPACES_READ, Permission.WORKSPACE_MEMBERS_READ}),
    "user:billing": _SEES_MONEY | _SETS_SPENDING | {Permission.RATE_LIMITS_READ, Permission.WORKSPACES_READ},
    "user:developer": _HOLDS_KEYS | _SEES_MONEY | _KEY | {Permission.PLAYGROUND_USE, Permission.TELEMETRY_READ},
    "user:inference": _CALLS_MODELS | _SELF,
    "user:profile": _MEMBER,
    "user:sessions:claude_code": _CALLS_MODELS | _SELF | {Permission.CLAUDE_CODE_USE},
    "workspace:developer": _KEY,
    "workspace:inference": frozenset({Permission.INFERENCE, Permission.MODELS_READ, Permission.SELF_READ}),
    "workspace:manage_tunnels": frozenset(),
    "write:admin_keys": frozenset({Permission.ADMIN_KEYS_READ, Permission.ADMIN_KEYS_WRITE}),
    "write:api_keys": _HOLDS_KEYS,
    "write:external_keys": frozenset({Permission.EXTERNAL_KEYS_READ, Permission.EXTERNAL_KEYS_WRITE}),
    "write:members": frozenset(
        {
            Permission.MEMBERS_READ,
            Permission.MEMBERS_WRITE,
            Permission.WORKSPACE_MEMBERS_READ,
            Permission.WORKSPACE_MEMBERS_WRITE,
        }
    ),
    "write:rate_limits": frozenset({Permission.RATE_LIMITS_READ, Permission.RATE_LIMITS_WRITE}),
    "write:rbac_groups": frozenset({Permission.RBAC_GROUPS_READ, Permission.RBAC_GROUPS_WRITE}),
    "write:spend_limits": _SETS_SPENDING,
    "write:webhooks": frozenset({Permission.WEBHOOKS_READ, Permission.WEBHOOKS_WRITE}),
    "write:workspaces": frozenset({Permission.WORKSPACES_READ, Permission.WORKSPACES_WRITE}),
}

HELD: Final[Mapping[Kind, frozenset[Permission]]] = {
    # a key that leaks must not make others that outlive it
    Kind.ADMIN_KEY: _ADMINISTRATION - {Permission.ADMIN_KEYS_WRITE},
    Kind.ANONYMOUS: frozenset(),
    Kind.API_KEY: _CALLS_MODELS | _RUNS_AGENTS | _SELF,
    Kind.ENVIRONMENT_KEY: _SERVES | {Permission.WORK_TAKE},
    Kind.ORG_ADMIN_TOKEN: _ADMINISTRATION | _ONLY_TOKENS,
    Kind.PERSON_ADMIN: ROLES[OrganizationRole.ADMIN],
    Kind.PERSON_BILLING: ROLES[OrganizationRole.BILLING],
    Kind.PERSON_CLAUDE_CODE_USER: ROLES[OrganizationRole.CLAUDE_CODE_USER],
    Kind.PERSON_DEVELOPER: ROLES[OrganizationRole.DEVELOPER],
    Kind.PERSON_USER: ROLES[OrganizationRole.USER],
    Kind.WORK_TOKEN: _SERVES,
    Kind.WORKSPACE_TOKEN: _KEY,
}


def holders(permission: Permission) -> list[Kind]:
    """Return the kinds of principal that hold a permission, in alphabetical order; everyone holds the public one."""
    return [kind for kind in sorted(HELD) if permission is Permission.PUBLIC or permission in HELD[kind]]


def matrix() -> dict[str, frozenset[Permission]]:
    """Return every row of the reviewed matrix: kinds, workspace roles, service accounts' roles, scopes."""
    rows: dict[str, frozenset[Permission]] = {str(kind): HELD[kind] | {Permission.PUBLIC} for kind in sorted(HELD)}
    rows.update({f"workspace role: {role}": WORKSPACE_ROLES[role] for role in sorted(WORKSPACE_ROLES)})
    rows.update({f"service account: {role}": SERVICE_ACCOUNT_ROLES[role] for role in sorted(SERVICE_ACCOUNT_ROLES)})
    rows.update({f"scope: {scope}": SCOPES[scope] for scope in sorted(SCOPES)})
    return rows


@lru_cache(maxsize=1024)
def granted(scopes: tuple[str, ...]) -> frozenset[Permission]:
    """Return what scopes grant together; an unknown scope grants nothing."""
    return _union(SCOPES.get(scope, frozenset()) for scope in scopes)


def _union(sets: Iterable[frozenset[Permission]]) -> frozenset[Permission]:
    return frozenset().union(*sets)
