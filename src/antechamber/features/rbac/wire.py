"""Groups and roles on the wire (SDK types `organization.RBACGroup…`, `organization.RBACRole…`)."""

from collections.abc import Callable
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel

from antechamber.base.clock import to_rfc3339
from antechamber.base.ids import OrganizationId, RbacGroupId, UserId
from antechamber.base.page import Part
from antechamber.base.permissions import Permission
from antechamber.features.rbac.model import Group, GroupMember, Role
from antechamber.http.bodies import Body
from antechamber.http.versions import Version

Shown = TypeVar("Shown")
Kept = TypeVar("Kept")


class CreateBody(Body):
    """`{name}`."""

    name: str


class UpdateBody(Body):
    """`{name?}`; null leaves it as it is."""

    name: str | None = None


class AddBody(Body):
    """`{user_id}`."""

    user_id: str


class MoreList(BaseModel, Generic[Shown]):
    """`{data, has_more, next_page}`; `next_page` is null at the end."""

    data: list[Shown]
    has_more: bool
    next_page: str | None


class GroupBody(BaseModel):
    """A group; roles are given to people, not to groups, so `role_ids` is empty."""

    id: str
    type: Literal["rbac_group"] = "rbac_group"
    name: str
    source_type: Literal["direct", "scim"]
    role_ids: list[str] | None
    created_at: str
    updated_at: str


class GroupDeletedBody(BaseModel):
    """What remains of a group that was deleted."""

    id: str
    type: Literal["rbac_group_deleted"] = "rbac_group_deleted"


class MemberBody(BaseModel):
    """A person in a group."""

    type: Literal["rbac_group_member"] = "rbac_group_member"
    rbac_group_id: str
    user_id: str
    email: str
    created_at: str


class OldMemberBody(MemberBody):
    """The same under 2023-06-01, which says the group twice."""

    group_id: str


class MemberDeletedBody(BaseModel):
    """What remains of one who was taken out."""

    type: Literal["rbac_group_member_deleted"] = "rbac_group_member_deleted"
    rbac_group_id: str
    user_id: str


class OldMemberDeletedBody(MemberDeletedBody):
    """The same under 2023-06-01."""

    group_id: str


class SourceBody(BaseModel):
    """Where a role comes from: all of ours come with the platform."""

    type: Literal["built_in", "custom"] = "built_in"


class RoleBody(BaseModel):
    """A role, by the name that users and members of workspaces show as theirs."""

    id: str
    type: Literal["rbac_role"] = "rbac_role"
    display_name: str
    source: SourceBody
    created_at: str
    updated_at: str


class OldRoleBody(RoleBody):
    """The same under 2023-06-01, which says the name twice (wire-admin.md 0.3)."""

    name: str


class ResourceBody(BaseModel):
    """What a permission applies to: the caller's organisation, in a role of workspaces those where it is held."""

    type: Literal["organization"] = "organization"
    organization_id: str


class PermissionBody(BaseModel):
    """One thing that a role permits; `action` is a name of docs/reference/permissions.md."""

    type: Literal["rbac_role_permission"] = "rbac_role_permission"
    action: str
    resource: ResourceBody


def show_part(part: Part[Kept], show: Callable[[Kept], Shown]) -> MoreList[Shown]:
    """Return the envelope of a page."""
    return MoreList(
        data=[show(item) for item in part.items], has_more=part.next_page is not None, next_page=part.next_page
    )


def show(group: Group) -> GroupBody:
    """Return the wire's shape of a group."""
    return GroupBody(
        id=group.id,
        name=group.name,
        source_type=group.source.value,
        role_ids=[],
        created_at=to_rfc3339(group.created_at),
        updated_at=to_rfc3339(group.updated_at),
    )


def show_member(member: GroupMember, version: Version) -> OldMemberBody | MemberBody:
    """Return the wire's shape of a person in a group."""
    fields = {
        "rbac_group_id": member.group_id,
        "user_id": member.user_id,
        "email": member.email,
        "created_at": to_rfc3339(member.created_at),
    }
    if version is Version.V2023_06_01:
        return OldMemberBody.model_validate({**fields, "group_id": member.group_id})
    return MemberBody.model_validate(fields)


def show_removed(group_id: RbacGroupId, user_id: UserId, version: Version) -> OldMemberDeletedBody | MemberDeletedBody:
    """Return the wire's shape of one who was taken out."""
    if version is Version.V2023_06_01:
        return OldMemberDeletedBody(rbac_group_id=group_id, user_id=user_id, group_id=group_id)
    return MemberDeletedBody(rbac_group_id=group_id, user_id=user_id)


def show_role(role: Role, version: Version) -> OldRoleBody | RoleBody:
    """Return the wire's shape of a role."""
    born = to_rfc3339(role.created_at)
    fields = {
        "id": role.id,
        "display_name": role.name,
        "source": SourceBody(),
        "created_at": born,
        "updated_at": born,
    }
    if version is Version.V2023_06_01:
        return OldRoleBody.model_validate({**fields, "name": role.name})
    return RoleBody.model_validate(fields)


def show_permission(permission: Permission, organization_id: OrganizationId) -> PermissionBody:
    """Return the wire's shape of what a role permits."""
    return PermissionBody(action=permission, resource=ResourceBody(organization_id=organization_id))
