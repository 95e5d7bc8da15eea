"""What a workspace is, what its people are in it, and the rules on both (wire-admin.md 2.4 and 2.5)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NoReturn

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import ExternalKeyId, Kind, OrganizationId, UserId, WorkspaceId, parse
from antechamber.base.page import IdCursor
from antechamber.base.permissions import OrganizationRole, WorkspaceRole

DEFAULT_NAME: Final = "Default"
CLAUDE_CODE_NAME: Final = "Claude Code"
DEFAULT_COLOR: Final = "#6C5BB9"
# what a new workspace takes its colour from when the caller names none, by how many there have been
PALETTE: Final = (DEFAULT_COLOR, "#D97757", "#4A7C59", "#3B7EA1", "#B5651D", "#A23B72", "#5E8C31", "#7A6A53")
MAX_NAME: Final = 40
MAX_LIVE: Final = 100
MAX_MEMBERS: Final = 5_000
MAX_IDS: Final = 100
MAX_TAGS: Final = 50
MAX_TAG_KEY: Final = 128
MAX_TAG_VALUE: Final = 256
_RESERVED_TAG: Final = "anthropic"
_COLOR: Final = re.compile(r"#[0-9A-Fa-f]{6}")


class WorkspaceKind(StrEnum):
    """What a workspace is to its organisation."""

    CLAUDE_CODE = "claude_code"
    DEFAULT = "default"
    ORDINARY = "ordinary"


class Geo(StrEnum):
    """Where inference may happen."""

    GLOBAL = "global"
    US = "us"


@dataclass(frozen=True, slots=True)
class DataResidency:
    """Where a workspace's data lies and its inference happens; `allowed` None is unrestricted."""

    workspace_geo: str = "us"
    allowed: tuple[Geo, ...] | None = None
    default: Geo = Geo.GLOBAL


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace; instants in microseconds, `archived_at` None while it lives."""

    id: WorkspaceId
    organization_id: OrganizationId
    name: str
    display_color: str
    kind: WorkspaceKind
    compartment_id: str
    created_at: int
    archived_at: int | None = None
    data_residency: DataResidency = DataResidency()
    tags: Mapping[str, str] = field(default_factory=dict)
    external_key_id: ExternalKeyId | None = None

    @property
    def is_default(self) -> bool:
        """Whether it is the one that its organisation was born with."""
        return self.kind is WorkspaceKind.DEFAULT

    @property
    def is_archived(self) -> bool:
        """Whether it has been archived, which is final."""
        return self.archived_at is not None


@dataclass(frozen=True, slots=True)
class ResidencyDraft:
    """What a caller says about data residency; None leaves a part as it is, `allowed` "unrestricted" lifts the list."""

    allowed: Sequence[Geo] | str | None = None
    default: Geo | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceDraft:
    """What a caller says about a workspace, new or known; None is not said. A tag that is None is removed."""

    name: str | None = None
    display_color: str | None = None
    data_residency: ResidencyDraft | None = None
    tags: Mapping[str, str | None] | None = None
    external_key_id: ExternalKeyId | None = None
    user_profile_id: str | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceMember:
    """A person in a workspace, with the role that counts: given by hand, or inherited from the organisation."""

    workspace_id: WorkspaceId
    user_id: UserId
    role: WorkspaceRole
    inherited: bool = False


# what a role in the organisation is worth in every workspace
INHERITED: Final[Mapping[OrganizationRole, WorkspaceRole]] = {
    OrganizationRole.ADMIN: WorkspaceRole.ADMIN,
    OrganizationRole.BILLING: WorkspaceRole.BILLING,
}
# what it is worth in the Default workspace, which has no members of its own
IN_DEFAULT: Final[Mapping[OrganizationRole, WorkspaceRole]] = {
    **INHERITED,
    OrganizationRole.CLAUDE_CODE_USER: WorkspaceRole.USER,
    OrganizationRole.DEVELOPER: WorkspaceRole.DEVELOPER,
    OrganizationRole.USER: WorkspaceRole.USER,
}
# what someone who may use Claude Code becomes in its workspace: able to call models, and no more
CLAUDE_CODE_ROLE: Final = WorkspaceRole.RESTRICTED_DEVELOPER


def effective_role(
    kind: WorkspaceKind, organization_role: OrganizationRole | None, explicit: WorkspaceRole | None
) -> WorkspaceRole | None:
    """Return what a person is in a workspace, None for nothing; `organization_role` None is not a member at all.

    An organisation's admin is workspace_admin whatever was given by hand; its billing person is workspace_billing
    unless made workspace_admin by hand.
    """
    if organization_role is None:
        return None
    if kind is WorkspaceKind.DEFAULT:
        return IN_DEFAULT[organization_role]
    inherited = INHERITED.get(organization_role)
    if inherited is WorkspaceRole.ADMIN or explicit is WorkspaceRole.ADMIN:
        return WorkspaceRole.ADMIN
    return inherited or explicit


def has_form(kind: Kind, text: str) -> bool:
    """Say whether a text could be an id of that kind at all; databases refuse some of what callers send as one."""
    try:
        parse(kind, text)
    except ValueError:
        return False
    return True


def check_cursor(kind: Kind, cursor: IdCursor) -> str | None:
    """Return the id that a cursor names, if any; InvalidRequest when it cannot be one."""
    named = cursor.after_id or cursor.before_id
    if named is not None and not has_form(kind, named):
        refuse_cursor(cursor)
    return named


def refuse_cursor(cursor: IdCursor) -> NoReturn:
    """Raise InvalidRequest for a cursor that names nothing."""
    message = (
        f"after_id: there is no {cursor.after_id}" if cursor.after_id else f"before_id: there is no {cursor.before_id}"
    )
    raise InvalidRequest(message)


def check_name(name: str) -> str:
    """Return the name without surrounding space; InvalidRequest unless it has 1 to 40 printable characters."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= MAX_NAME or not trimmed.isprintable():
        message = f"name: must be 1 to {MAX_NAME} printable characters"
        raise InvalidRequest(message)
    return trimmed


def check_color(color: str) -> str:
    """Return the colour; InvalidRequest unless it is `#` and six hexadecimal digits."""
    if not _COLOR.fullmatch(color):
        message = "display_color: must be a hex color code such as #6C5BB9"
        raise InvalidRequest(message)
    return color


def merge_tags(known: Mapping[str, str], said: Mapping[str, str | None]) -> Mapping[str, str]:
    """Return the tags after what was said: None removes one, everything else is set; InvalidRequest past the limits."""
    for key, value in said.items():
        _check_tag(key, value)
    merged = {key: value for key, value in {**known, **said}.items() if value is not None}
    if len(merged) > MAX_TAGS:
        message = f"tags: at most {MAX_TAGS} are kept on a workspace"
        raise InvalidRequest(message)
    return merged


def _check_tag(key: str, value: str | None) -> None:
    if not 1 <= len(key) <= MAX_TAG_KEY or not key.isprintable():
        message = f"tags: a key must be 1 to {MAX_TAG_KEY} printable characters"
        raise InvalidRequest(message)
    if key.lower().startswith(_RESERVED_TAG):
        message = f"tags.{key}: keys may not begin with `{_RESERVED_TAG}`"
        raise InvalidRequest(message)
    if value is not None and (len(value) > MAX_TAG_VALUE or not value.isprintable()):
        message = f"tags.{key}: a value has at most {MAX_TAG_VALUE} printable characters"
        raise InvalidRequest(message)


def settle_residency(known: DataResidency, said: ResidencyDraft) -> DataResidency:
    """Return the data residency after what was said; InvalidRequest when the default geo is not an allowed one."""
    allowed = known.allowed
    if isinstance(said.allowed, str):
        allowed = None
    elif said.allowed is not None:
        allowed = tuple(dict.fromkeys(said.allowed))
        if not allowed:
            message = "data_residency.allowed_inference_geos: must name at least one geo, or be `unrestricted`"
            raise InvalidRequest(message)
    default = said.default or known.default
    if allowed is not None and default not in allowed:
        message = (
            f"data_residency.default_inference_geo: {default} is not one of allowed_inference_geos "
            f"({', '.join(allowed)})"
        )
        raise InvalidRequest(message)
    return DataResidency(known.workspace_geo, allowed, default)
