"""Scopes of people's tokens: which may be asked for, and what is left of them for somebody's roles."""

from collections.abc import Collection, Sequence
from typing import Final

from antechamber.base.permissions import (
    IN_A_WORKSPACE,
    ROLES,
    SCOPES,
    WORKSPACE_ROLES,
    OrganizationRole,
    Permission,
    WorkspaceRole,
    granted,
)
from antechamber.features.oauth.model.answers import GrantRefused, OAuthError

ORG_ADMIN: Final = "org:admin"
# what a person may be asked for; `workspace:*` are workloads' (wire-auth.md 3)
INTERACTIVE: Final = tuple(scope for scope in SCOPES if not scope.startswith("workspace:"))
DEFAULT_SCOPES: Final = ("user:profile", "user:inference", "user:developer")
# what everyone holds somewhere: alone it makes no scope of more than the profile worth having
_EVERYONES: Final = frozenset(
    {Permission.ORGANIZATION_READ, Permission.PLAYGROUND_USE, Permission.SELF_READ, Permission.SPEND_LIMITS_ASK}
)
_LONGEST: Final = 2000


def read_scopes(text: str | None, allowed: Collection[str], default: Sequence[str] = DEFAULT_SCOPES) -> tuple[str, ...]:
    """Return the scopes of a request, each once; what is left out is the default as far as it is allowed.

    GrantRefused `invalid_scope` for one that there is not or that the client may not ask for (RFC 6749 §3.3).
    """
    if text is None or not text.strip():
        return tuple(scope for scope in default if scope in allowed)
    if len(text) > _LONGEST:
        raise GrantRefused(OAuthError.INVALID_SCOPE, f"scope: at most {_LONGEST} characters")
    scopes = tuple(dict.fromkeys(text.split(" ")))
    asked = tuple(scope for scope in scopes if scope)
    if any(scope not in allowed for scope in asked):
        known = ", ".join(sorted(allowed))
        raise GrantRefused(OAuthError.INVALID_SCOPE, f"scope: each must be one of: {known}")
    return asked


def narrow(text: str | None, given: Sequence[str]) -> tuple[str, ...]:
    """Return the scopes of a refresh: those given if none is named, fewer if fewer are (RFC 6749 §6).

    GrantRefused `invalid_scope` for one that was not given.
    """
    if text is None or not text.strip():
        return tuple(given)
    asked = tuple(dict.fromkeys(text.split()))
    if any(scope not in given for scope in asked):
        raise GrantRefused(OAuthError.INVALID_SCOPE, "scope: more than what was granted")
    return asked


def reduce(
    scopes: Sequence[str], role: OrganizationRole | None, workspace_role: WorkspaceRole | None
) -> tuple[str, ...]:
    """Return those scopes that somebody's roles give a meaning; `org:admin` only for an admin, none to no member."""
    if role is None:
        return ()
    inside = IN_A_WORKSPACE & WORKSPACE_ROLES[workspace_role] if workspace_role else frozenset()
    held = ROLES[role] | inside
    return tuple(scope for scope in scopes if _is_meant(scope, role, held))


def _is_meant(scope: str, role: OrganizationRole, held: frozenset[Permission]) -> bool:
    if scope == ORG_ADMIN:
        return role is OrganizationRole.ADMIN
    means = granted((scope,))
    return bool((means - _EVERYONES) & held) or (means <= _EVERYONES and bool(means & held))
