"""What somebody learns of themselves on the wire (an extension; docs/reference/extensions.md)."""

from typing import Literal

from pydantic import BaseModel

from antechamber.base.clock import to_rfc3339
from antechamber.features.callers.model import Credential, CredentialKind, Description, PersonInside, WorkspaceInside


class CredentialBody(BaseModel):
    """What was sent; `scopes` is null where scopes do not limit it."""

    type: CredentialKind
    id: str
    name: str | None
    scopes: list[str] | None
    expires_at: str | None
    client_id: str | None


class AccountBody(BaseModel):
    """Whom it acts as: `user` or `service_account`; `role` is the one in the organization."""

    type: Literal["service_account", "user"]
    id: str
    name: str | None
    email: str | None
    role: str | None


class OwnOrganizationBody(BaseModel):
    """The organization."""

    id: str
    name: str


class OwnWorkspaceBody(BaseModel):
    """The workspace that the credential is bound to; `role` is null for an ownerless key."""

    id: str
    name: str
    is_default: bool
    role: str | None


class CallerBody(BaseModel):
    """The caller: `account` is null for an ownerless key, `workspace` for what is bound to none."""

    type: Literal["caller"] = "caller"
    credential: CredentialBody
    account: AccountBody | None
    organization: OwnOrganizationBody
    workspace: OwnWorkspaceBody | None
    permissions: list[str]


def show(description: Description) -> CallerBody:
    """Return the shape of a description."""
    return CallerBody(
        credential=_credential(description.credential),
        account=_account(description),
        organization=OwnOrganizationBody(id=description.organization_id, name=description.organization_name),
        workspace=None if description.workspace is None else _workspace(description.workspace),
        permissions=list(description.permissions),
    )


def _credential(credential: Credential) -> CredentialBody:
    return CredentialBody(
        type=credential.kind,
        id=credential.id,
        name=credential.name,
        scopes=None if credential.scopes is None else list(credential.scopes),
        expires_at=None if credential.expires_at is None else to_rfc3339(credential.expires_at),
        client_id=credential.client_id,
    )


def _account(description: Description) -> AccountBody | None:
    account = description.account
    if account is None:
        return None
    if isinstance(account, PersonInside):
        return AccountBody(type="user", id=account.id, name=account.name, email=account.email, role=account.role)
    return AccountBody(type="service_account", id=account.id, name=account.name, email=None, role=account.role)


def _workspace(workspace: WorkspaceInside) -> OwnWorkspaceBody:
    return OwnWorkspaceBody(id=workspace.id, name=workspace.name, is_default=workspace.is_default, role=workspace.role)
