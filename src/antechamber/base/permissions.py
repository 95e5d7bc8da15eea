"""Who may do what: the permissions, and the table from each kind of principal to those it holds."""

from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What a route asks for: noun:verb, in alphabetical order."""

    INFERENCE = "inference"
    MODELS_READ = "models:read"
    ORGANIZATION_READ = "organization:read"
    PUBLIC = "public"
    USAGE_READ = "usage:read"


class Kind(StrEnum):
    """The kinds of principal that can stand behind a request."""

    ADMIN_KEY = "admin_key"
    ANONYMOUS = "anonymous"
    API_KEY = "api_key"
    ORG_ADMIN_TOKEN = "org:admin token"  # noqa: S105 - a name, not a secret


_ADMINISTRATION: Final = frozenset({Permission.ORGANIZATION_READ, Permission.USAGE_READ})

HELD: Final[dict[Kind, frozenset[Permission]]] = {
    Kind.ADMIN_KEY: _ADMINISTRATION | {Permission.PUBLIC},
    Kind.ANONYMOUS: frozenset({Permission.PUBLIC}),
    Kind.API_KEY: frozenset({Permission.INFERENCE, Permission.MODELS_READ, Permission.PUBLIC}),
    Kind.ORG_ADMIN_TOKEN: _ADMINISTRATION | {Permission.PUBLIC},
}

SCOPES: Final[dict[str, Kind]] = {"org:admin": Kind.ORG_ADMIN_TOKEN}


def holders(permission: Permission) -> list[Kind]:
    """Return the kinds of principal that hold a permission, in alphabetical order."""
    return [kind for kind in sorted(HELD) if permission in HELD[kind]]
