"""Service accounts and their memberships on the wire (SDK types `organization.ServiceAccount`, …WorkspaceMember)."""

from typing import Literal

from pydantic import BaseModel

from antechamber.base.ids import ServiceAccountId, WorkspaceId
from antechamber.base.permissions import ServiceAccountRole, WorkspaceRole
from antechamber.features.federation.model.accounts import (
    AccountChange,
    AccountDraft,
    Keep,
    Membership,
    ServiceAccount,
)
from antechamber.features.federation.wire.fields import Immutable, ResourceBody, RoleName, show_stamps
from antechamber.http.bodies import Body


class CreateAccountBody(Body):
    """`{name, description?, organization_role?}`."""

    name: str
    description: str | None = None
    organization_role: Literal["admin", "developer"] = "developer"

    def draft(self) -> AccountDraft:
        """Return what is to be made."""
        return AccountDraft(self.name, self.description or "", ServiceAccountRole(self.organization_role))


class UpdateAccountBody(Body):
    """`{description?, organization_role?}`: null clears the description, and leaves the role as it is."""

    name: Immutable = None
    description: str | None = None
    organization_role: Literal["admin", "developer"] | None = None

    def change(self) -> AccountChange:
        """Return what is to become of it."""
        return AccountChange(
            description=(self.description or "") if "description" in self.model_fields_set else Keep.IT,
            role=Keep.IT if self.organization_role is None else ServiceAccountRole(self.organization_role),
        )


class AddWorkspaceBody(Body):
    """`{workspace_id, workspace_role}`."""

    workspace_id: str
    workspace_role: RoleName


class AddAccountBody(Body):
    """`{service_account_id, workspace_role}`."""

    service_account_id: str
    workspace_role: RoleName


class RoleBody(Body):
    """`{workspace_role}`."""

    workspace_role: RoleName


class AccountBody(ResourceBody):
    """A service account."""

    type: Literal["service_account"] = "service_account"
    description: str
    organization_role: Literal["admin", "developer"]


class MembershipBody(BaseModel):
    """A service account in a workspace; `implicit` in the default one, where nobody added it."""

    type: Literal["service_account_workspace_member"] = "service_account_workspace_member"
    service_account_id: str
    workspace_id: str
    workspace_role: RoleName
    implicit: bool
    created_by_actor_id: str | None


class MembershipDeletedBody(BaseModel):
    """What remains of a membership that was taken back."""

    type: Literal["service_account_workspace_member_deleted"] = "service_account_workspace_member_deleted"
    service_account_id: str
    workspace_id: str


def read_role(body: AddWorkspaceBody | AddAccountBody | RoleBody) -> WorkspaceRole:
    """Return the role that a body names."""
    return WorkspaceRole(body.workspace_role)


def show(account: ServiceAccount) -> AccountBody:
    """Return the wire's shape of a service account."""
    fields = {
        "id": account.id,
        "name": account.name,
        "description": account.description,
        "organization_role": account.role.value,
        **show_stamps(account.created, account.updated, account.archived),
    }
    return AccountBody.model_validate(fields)


def show_membership(membership: Membership) -> MembershipBody:
    """Return the wire's shape of a membership."""
    fields = {
        "service_account_id": membership.service_account_id,
        "workspace_id": membership.workspace_id,
        "workspace_role": membership.role.value,
        "implicit": membership.implicit,
        "created_by_actor_id": membership.created_by,
    }
    return MembershipBody.model_validate(fields)


def show_removed(service_account_id: ServiceAccountId, workspace_id: WorkspaceId) -> MembershipDeletedBody:
    """Return the wire's shape of a membership that was taken back."""
    return MembershipDeletedBody(service_account_id=service_account_id, workspace_id=workspace_id)
