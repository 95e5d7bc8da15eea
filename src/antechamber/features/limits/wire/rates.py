"""Rate limits on the wire (SDK types `OrganizationRateLimit` and `WorkspaceRateLimit`)."""

from typing import Literal

from pydantic import BaseModel

from antechamber.features.limits.model.definitions import Limiter, Scope
from antechamber.features.limits.model.entries import HolderEntry, RateEntry, RateValue
from antechamber.features.limits.model.groups import Group, GroupType
from antechamber.http.bodies import Body
from antechamber.http.versions import Version

# the wire's types that are held here; `requests_per_day` is an extension
LimiterName = Literal[
    "input_tokens_per_minute",
    "input_tokens_per_minute_cache_aware",
    "output_tokens_per_minute",
    "requests_per_day",
    "requests_per_minute",
    "tokens_per_day",
    "tokens_per_minute",
]
GroupTypeName = Literal["batch", "files", "model_group", "skills", "token_count", "web_search"]


class ModelGroupBody(BaseModel):
    """`{id: rlg_…, type: "model_group", display_name}`; the id is the same in every organisation."""

    id: str
    type: Literal["model_group"] = "model_group"
    display_name: str


class OtherGroupBody(BaseModel):
    """`{id: rlg_…, type}` of a group that is not of models."""

    id: str
    type: GroupType


class ValueBody(BaseModel):
    """`{type, value}`."""

    type: str
    value: int


class RateLimitBody(BaseModel):
    """An organisation's entry; its id is stable, and another in every organisation. No limits: nothing is held back."""

    id: str
    type: Literal["rate_limit"] = "rate_limit"
    group: ModelGroupBody | OtherGroupBody
    models: list[str] | None
    limits: list[ValueBody]


class OldRateLimitBody(RateLimitBody):
    """The same under 2023-06-01, which says the group's type twice (wire-admin.md 0.3)."""

    group_type: GroupType


class SourceBody(BaseModel):
    """Where a value comes from; on the wire the organisation or the workspace, `api_key` and `user` are extensions."""

    type: Scope


class HolderValueBody(BaseModel):
    """A value of a holder; above `org_limit` it is kept, and the lower of the two holds."""

    type: str
    value: int
    org_limit: int | None
    source: SourceBody


class HolderRateLimitBody(BaseModel):
    """What the entries of every holder below the organisation have."""

    rate_limit_id: str
    group: ModelGroupBody | OtherGroupBody
    models: list[str] | None
    limits: list[HolderValueBody]


class WorkspaceRateLimitBody(HolderRateLimitBody):
    """A workspace's entry."""

    type: Literal["workspace_rate_limit"] = "workspace_rate_limit"
    workspace_id: str


class OldWorkspaceRateLimitBody(WorkspaceRateLimitBody):
    """The same under 2023-06-01, which says the group's type twice (wire-admin.md 0.3)."""

    group_type: GroupType


class ApiKeyRateLimitBody(HolderRateLimitBody):
    """An API key's entry (extension)."""

    type: Literal["api_key_rate_limit"] = "api_key_rate_limit"
    api_key_id: str


class UserRateLimitBody(HolderRateLimitBody):
    """A person's entry (extension)."""

    type: Literal["user_rate_limit"] = "user_rate_limit"
    user_id: str


class ChangeBody(Body):
    """`{type, value}`; a value of null clears."""

    type: LimiterName
    value: int | None


class ChangesBody(Body):
    """1 to 16 limiter types to set or clear; the others stay as they are."""

    limits: list[ChangeBody]

    def changes(self) -> list[tuple[Limiter, int | None]]:
        """Return them in the model's words."""
        return [(Limiter(change.type), change.value) for change in self.limits]


def _group(group: Group) -> ModelGroupBody | OtherGroupBody:
    if group.type is GroupType.MODEL_GROUP:
        return ModelGroupBody(id=group.id, display_name=group.display_name)
    return OtherGroupBody(id=group.id, type=group.type)


def show(entry: RateEntry, version: Version) -> RateLimitBody:
    """Return the wire's shape of an organisation's entry."""
    shown = RateLimitBody(
        id=entry.id,
        group=_group(entry.group),
        models=None if entry.models is None else list(entry.models),
        limits=[ValueBody(type=rule.limiter, value=rule.value) for rule in entry.rules],
    )
    if version is Version.V2023_06_01:
        return OldRateLimitBody(**dict(shown), group_type=entry.group.type)
    return shown


def _holder(entry: HolderEntry) -> HolderRateLimitBody:
    return HolderRateLimitBody(
        rate_limit_id=entry.rate_limit_id,
        group=_group(entry.group),
        models=None if entry.models is None else list(entry.models),
        limits=[_value(value, entry.scope) for value in entry.values],
    )


def _value(value: RateValue, scope: Scope) -> HolderValueBody:
    return HolderValueBody(
        type=value.limiter,
        value=value.value,
        org_limit=value.organization_value,
        source=SourceBody(type=scope if value.is_own else Scope.ORGANIZATION),
    )


def show_workspace(entry: HolderEntry, version: Version) -> WorkspaceRateLimitBody:
    """Return the wire's shape of a workspace's entry."""
    shown = WorkspaceRateLimitBody(**dict(_holder(entry)), workspace_id=entry.scope_id)
    if version is Version.V2023_06_01:
        return OldWorkspaceRateLimitBody(**dict(shown), group_type=entry.group.type)
    return shown


def show_api_key(entry: HolderEntry) -> ApiKeyRateLimitBody:
    """Return the shape of a key's entry."""
    return ApiKeyRateLimitBody(**dict(_holder(entry)), api_key_id=entry.scope_id)


def show_user(entry: HolderEntry) -> UserRateLimitBody:
    """Return the shape of a person's entry."""
    return UserRateLimitBody(**dict(_holder(entry)), user_id=entry.scope_id)
