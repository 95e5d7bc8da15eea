"""Workspaces and their members on the wire (SDK types `organization.Workspace`, `organization.WorkspaceMember`)."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from antechamber.base.clock import to_rfc3339
from antechamber.base.ids import ExternalKeyId, UserId, WorkspaceId
from antechamber.base.permissions import WorkspaceRole
from antechamber.features.workspaces.model import (
    MAX_IDS,
    DataResidency,
    Geo,
    ResidencyDraft,
    Workspace,
    WorkspaceDraft,
    WorkspaceMember,
)
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant

GeoName: TypeAlias = Literal["global", "us"]
RoleName: TypeAlias = Literal[
    "workspace_admin", "workspace_billing", "workspace_developer", "workspace_restricted_developer", "workspace_user"
]
Ids: TypeAlias = Annotated[list[str], Field(max_length=MAX_IDS)]


def _refuse_null(text: str | None) -> str:
    if text is None:
        message = "may be left out, but not be null"
        raise ValueError(message)
    return text


# a field of an update that is unset or a string (SDK type `workspace_update_params`)
NotNull: TypeAlias = Annotated[str | None, AfterValidator(_refuse_null), WithJsonSchema({"type": "string"})]


class ResidencyUpdateBody(Body):
    """What may change of data residency: `workspace_geo` is immutable, and null leaves a field as it is."""

    allowed_inference_geos: list[GeoName] | Literal["unrestricted"] | None = None
    default_inference_geo: GeoName | None = None

    def read(self) -> ResidencyDraft:
        """Return what was said."""
        allowed = self.allowed_inference_geos
        default = self.default_inference_geo
        return ResidencyDraft(
            allowed if allowed is None or isinstance(allowed, str) else [Geo(name) for name in allowed],
            None if default is None else Geo(default),
        )


class ResidencyCreateBody(ResidencyUpdateBody):
    """The data residency of a new workspace; null is the default: us, unrestricted, global."""

    workspace_geo: Literal["us"] | None = None


class CreateBody(Body):
    """`{name, display_color?, data_residency?, tags?, external_key_id?, user_profile_id?}`."""

    name: str
    display_color: str | None = None
    data_residency: ResidencyCreateBody | None = None
    tags: dict[str, str] | None = None
    external_key_id: str | None = None
    user_profile_id: str | None = None


class UpdateBody(Body):
    """Any of the fields of a workspace; what is left out stays, and a tag that is null goes."""

    name: NotNull = None
    display_color: NotNull = None
    data_residency: ResidencyUpdateBody | None = None
    tags: dict[str, str | None] | None = None
    external_key_id: NotNull = None
    user_profile_id: NotNull = None


class NothingBody(Body):
    """`{}`: what archiving takes, if anything."""


class AddBody(Body):
    """`{user_id, workspace_role}`; `workspace_billing` is inherited, never given."""

    user_id: str
    workspace_role: RoleName


class RoleBody(Body):
    """`{workspace_role}`."""

    workspace_role: RoleName


class ResidencyBody(BaseModel):
    """Where data lies and inference may happen."""

    workspace_geo: str
    allowed_inference_geos: list[str] | Literal["unrestricted"]
    default_inference_geo: str


class WorkspaceBody(BaseModel):
    """A workspace; this server has no user profiles."""

    id: str
    type: Literal["workspace"] = "workspace"
    name: str
    display_color: str
    created_at: str
    archived_at: str | None
    compartment_id: str
    data_residency: ResidencyBody
    external_key_id: str | None
    tags: dict[str, str]
    user_profile_id: None = None


class MemberBody(BaseModel):
    """A person in a workspace."""

    type: Literal["workspace_member"] = "workspace_member"
    user_id: str
    workspace_id: str
    workspace_role: RoleName


class MemberDeletedBody(BaseModel):
    """What remains of one who was taken out."""

    type: Literal["workspace_member_deleted"] = "workspace_member_deleted"
    user_id: str
    workspace_id: str


def read_draft(body: CreateBody | UpdateBody) -> WorkspaceDraft:
    """Return what a body says about a workspace."""
    return WorkspaceDraft(
        name=body.name,
        display_color=body.display_color,
        data_residency=None if body.data_residency is None else body.data_residency.read(),
        tags=body.tags,
        external_key_id=None if body.external_key_id is None else ExternalKeyId(body.external_key_id),
        user_profile_id=body.user_profile_id,
    )


def read_role(body: AddBody | RoleBody) -> WorkspaceRole:
    """Return the role that a body names."""
    return WorkspaceRole(body.workspace_role)


def show(workspace: Workspace) -> WorkspaceBody:
    """Return the wire's shape of a workspace."""
    return WorkspaceBody(
        id=workspace.id,
        name=workspace.name,
        display_color=workspace.display_color,
        created_at=to_rfc3339(workspace.created_at),
        archived_at=show_instant(workspace.archived_at),
        compartment_id=workspace.compartment_id,
        data_residency=_show_residency(workspace.data_residency),
        external_key_id=workspace.external_key_id,
        tags=dict(workspace.tags),
    )


def _show_residency(residency: DataResidency) -> ResidencyBody:
    return ResidencyBody(
        workspace_geo=residency.workspace_geo,
        allowed_inference_geos="unrestricted" if residency.allowed is None else [str(geo) for geo in residency.allowed],
        default_inference_geo=str(residency.default),
    )


def show_member(member: WorkspaceMember) -> MemberBody:
    """Return the wire's shape of a person in a workspace."""
    return MemberBody(user_id=member.user_id, workspace_id=member.workspace_id, workspace_role=member.role.value)


def show_deleted(workspace_id: WorkspaceId, user_id: UserId) -> MemberDeletedBody:
    """Return the wire's shape of one who was taken out."""
    return MemberDeletedBody(user_id=user_id, workspace_id=workspace_id)
