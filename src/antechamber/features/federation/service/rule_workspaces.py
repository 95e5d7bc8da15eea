"""The use-cases of the workspaces that a rule is enabled for."""

from collections.abc import Sequence
from dataclasses import dataclass

from antechamber.base.actor import Actor
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound
from antechamber.base.ids import Kind, OrganizationId, RuleId, WorkspaceId, is_id
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.federation.model.rules import Rule, RuleWorkspace, check_manager
from antechamber.features.federation.model.stamps import stamp
from antechamber.features.federation.service.references import References
from antechamber.features.federation.service.stores import Stores
from antechamber.features.workspaces.service import Workspaces


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A workspace that a rule is enabled for, and its name where the wire shows it."""

    place: RuleWorkspace
    workspace_name: str | None = None


class RuleWorkspaces:
    """Enables rules for workspaces, and takes workspaces from them."""

    def __init__(
        self,
        stores: Stores,
        references: References,
        workspaces: Workspaces,
        units: Units,
        clock: Clock,
        audit: Audit,
    ) -> None:
        self._store = stores.rules
        self._lock = stores.accounts.lock
        self._references = references
        self._names = workspaces.names
        self._units = units
        self._clock = clock
        self._audit = audit

    async def listing(self, organization_id: OrganizationId, rule_id: RuleId) -> Sequence[ShownPlace]:
        """Return every workspace that a rule is enabled for by name, in the order that this was done; NotFound."""
        async with self._units.read() as unit:
            rule = await self._require(unit, organization_id, rule_id)
            places = await self._store.workspaces(unit, organization_id, rule.id)
            known = await self._names(unit, organization_id, [place.workspace_id for place in places])
        return [ShownPlace(place, known[place.workspace_id].name) for place in places]

    async def enable(
        self, organization_id: OrganizationId, rule_id: RuleId, workspace_id: WorkspaceId, by: Actor
    ) -> ShownPlace:
        """Enable a live rule for a live workspace; again, it changes nothing. NotFound, InvalidRequest."""
        async with self._units.begin() as unit:
            await self._lock(unit, organization_id)
            rule = await self.require_managed(unit, organization_id, rule_id, by)
            workspace = await self._references.workspace(unit, organization_id, workspace_id)
            for place in await self._store.workspaces(unit, organization_id, rule.id):
                if place.workspace_id == workspace.id:
                    return ShownPlace(place)
            return ShownPlace(await self.enable_in(unit, rule, workspace.id, by))

    async def disable(
        self, organization_id: OrganizationId, rule_id: RuleId, workspace_id: WorkspaceId, by: Actor
    ) -> None:
        """Take a workspace from a rule, if it was enabled for it; NotFound for the rule."""
        async with self._units.begin() as unit:
            await self._lock(unit, organization_id)
            rule = await self._require(unit, organization_id, rule_id)
            check_manager(rule.scope, by, f"{rule.id}")
            if workspace_id in rule.workspace_ids:
                await self.disable_in(unit, organization_id, rule.id, workspace_id, by)

    async def drop_workspace(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId, by: Actor
    ) -> None:
        """Take a workspace that is being archived from every rule, in the caller's transaction."""
        for rule_id in await self._store.of_workspace(unit, organization_id, workspace_id):
            await self.disable_in(unit, organization_id, rule_id, workspace_id, by)

    async def enable_in(self, unit: Unit, rule: Rule, workspace_id: WorkspaceId, by: Actor) -> RuleWorkspace:
        """Enable a rule for a workspace that it was not enabled for, in the caller's transaction."""
        place = RuleWorkspace(rule.id, workspace_id, stamp(self._clock.now(), by))
        await self._store.enable(unit, rule.organization_id, place)
        act = ActivityType.FEDERATION_RULE_WORKSPACE_ADDED
        await self._record(unit, rule.organization_id, rule.id, workspace_id, by, act)
        return place

    async def disable_in(
        self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId, workspace_id: WorkspaceId, by: Actor
    ) -> None:
        """Take a workspace from a rule that is enabled for it, in the caller's transaction."""
        await self._store.disable(unit, organization_id, rule_id, workspace_id)
        act = ActivityType.FEDERATION_RULE_WORKSPACE_REMOVED
        await self._record(unit, organization_id, rule_id, workspace_id, by, act)

    async def require_managed(self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId, by: Actor) -> Rule:
        """Return a live rule that the caller may change; NotFound, PermissionDenied, InvalidRequest."""
        rule = await self._require(unit, organization_id, rule_id)
        check_manager(rule.scope, by, f"{rule.id}")
        if rule.archived is not None:
            message = f"{rule.id} is archived and cannot be changed; create a new rule."
            raise InvalidRequest(message)
        return rule

    async def _require(self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId) -> Rule:
        known = is_id(Kind.FEDERATION_RULE, rule_id)
        rule = await self._store.find(unit, organization_id, rule_id) if known else None
        if rule is None:
            message = f"Federation rule not found: {rule_id}"
            raise NotFound(message)
        return rule

    async def _record(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        rule_id: RuleId,
        workspace_id: WorkspaceId,
        by: Actor,
        act: ActivityType,
    ) -> None:
        await self._audit.record(unit, organization_id, by, act, federation_rule_id=rule_id, workspace_id=workspace_id)
