"""What a rule refers to, and whether it is there and may be: a reference to nothing is a bad field (400), not a 404."""

from collections.abc import Mapping, Sequence

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import IssuerId, OrganizationId, ServiceAccountId, WorkspaceId
from antechamber.base.permissions import ServiceAccountRole
from antechamber.base.unit import Unit
from antechamber.features.federation.model.issuers import Issuer
from antechamber.features.federation.model.rules import ADMIN_SCOPE, Match, Rule
from antechamber.features.federation.model.sharing import find_shared, is_pinned
from antechamber.features.federation.ports import ConditionCheck
from antechamber.features.federation.service.accounts import ServiceAccounts
from antechamber.features.federation.service.issuers import Issuers
from antechamber.features.workspaces.model import Workspace
from antechamber.features.workspaces.service import Workspaces


class References:
    """Finds what rules refer to."""

    def __init__(
        self, issuers: Issuers, accounts: ServiceAccounts, workspaces: Workspaces, conditions: ConditionCheck
    ) -> None:
        self._issuers = issuers
        self._accounts = accounts
        self._workspaces = workspaces
        self._conditions = conditions

    async def issuer(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> Issuer:
        """Return a live issuer; InvalidRequest."""
        issuer = await self._issuers.find(unit, organization_id, issuer_id)
        if issuer is None or issuer.archived is not None:
            message = f"issuer_id: {'there is no' if issuer is None else 'archived:'} {issuer_id}"
            raise InvalidRequest(message)
        return issuer

    async def workspace(self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId) -> Workspace:
        """Return a live workspace; InvalidRequest."""
        workspace = await self._workspaces.find(unit, organization_id, workspace_id)
        if workspace is None or workspace.is_archived:
            message = f"workspace_id: {'there is no' if workspace is None else 'archived:'} {workspace_id}"
            raise InvalidRequest(message)
        return workspace

    async def check_target(self, unit: Unit, rule: Rule) -> None:
        """Refuse a service account that is not there, or is no admin while the rule gives the Admin API."""
        service_account_id = rule.target.service_account_id
        account = await self._accounts.find(unit, rule.organization_id, service_account_id)
        if account is None or account.archived is not None:
            problem = "there is no" if account is None else "archived:"
            message = f"target.service_account_id: {problem} {service_account_id}"
            raise InvalidRequest(message)
        if ADMIN_SCOPE in rule.scope.split() and account.role is not ServiceAccountRole.ADMIN:
            message = (
                f"oauth_scope: {ADMIN_SCOPE} needs a target whose organization_role is admin, and {account.name} is "
                f"{account.role}"
            )
            raise InvalidRequest(message)

    def check_match(self, issuer: Issuer, match: Match, *, is_new: bool = True) -> None:
        """Refuse a condition that is none, and on a shared issuer a match that does not say whose assertions it takes.

        The latter on every update: what was let through before the issuer was known to be shared is to be mended.
        """
        shared = find_shared(issuer.url)
        referenced: frozenset[str] = frozenset()
        if match.condition is not None and (is_new or shared is not None):
            referenced = self._conditions.check(match.condition)
        if shared is not None and not is_pinned(match, shared, referenced):
            message = (
                f"match: {shared.name} is shared by all of its customers, so a rule must say which of them is meant: "
                f"by one of the claims {', '.join(sorted(shared.claims))} (in `claims` or in `condition`), or by a "
                f"subject_prefix such as {shared.example}"
            )
            raise InvalidRequest(message)

    async def names(
        self, unit: Unit, organization_id: OrganizationId, rules: Sequence[Rule]
    ) -> tuple[Mapping[IssuerId, str], Mapping[ServiceAccountId, str]]:
        """Return the names of the issuers and of the service accounts of rules."""
        issuers = await self._issuers.names(unit, organization_id, {rule.issuer_id for rule in rules})
        accounts = await self._accounts.names(unit, organization_id, {rule.target.service_account_id for rule in rules})
        return issuers, accounts
