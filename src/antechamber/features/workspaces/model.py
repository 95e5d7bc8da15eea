"""What a workspace is."""

from dataclasses import dataclass
from typing import Final

from antechamber.base.ids import OrganizationId, WorkspaceId

DEFAULT_NAME: Final = "Default"
DEFAULT_COLOR: Final = "#6C5BB9"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace; `is_default` for the one every organisation is born with."""

    id: WorkspaceId
    organization_id: OrganizationId
    name: str
    display_color: str
    is_default: bool
    created_at: int
    archived_at: int | None
