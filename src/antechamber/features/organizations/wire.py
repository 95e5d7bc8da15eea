"""Organisations, users and invites on the wire (SDK types `organization.Organization{,User,Invite}`)."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from antechamber.base.clock import to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import RbacGroupId
from antechamber.base.permissions import OrganizationRole
from antechamber.features.organizations.model import ASSIGNABLE, Invite, InviteStatus, Member, Organization
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant

SIGN_OUT_BETA: Final = "admin-user-sign-out-2026-10-08"

# what the document says of answers that not every endpoint has
CONCURRENT: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "Another change of the members is in progress: `concurrent_membership_change`"}
}
HASTY: Final[dict[int | str, dict[str, Any]]] = {429: {"description": "Too many invites in an hour"}}

# text, so that a refusal can say why it is not taken
AssignableRole = Annotated[str, Field(json_schema_extra={"enum": [str(role) for role in ASSIGNABLE]})]


class OrganizationBody(BaseModel):
    """`{id: uuid, type: "organization", name}`."""

    id: str
    type: Literal["organization"] = "organization"
    name: str


class UserBody(BaseModel):
    """A member, as `{id, type: "user", email, name, role, added_at}`."""

    id: str
    type: Literal["user"] = "user"
    email: str
    name: str
    role: OrganizationRole
    added_at: str


class RemovedUserBody(BaseModel):
    """`{id, type: "user_deleted"}`."""

    id: str
    type: Literal["user_deleted"] = "user_deleted"


class RoleBody(Body):
    """What changes a member."""

    role: AssignableRole


class InviteBody(BaseModel):
    """An invite; `accepted_at` is null until then."""

    id: str
    type: Literal["invite"] = "invite"
    email: str
    role: OrganizationRole
    status: InviteStatus
    invited_at: str
    expires_at: str
    accepted_at: str | None
    rbac_group_ids: list[str]


class InviteDraft(Body):
    """What makes an invite."""

    email: str
    role: AssignableRole
    rbac_group_ids: list[str] = Field(default_factory=list, max_length=100)

    def groups(self) -> list[RbacGroupId]:
        """Return the groups that whoever accepts comes into."""
        return [RbacGroupId(text) for text in self.rbac_group_ids]


class DeletedInviteBody(BaseModel):
    """`{id, type: "invite_deleted"}`."""

    id: str
    type: Literal["invite_deleted"] = "invite_deleted"


def show(organization: Organization) -> OrganizationBody:
    """Return the wire's shape of an organisation."""
    return OrganizationBody(id=organization.id, name=organization.name)


def show_member(member: Member) -> UserBody:
    """Return the wire's shape of a member."""
    return UserBody.model_validate(member_fields(member))


def member_fields(member: Member) -> dict[str, object]:
    """Return a member's fields by their names on the wire."""
    return {
        "id": member.id,
        "type": "user",
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "added_at": to_rfc3339(member.added_at),
    }


def show_invite(invite: Invite, now: int) -> InviteBody:
    """Return the wire's shape of an invite at an instant."""
    return InviteBody(
        id=invite.id,
        email=invite.email,
        role=invite.role,
        status=invite.status(now),
        invited_at=to_rfc3339(invite.invited_at),
        expires_at=to_rfc3339(invite.expires_at),
        accepted_at=show_instant(invite.accepted_at),
        rbac_group_ids=list(invite.rbac_group_ids),
    )


def require_sign_out_beta(betas: Sequence[str]) -> None:
    """Raise InvalidRequest unless `anthropic-beta` names signing out (SDK `beta.organization.users.sign_out`)."""
    named = {value.strip() for line in betas for value in line.split(",")}
    if SIGN_OUT_BETA not in named:
        message = f"anthropic-beta: this endpoint needs {SIGN_OUT_BETA}"
        raise InvalidRequest(message)
