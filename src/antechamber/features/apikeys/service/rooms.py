"""Where keys may be: which workspace takes one, who may hold it there, and who may have a hand in it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from antechamber.base.errors import InvalidRequest, PermissionDenied
from antechamber.base.ids import OrganizationId, UserId, WorkspaceId
from antechamber.base.page import IdCursor
from antechamber.base.permissions import WORKSPACE_ROLES, Permission, WorkspaceRole
from antechamber.base.unit import Unit
from antechamber.features.apikeys.model import Draft, StoredApiKey
from antechamber.features.organizations.model import Member
from antechamber.features.workspaces.model import Workspace, WorkspaceKind, effective_role
from antechamber.features.workspaces.service import WorkspaceMembers, Workspaces

# more than an organisation may have (wire-admin.md 2.4)
_EVERY_LIVE: Final = IdCursor(1000)


class Rooms:
    """The workspaces and people of an organisation, as keys see them."""

    def __init__(self, workspaces: Workspaces, people: WorkspaceMembers) -> None:
        self._workspaces = workspaces
        self._people = people

    async def for_new(self, unit: Unit, organization_id: OrganizationId, draft: Draft) -> Workspace:
        """Return the workspace of a key that is to be made by hand.

        NotFound for one that the organisation does not have; InvalidRequest for an archived one, for the Claude Code
        workspace, and for a person whose role there does not let them hold a key.
        """
        if draft.workspace_id is None:
            workspace = await self._workspaces.default(unit, organization_id)
        else:
            workspace = await self._workspaces.require(unit, organization_id, draft.workspace_id)
        if workspace.is_archived:
            message = f"workspace_id: {workspace.id} is archived and takes no new API keys"
            raise InvalidRequest(message)
        if workspace.kind is WorkspaceKind.CLAUDE_CODE:
            message = "workspace_id: API keys of the Claude Code workspace are made by logging in to Claude Code"
            raise InvalidRequest(message)
        if draft.user_id is not None:
            await self._check_holder(unit, workspace, draft.user_id)
        return workspace

    async def live(self, organization_id: OrganizationId) -> Sequence[Workspace]:
        """Return the workspaces that are not archived, the Default one among them, newest first."""
        return (await self._workspaces.listing(organization_id, _EVERY_LIVE, default=True)).items

    async def held_by(self, unit: Unit, person: Member, live: Sequence[Workspace]) -> Sequence[Workspace]:
        """Return those of the workspaces in which somebody may hold a key made by hand, the Default one first."""
        given = await self._people.sweep_roles(unit, {(workspace.id, person.id) for workspace in live})
        held = []
        for workspace in live:
            role = effective_role(workspace.kind, person.role, given.get((workspace.id, person.id)))
            holds = role is not None and Permission.API_KEYS_WRITE in WORKSPACE_ROLES[role]
            if holds and workspace.kind is not WorkspaceKind.CLAUDE_CODE:
                held.append(workspace)
        return sorted(held, key=lambda workspace: (not workspace.is_default, workspace.name.casefold()))

    async def names(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[WorkspaceId]
    ) -> Mapping[WorkspaceId, str]:
        """Return the names of workspaces, archived ones among them."""
        found = await self._workspaces.names(unit, organization_id, ids)
        return {workspace_id: workspace.name for workspace_id, workspace in found.items()}

    async def claude_code(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> Workspace:
        """Return the Claude Code workspace for one of its members; InvalidRequest for anybody else."""
        workspace = await self._workspaces.claude_code(unit, organization_id)
        if workspace is None or workspace.is_archived:
            message = "Claude Code is not open in this organization: it has no live Claude Code workspace."
            raise InvalidRequest(message)
        await self._check_holder(unit, workspace, user_id)
        return workspace

    async def check_revival(self, unit: Unit, key: StoredApiKey) -> None:
        """Refuse to wake a personal key whose owner has left, or any of an archived workspace; InvalidRequest.

        `claude_code_key_creator_not_member` is for who left the organisation, not for who may use Claude Code no more.
        """
        workspace = await self._workspaces.require(unit, key.organization_id, key.workspace_id)
        if workspace.is_archived:
            message = f"status: {workspace.id} is archived, and its API keys with it"
            raise InvalidRequest(message)
        if key.user_id is None:
            return
        if await self._people.role_of(unit, key.organization_id, key.workspace_id, key.user_id) is not None:
            return
        person = await self._people.find_person(unit, key.organization_id, key.user_id)
        if person is None and workspace.kind is WorkspaceKind.CLAUDE_CODE:
            message = "status: the creator of this Claude Code key is no longer a member of the organization"
            raise InvalidRequest(message, error_code="claude_code_key_creator_not_member")
        message = f"status: {key.user_id}, as whom this API key acts, is not in its workspace any more"
        if person is not None:
            message += f" (organization role: {person.role})"
        raise InvalidRequest(message)

    async def check_hand(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        holder: UserId | None,
        within: UserId | None,
        *,
        learns: bool,
    ) -> None:
        """Refuse a person (`within`; None is not bound by a workspace role) a hand in a key, `holder`'s if anyone's.

        Their role in its workspace must let them manage keys. Other people's personal keys are for the workspace's
        admins, and nobody else's secret is for anybody.
        """
        if within is None:
            return
        role = await self._people.role_of(unit, organization_id, workspace_id, within)
        if role is None or Permission.API_KEYS_WRITE not in WORKSPACE_ROLES[role]:
            message = f"Your role in {workspace_id} ({role or 'none'}) does not let you manage its API keys."
            raise PermissionDenied(message)
        if holder in {None, within} or (role is WorkspaceRole.ADMIN and not learns):
            return
        message = "This API key is another person's."
        raise PermissionDenied(message)

    async def _check_holder(self, unit: Unit, workspace: Workspace, user_id: UserId) -> None:
        role = await self._people.role_of(unit, workspace.organization_id, workspace.id, user_id)
        if role is None:
            message = f"user_id: {user_id} is not a member of {workspace.id}"
            raise InvalidRequest(message)
        if Permission.API_KEYS_WRITE not in WORKSPACE_ROLES[role]:
            message = f"user_id: {user_id} is {role} in {workspace.id}, a role that holds no API keys"
            raise InvalidRequest(message)
