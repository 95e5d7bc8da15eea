"""What follows from a change in features that stand above it, in the transaction of the change."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from antechamber.base.actor import Actor
from antechamber.base.ids import OrganizationId, WorkspaceId
from antechamber.base.permissions import OrganizationRole
from antechamber.base.unit import Unit
from antechamber.features.accounts.service import Sessions
from antechamber.features.apikeys.service import ApiKeys
from antechamber.features.oauth.service import Tokens
from antechamber.features.organizations.model import Member
from antechamber.features.rbac.service import Groups
from antechamber.features.workspaces.service import WorkspaceMembers

OnArchived: TypeAlias = Callable[[Unit, OrganizationId, WorkspaceId, Actor], Awaitable[None]]


class WorkspaceEffects:
    """What follows from a change of workspaces; who stands on them joins once built (`workspaces.ports`)."""

    def __init__(self) -> None:
        self._on_archived: list[OnArchived] = []

    def on_archived(self, effect: OnArchived) -> None:
        """Call `effect` whenever a workspace is archived, in the same transaction."""
        self._on_archived.append(effect)

    async def archived(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor) -> None:
        """Let everything that belongs to the workspace end with it."""
        for effect in self._on_archived:
            await effect(unit, organization_id, workspace_id, by)


class MembershipEffects:
    """What follows from a change of an organisation's members (`organizations.ports`); bound to what stands on them.

    Who may use Claude Code is in its workspace; who leaves the organisation loses every role in its workspaces, their
    places in groups, their access tokens and personal keys.
    """

    def __init__(self) -> None:
        self._members: WorkspaceMembers | None = None
        self._tokens: Tokens | None = None
        self._keys: ApiKeys | None = None
        self._sessions: Sessions | None = None
        self._groups: Groups | None = None

    def bind_sessions(self, sessions: Sessions) -> None:
        """Join the browser sessions."""
        self._sessions = sessions

    def bind_groups(self, groups: Groups) -> None:
        """Join the groups of people."""
        self._groups = groups

    def bind_keys(self, keys: ApiKeys) -> None:
        """Join the API keys."""
        self._keys = keys

    def bind(self, members: WorkspaceMembers) -> None:
        """Join the workspaces."""
        self._members = members

    def bind_tokens(self, tokens: Tokens) -> None:
        """Join the access tokens."""
        self._tokens = tokens

    async def joined(self, unit: Unit, member: Member, by: Actor) -> None:
        """Bring who may use Claude Code into its workspace."""
        if self._members is not None and member.role is OrganizationRole.CLAUDE_CODE_USER:
            await self._members.enter_claude_code(unit, member.organization_id, member.id, by)

    async def role_changed(self, unit: Unit, member: Member, old: OrganizationRole, by: Actor) -> None:
        """Bring who may use Claude Code from now on into its workspace, and take out who no longer may."""
        if self._members is None:
            return
        if member.role is OrganizationRole.CLAUDE_CODE_USER:
            await self._members.enter_claude_code(unit, member.organization_id, member.id, by)
        elif old is OrganizationRole.CLAUDE_CODE_USER:
            await self._members.leave_claude_code(unit, member.organization_id, member.id, by)

    async def removed(self, unit: Unit, member: Member, by: Actor) -> None:
        """Drop every role that they were given in workspaces, end their tokens, groups and own keys.

        Who is a member nowhere any more is logged out of every browser.
        """
        if self._keys is not None:
            await self._keys.disable_personal(unit, member.organization_id, member.id, by)
        if self._members is not None:
            await self._members.forget(unit, member.organization_id, member.id, by)
        if self._groups is not None:
            await self._groups.forget(unit, member, by)
        if self._tokens is not None:
            await self._tokens.end(unit, member.organization_id, member.id)
        if self._sessions is not None:
            await self._sessions.leave(unit, member.id)

    async def signed_out(self, unit: Unit, member: Member, by: Actor) -> None:
        """End their access tokens, and log them out of every browser."""
        del by
        if self._tokens is not None:
            await self._tokens.end(unit, member.organization_id, member.id)
        if self._sessions is not None:
            await self._sessions.end(unit, member.id)
