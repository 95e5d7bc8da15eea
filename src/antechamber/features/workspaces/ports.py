"""What workspaces need from outside."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from antechamber.base.actor import Actor
from antechamber.base.ids import ExternalKeyId, OrganizationId, UserId, WorkspaceId
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import WorkspaceRole
from antechamber.base.unit import Unit
from antechamber.features.workspaces.model import Workspace, WorkspaceKind


class WorkspaceStore(Protocol):
    """Where workspaces are kept; none is ever removed."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, workspace: Workspace) -> None:
        """Keep a new workspace."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, workspace: Workspace) -> None:
        """Keep what has changed of a known workspace, and let the credentials' holders know."""
        ...

    async def default(self, unit: Unit, organization_id: OrganizationId) -> Workspace:
        """Return the organisation's Default workspace."""
        ...

    async def claude_code(self, unit: Unit, organization_id: OrganizationId) -> Workspace | None:
        """Return the newest Claude Code workspace, archived or not; None if there never was one."""
        ...

    async def find(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> Workspace | None:
        """Return a workspace, archived or not."""
        ...

    async def named(self, unit: Unit, organization_id: OrganizationId, name: str) -> Workspace | None:
        """Return the live workspace with this name, whatever its capitals."""
        ...

    async def count(self, unit: Unit, organization_id: OrganizationId) -> tuple[int, int]:
        """Return how many workspaces other than the Default one live, and how many there have been of any kind."""
        ...

    async def listing(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        cursor: IdCursor,
        *,
        ids: Collection[WorkspaceId] | None,
        archived: bool,
        default: bool,
    ) -> Page[Workspace]:
        """Return a page, newest first; `archived` and `default` let those through, `ids` only these."""
        ...

    async def several(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[WorkspaceId]
    ) -> Sequence[Workspace]:
        """Return those of these workspaces that there are, archived or not."""
        ...

    async def keys_in_use(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[ExternalKeyId]
    ) -> Collection[ExternalKeyId]:
        """Return those of these external keys that a workspace is tied to, archived or not."""
        ...

    async def sweep_kinds(self, unit: Unit) -> Mapping[WorkspaceId, WorkspaceKind]:
        """Return the kind of every live workspace of this server."""
        ...


class WorkspaceMemberStore(Protocol):
    """Where roles that were given by hand are kept."""

    async def find(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId
    ) -> WorkspaceRole | None:
        """Return the role that a person was given in a workspace."""
        ...

    async def put(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        user_id: UserId,
        role: WorkspaceRole,
        added_at: int,
    ) -> None:
        """Keep the role, in place of the one before; `added_at` stays that of the first."""
        ...

    async def drop(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId
    ) -> None:
        """Forget the role."""
        ...

    async def of_person(
        self, unit: Unit, organization_id: OrganizationId, user_id: UserId
    ) -> Mapping[WorkspaceId, WorkspaceRole]:
        """Return every role that a person was given."""
        ...

    async def count(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> int:
        """Return how many people were given a role in a workspace."""
        ...

    async def slice(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, cursor: IdCursor
    ) -> Sequence[tuple[UserId, WorkspaceRole]]:
        """Return at most limit + 1 roles beyond the cursor, nearest first: ids descend, or ascend `before_id`."""
        ...

    async def sweep_roles(
        self, unit: Unit, places: Collection[tuple[WorkspaceId, UserId]]
    ) -> Mapping[tuple[WorkspaceId, UserId], WorkspaceRole]:
        """Return the roles given by hand to these people in these workspaces, of any organisation."""
        ...


class WorkspaceKeys(Protocol):
    """The external keys that workspaces are tied to, which are of a feature above."""

    async def prove(self, organization_id: OrganizationId, key_id: ExternalKeyId, by: Actor) -> int:
        """Try a key, and return the state of it that works, for `confirm`; may take long.

        NotFound; InvalidRequest `external_key_validation_failed` or `external_key_validation_timed_out`.
        """
        ...

    async def confirm(self, unit: Unit, organization_id: OrganizationId, key_id: ExternalKeyId, version: int) -> None:
        """Raise Conflict `external_key_changed` unless a key is still in the state that was proven to work."""
        ...


class WorkspaceEffects(Protocol):
    """What follows from a change of workspaces, in features that stand on them."""

    async def archived(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor) -> None:
        """Revoke every key of the workspace, in the same transaction."""
        ...
