"""Whom a rule's token is for, and in which workspace it acts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from antechamber.base.ids import WorkspaceId
from antechamber.base.unit import Unit
from antechamber.features.federation.model.accounts import ServiceAccount, effective_role
from antechamber.features.federation.model.history import Reason
from antechamber.features.federation.model.matching import (
    DEFAULT_ALIAS,
    Refused,
    choose_workspace,
    needs_workspace,
    refuse_role,
)
from antechamber.features.federation.model.rules import Rule
from antechamber.features.federation.ports import MembershipStore, ServiceAccountStore
from antechamber.features.workspaces.model import Workspace
from antechamber.features.workspaces.service import Workspaces


class Place(NamedTuple):
    """A service account, and the workspace that its token is bound to, if its scopes need one."""

    account: ServiceAccount
    workspace: Workspace | None


@dataclass(frozen=True, slots=True)
class Placement:
    """Finds the place of a token."""

    accounts: ServiceAccountStore
    memberships: MembershipStore
    workspaces: Workspaces

    async def find(self, unit: Unit, rule: Rule, account_id: str | None, workspace_id: str | None) -> Place | Refused:
        """Return whom a rule's token is for and where it acts; the ids are those that were asked for, if any."""
        target = rule.target.service_account_id
        if account_id is not None and account_id != target:
            return Refused(Reason.SERVICE_ACCOUNT_MISMATCH)
        account = await self.accounts.find(unit, rule.organization_id, target)
        if account is None or account.archived is not None:
            return Refused(Reason.SERVICE_ACCOUNT_ARCHIVED)
        refused = refuse_role(rule.scope, account.role)
        if refused is not None:
            return refused
        if not needs_workspace(rule.scope):
            return Place(account, None)
        return await self._settle(unit, rule, account, workspace_id)

    async def _settle(
        self, unit: Unit, rule: Rule, account: ServiceAccount, workspace_id: str | None
    ) -> Place | Refused:
        workspace = choose_workspace(workspace_id, await self._enabled(unit, rule, workspace_id))
        if isinstance(workspace, Refused):
            return workspace
        given = await self.memberships.find(unit, rule.organization_id, workspace.id, account.id)
        if effective_role(workspace.kind, account.role, given.role if given else None) is None:
            return Refused(Reason.WORKSPACE_MEMBERSHIP, workspace.id)
        return Place(account, workspace)

    async def _enabled(self, unit: Unit, rule: Rule, workspace_id: str | None) -> Sequence[Workspace]:
        """Return the workspaces among which a rule lets choose; where that is all, only the one that is meant."""
        organization_id = rule.organization_id
        if not rule.applies_to_all_workspaces:
            return tuple((await self.workspaces.names(unit, organization_id, rule.workspace_ids)).values())
        if workspace_id is None or workspace_id == DEFAULT_ALIAS:
            return (await self.workspaces.default(unit, organization_id),)
        found = await self.workspaces.find(unit, organization_id, WorkspaceId(workspace_id))
        return () if found is None else (found,)
