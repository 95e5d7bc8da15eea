"""The use-cases of people in workspaces (wire-admin.md 2.5)."""

from collections.abc import Collection, Mapping

from antechamber.base.actor import Actor
from antechamber.base.clock import Clock
from antechamber.base.errors import Conflict, InvalidRequest, NotFound
from antechamber.base.ids import Kind, OrganizationId, UserId, WorkspaceId
from antechamber.base.page import IdCursor, Page
from antechamber.base.permissions import OrganizationRole, WorkspaceRole
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.organizations.model import Member
from antechamber.features.organizations.service import Members
from antechamber.features.workspaces.model import (
    CLAUDE_CODE_ROLE,
    INHERITED,
    MAX_MEMBERS,
    Workspace,
    WorkspaceKind,
    WorkspaceMember,
    check_cursor,
    effective_role,
    has_form,
    refuse_cursor,
)
from antechamber.features.workspaces.service.rosters import roster
from antechamber.features.workspaces.service.workspaces import Stores, Workspaces


class WorkspaceMembers:
    """Adds people to workspaces, changes and takes back their roles, and says what anybody is there."""

    def __init__(
        self,
        workspaces: Workspaces,
        stores: Stores,
        people: Members,
        units: Units,
        clock: Clock,
        audit: Audit,
    ) -> None:
        self._workspaces = workspaces
        self._store = stores.members
        self._lock = stores.workspaces.lock
        self._people = people
        self._units = units
        self._clock = clock
        self._audit = audit

    async def listing(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, cursor: IdCursor
    ) -> Page[WorkspaceMember]:
        """Return a page of the people in a workspace, the inherited ones among them, newest person first.

        NotFound for the workspace. The Default workspace has no members of its own: InvalidRequest.
        """
        async with self._units.read() as unit:
            workspace = await self._require_own_members(unit, organization_id, workspace_id)
            await self._check_cursor(unit, organization_id, cursor)
            given = await self._store.slice(unit, organization_id, workspace_id, cursor)
            inheriting = await self._people.by_role(unit, organization_id, set(INHERITED))
        return roster(workspace, given, inheriting, cursor)

    async def get(self, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId) -> WorkspaceMember:
        """Return a person in a workspace; NotFound."""
        async with self._units.read() as unit:
            workspace = await self._require_own_members(unit, organization_id, workspace_id)
            return await self._require(unit, workspace, user_id)

    async def add(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        user_id: UserId,
        role: WorkspaceRole,
        by: Actor,
    ) -> WorkspaceMember:
        """Give a member of the organisation a role in a workspace.

        NotFound for either; InvalidRequest for workspace_billing, for who has it by their organisation role, in an
        archived workspace, past the member limit; Conflict for who is in it already.
        """
        _refuse_billing(role)
        async with self._units.begin() as unit:
            workspace = await self._require_writable(unit, organization_id, workspace_id)
            person = await self._require_person(unit, organization_id, user_id)
            _refuse_inherited(person, role)
            if await self._store.find(unit, organization_id, workspace_id, user_id) is not None:
                message = f"{user_id} is a member of {workspace_id} already; update the role instead."
                raise Conflict(message)
            await self._require_room(unit, workspace)
            await self._put(unit, workspace, user_id, role)
            await self._record(unit, workspace, by, ActivityType.WORKSPACE_MEMBER_ADDED, user_id, role)
            return WorkspaceMember(workspace_id, user_id, role)

    async def change(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        user_id: UserId,
        role: WorkspaceRole,
        by: Actor,
    ) -> WorkspaceMember:
        """Change the role of a person in a workspace; errors as of `add`, NotFound for who is not in it.

        An organisation's billing person whom somebody made workspace_admin goes back to workspace_billing.
        """
        async with self._units.begin() as unit:
            workspace = await self._require_writable(unit, organization_id, workspace_id)
            known = await self._require(unit, workspace, user_id)
            person = await self._require_person(unit, organization_id, user_id)
            if known.role is role and not known.inherited:
                return known
            if role is WorkspaceRole.BILLING:
                if person.role is not OrganizationRole.BILLING:
                    _refuse_billing(role)
                return await self._give_back(unit, workspace, known, by)
            _refuse_inherited(person, role)
            if known.inherited:
                await self._require_room(unit, workspace)
            await self._put(unit, workspace, user_id, role)
            await self._record_change(unit, workspace, by, user_id, known.role, role)
            return WorkspaceMember(workspace_id, user_id, role)

    async def remove(
        self, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId, by: Actor
    ) -> None:
        """Take a person out of a workspace; NotFound, InvalidRequest while their organisation role keeps them in it."""
        async with self._units.begin() as unit:
            workspace = await self._require_writable(unit, organization_id, workspace_id)
            await self._require(unit, workspace, user_id)
            person = await self._require_person(unit, organization_id, user_id)
            if person.role in INHERITED:
                message = (
                    f"{user_id} is in every workspace as the organization's {person.role} and cannot be removed from "
                    "one while they hold that role."
                )
                raise InvalidRequest(message)
            await self._store.drop(unit, organization_id, workspace_id, user_id)
            await self._record(unit, workspace, by, ActivityType.WORKSPACE_MEMBER_REMOVED, user_id, None)

    async def role_of(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, user_id: UserId
    ) -> WorkspaceRole | None:
        """Return what a person is in a workspace, by hand or inherited; None for nothing and in archived ones."""
        workspace = await self._workspaces.find(unit, organization_id, workspace_id)
        person = await self.find_person(unit, organization_id, user_id)
        if workspace is None or workspace.is_archived or person is None:
            return None
        given = await self._store.find(unit, organization_id, workspace_id, user_id)
        return effective_role(workspace.kind, person.role, given)

    async def find_person(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> Member | None:
        """Return who is a member of the organisation, or None."""
        return await self._people.find(unit, organization_id, user_id) if has_form(Kind.USER, user_id) else None

    async def sweep_roles(
        self, unit: Unit, places: Collection[tuple[WorkspaceId, UserId]]
    ) -> Mapping[tuple[WorkspaceId, UserId], WorkspaceRole]:
        """Return the roles given by hand in these places of this server; `model.effective_role` says their worth."""
        return await self._store.sweep_roles(unit, places)

    async def enter_claude_code(self, unit: Unit, organization_id: OrganizationId, user_id: UserId, by: Actor) -> None:
        """Bring who may use Claude Code from now on into its workspace, which is made for the first of them."""
        workspace = await self._workspaces.ensure_claude_code(unit, organization_id)
        if workspace is None or await self._store.find(unit, organization_id, workspace.id, user_id) is not None:
            return
        await self._put(unit, workspace, user_id, CLAUDE_CODE_ROLE)
        await self._record(unit, workspace, by, ActivityType.WORKSPACE_MEMBER_ADDED, user_id, CLAUDE_CODE_ROLE)

    async def leave_claude_code(self, unit: Unit, organization_id: OrganizationId, user_id: UserId, by: Actor) -> None:
        """Take who may no longer use Claude Code out of its workspace."""
        workspace = await self._workspaces.claude_code(unit, organization_id)
        if workspace is None or await self._store.find(unit, organization_id, workspace.id, user_id) is None:
            return
        await self._store.drop(unit, organization_id, workspace.id, user_id)
        await self._record(unit, workspace, by, ActivityType.WORKSPACE_MEMBER_REMOVED, user_id, None)

    async def forget(self, unit: Unit, organization_id: OrganizationId, user_id: UserId, by: Actor) -> None:
        """Drop every role that someone who left the organisation was given; coming back brings none of them back."""
        for workspace_id in await self._store.of_person(unit, organization_id, user_id):
            workspace = await self._workspaces.require(unit, organization_id, workspace_id)
            await self._store.drop(unit, organization_id, workspace_id, user_id)
            await self._record(unit, workspace, by, ActivityType.WORKSPACE_MEMBER_REMOVED, user_id, None)

    async def _require_own_members(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId
    ) -> Workspace:
        workspace = await self._workspaces.require(unit, organization_id, workspace_id)
        if workspace.kind is WorkspaceKind.DEFAULT:
            message = "The default workspace has no members of its own: everyone in the organization is in it."
            raise InvalidRequest(message)
        return workspace

    async def _check_cursor(self, unit: Unit, organization_id: OrganizationId, cursor: IdCursor) -> None:
        """Refuse a cursor that names nobody of the organisation; who has left goes on naming a place."""
        named = check_cursor(Kind.USER, cursor)
        if named is not None and not await self._people.names(unit, organization_id, [UserId(named)]):
            refuse_cursor(cursor)

    async def _require_writable(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId
    ) -> Workspace:
        await self._lock(unit, organization_id)
        workspace = await self._require_own_members(unit, organization_id, workspace_id)
        if workspace.is_archived:
            message = f"{workspace_id} is archived; its members cannot be changed."
            raise InvalidRequest(message)
        return workspace

    async def _require_room(self, unit: Unit, workspace: Workspace) -> None:
        if await self._store.count(unit, workspace.organization_id, workspace.id) >= MAX_MEMBERS:
            message = f"{workspace.id} has {MAX_MEMBERS} members, the most it may have."
            raise InvalidRequest(message, error_code="workspace_member_limit_exceeded")

    async def _require_person(self, unit: Unit, organization_id: OrganizationId, user_id: UserId) -> Member:
        person = await self.find_person(unit, organization_id, user_id)
        if person is None:
            message = f"User not found: {user_id}"
            raise NotFound(message)
        return person

    async def _require(self, unit: Unit, workspace: Workspace, user_id: UserId) -> WorkspaceMember:
        person = await self.find_person(unit, workspace.organization_id, user_id)
        given = role = None
        if person is not None:
            given = await self._store.find(unit, workspace.organization_id, workspace.id, user_id)
            role = effective_role(workspace.kind, person.role, given)
        if role is None:
            message = f"Workspace member not found: {user_id} in {workspace.id}"
            raise NotFound(message)
        return WorkspaceMember(workspace.id, user_id, role, inherited=role is not given)

    async def _put(self, unit: Unit, workspace: Workspace, user_id: UserId, role: WorkspaceRole) -> None:
        await self._store.put(unit, workspace.organization_id, workspace.id, user_id, role, self._clock.now())

    async def _give_back(self, unit: Unit, workspace: Workspace, known: WorkspaceMember, by: Actor) -> WorkspaceMember:
        """Drop what was given by hand to an organisation's billing person, who keeps the inherited role."""
        if not known.inherited:
            await self._store.drop(unit, workspace.organization_id, workspace.id, known.user_id)
            await self._record_change(unit, workspace, by, known.user_id, known.role, WorkspaceRole.BILLING)
        return WorkspaceMember(workspace.id, known.user_id, WorkspaceRole.BILLING, inherited=True)

    async def _record(
        self,
        unit: Unit,
        workspace: Workspace,
        by: Actor,
        act: ActivityType,
        user_id: UserId,
        role: WorkspaceRole | None,
    ) -> None:
        details = {} if role is None else {"workspace_role": role}
        await self._audit.record(
            unit, workspace.organization_id, by, act, workspace_id=workspace.id, user_id=user_id, **details
        )

    async def _record_change(
        self, unit: Unit, workspace: Workspace, by: Actor, user_id: UserId, old: WorkspaceRole, new: WorkspaceRole
    ) -> None:
        await self._audit.record(
            unit,
            workspace.organization_id,
            by,
            ActivityType.WORKSPACE_MEMBER_UPDATED,
            workspace_id=workspace.id,
            user_id=user_id,
            updates=updates_of({"workspace_role": old}, {"workspace_role": new}),
        )


def _refuse_billing(role: WorkspaceRole) -> None:
    if role is WorkspaceRole.BILLING:
        message = "workspace_role: workspace_billing cannot be assigned; it is inherited from the organization role."
        raise InvalidRequest(message)


def _refuse_inherited(person: Member, role: WorkspaceRole) -> None:
    """Refuse to give by hand what the organisation role decides: only billing can be raised, to workspace_admin."""
    if person.role is OrganizationRole.ADMIN:
        message = f"{person.id} is an organization admin and therefore workspace_admin in every workspace."
        raise InvalidRequest(message)
    if person.role is OrganizationRole.BILLING and role is not WorkspaceRole.ADMIN:
        message = f"{person.id} has the organization role billing and can only be made workspace_admin."
        raise InvalidRequest(message)
