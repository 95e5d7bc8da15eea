"""What is said of a caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from antechamber.base.ids import OrganizationId, ServiceAccountId, UserId, WorkspaceId
from antechamber.base.permissions import OrganizationRole, ServiceAccountRole, WorkspaceRole


class CredentialKind(StrEnum):
    """What was sent."""

    ACCESS_TOKEN = "access_token"  # noqa: S105 - a kind, not a secret
    ADMIN_KEY = "admin_api_key"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Credential:
    """The credential itself; `name` is a key's, `scopes` are None where it has none; times in microseconds."""

    kind: CredentialKind
    id: str
    name: str | None
    scopes: tuple[str, ...] | None
    expires_at: int | None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class PersonInside:
    """The person that the credential acts as."""

    id: UserId
    email: str
    name: str
    role: OrganizationRole


@dataclass(frozen=True, slots=True)
class ServiceAccountInside:
    """The service account that the credential acts as; `name` is None where it is not known any more."""

    id: ServiceAccountId
    name: str | None
    role: ServiceAccountRole | None


@dataclass(frozen=True, slots=True)
class WorkspaceInside:
    """The workspace that the credential is bound to, and the role there of whom it acts as."""

    id: WorkspaceId
    name: str
    is_default: bool
    role: WorkspaceRole | None


@dataclass(frozen=True, slots=True)
class Description:
    """Everything at once; `account` is None for an ownerless key and for what the operator minted."""

    credential: Credential
    organization_id: OrganizationId
    organization_name: str
    account: PersonInside | ServiceAccountInside | None
    workspace: WorkspaceInside | None
    permissions: Sequence[str]
