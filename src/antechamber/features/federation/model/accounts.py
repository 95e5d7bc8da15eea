"""What a service account is, in its organisation and in workspaces (SDK types `organization.ServiceAccount`, …)."""

from dataclasses import dataclass
from enum import Enum

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.errors import InvalidRequest, PermissionDenied
from antechamber.base.ids import OrganizationId, ServiceAccountId, WorkspaceId
from antechamber.base.permissions import OrganizationRole, ServiceAccountRole, WorkspaceRole
from antechamber.features.federation.model.stamps import Stamp
from antechamber.features.workspaces.model import IN_DEFAULT, WorkspaceKind

# what a service account is in the Default workspace without having been made anything there, as the wire shows it
IMPLICIT_ROLE = WorkspaceRole.USER


class Keep(Enum):
    """What a change leaves as it is."""

    IT = "keep"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A named identity that is no person; `archived` is set once it has ended, for good."""

    id: ServiceAccountId
    organization_id: OrganizationId
    name: str
    description: str
    role: ServiceAccountRole
    created: Stamp
    updated: Stamp
    archived: Stamp | None = None


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """A service account that is to be made."""

    name: str
    description: str = ""
    role: ServiceAccountRole = ServiceAccountRole.DEVELOPER


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What is to become of a service account; its name never changes."""

    description: str | Keep = Keep.IT
    role: ServiceAccountRole | Keep = Keep.IT


@dataclass(frozen=True, slots=True)
class Membership:
    """A service account in a workspace, as the wire shows it; `implicit` is the one that nobody gave it."""

    service_account_id: ServiceAccountId
    workspace_id: WorkspaceId
    role: WorkspaceRole
    created_by: str | None = None
    implicit: bool = False


def effective_role(
    kind: WorkspaceKind, role: ServiceAccountRole, explicit: WorkspaceRole | None
) -> WorkspaceRole | None:
    """Return what a live service account is in a live workspace, None for nothing.

    The implicit membership of the Default workspace narrows nothing: there an account counts for what a person of the
    same role counts for.
    """
    if explicit is not None:
        return explicit
    return IN_DEFAULT[OrganizationRole(role)] if kind is WorkspaceKind.DEFAULT else None


def check_role_giver(role: ServiceAccountRole, by: Actor) -> None:
    """Raise PermissionDenied for a workload that gives the role admin: only people (and the operator) do."""
    if role is ServiceAccountRole.ADMIN and by.kind not in {ActorKind.USER, ActorKind.OPERATOR}:
        message = (
            "organization_role: `admin` can be given with a person's token only (`ante auth login --scope org:admin`); "
            "a workload creates service accounts of the role `developer`."
        )
        raise PermissionDenied(message)


def check_workspace_role(role: WorkspaceRole) -> WorkspaceRole:
    """Return a role that a service account may be given; InvalidRequest for workspace_billing."""
    if role is WorkspaceRole.BILLING:
        message = "workspace_role: a service account cannot be workspace_billing"
        raise InvalidRequest(message)
    return role
