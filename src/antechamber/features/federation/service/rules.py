"""The use-cases of rules."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import Conflict, InvalidRequest, NotFound
from antechamber.base.ids import IssuerId, Kind, OrganizationId, RuleId, WorkspaceId, is_id, mint
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.model import ActivityType, updates_of
from antechamber.features.audit.service import Audit
from antechamber.features.federation.model.accounts import Keep
from antechamber.features.federation.model.rules import Rule, RuleChange, RuleDraft, check_manager
from antechamber.features.federation.model.stamps import stamp
from antechamber.features.federation.service.lists import Book, ListQuery, Part
from antechamber.features.federation.service.references import References
from antechamber.features.federation.service.revisions import check, revise, shown
from antechamber.features.federation.service.rule_workspaces import RuleWorkspaces
from antechamber.features.federation.service.stores import Stores


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule, with the names that its issuer and its service account have now."""

    rule: Rule
    issuer_name: str | None
    service_account_name: str | None


class Rules:
    """Makes, finds, changes and archives rules."""

    def __init__(
        self,
        stores: Stores,
        references: References,
        workspaces: RuleWorkspaces,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
    ) -> None:
        self._store = stores.rules
        self._lock = stores.accounts.lock
        self._references = references
        self._workspaces = workspaces
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit

    async def create(self, organization_id: OrganizationId, draft: RuleDraft, by: Actor) -> ShownRule:
        """Make a rule; Conflict for a name in use, PermissionDenied for scopes that the caller does not manage.

        InvalidRequest past the rules, for what it refers to and is not there, and on a shared issuer for a match that
        does not say whose assertions are meant.
        """
        rule = self._new(organization_id, draft, by)
        check_manager(rule.scope, by, "oauth_scope: the rule")
        if draft.workspace_id is None and not rule.applies_to_all_workspaces:
            message = "workspace_id: required unless applies_to_all_workspaces is true"
            raise InvalidRequest(message)
        async with self._units.begin() as unit:
            await self._lock(unit, organization_id)
            issuer = await self._references.issuer(unit, organization_id, rule.issuer_id)
            self._references.check_match(issuer, rule.match)
            await self._references.check_target(unit, rule)
            if draft.workspace_id is not None:
                await self._references.workspace(unit, organization_id, draft.workspace_id)
            await self._require_free(unit, rule)
            await self._store.add(unit, organization_id, rule)
            act = ActivityType.FEDERATION_RULE_CREATED
            await self._record(unit, rule, by, act, federation_issuer_id=issuer.id, **shown(rule))
            if draft.workspace_id is not None:
                await self._workspaces.enable_in(unit, rule, draft.workspace_id, by)
            return await self._shown(unit, organization_id, rule.id)

    async def listing(
        self, organization_id: OrganizationId, query: ListQuery, issuer_id: IssuerId | None = None
    ) -> Part[ShownRule]:
        """Return a page of rules, newest first, of one issuer if it is named."""
        book = Book(Kind.FEDERATION_RULE, organization_id, query, issuer_id=issuer_id)
        asked = book.asked()
        if issuer_id is not None and not is_id(Kind.FEDERATION_ISSUER, issuer_id):
            return Part((), None)
        async with self._units.read() as unit:
            found = await self._store.listing(unit, organization_id, asked, issuer_id)
            part = book.part(found, lambda rule: (rule.created, rule.id))
            return Part(await self._named(unit, organization_id, part.items), part.next_page)

    async def get(self, organization_id: OrganizationId, rule_id: RuleId) -> ShownRule:
        """Return one, archived or not; NotFound."""
        async with self._units.read() as unit:
            return await self._shown(unit, organization_id, rule_id)

    async def find(self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId) -> Rule | None:
        """Return one, archived or not, in the caller's transaction."""
        if not is_id(Kind.FEDERATION_RULE, rule_id):
            return None
        return await self._store.find(unit, organization_id, rule_id)

    async def update(
        self, organization_id: OrganizationId, rule_id: RuleId, change: RuleChange, by: Actor
    ) -> ShownRule:
        """Change what was said of a live rule; errors as of `create`, and NotFound."""
        async with self._units.begin() as unit:
            await self._lock(unit, organization_id)
            known = await self._workspaces.require_managed(unit, organization_id, rule_id, by)
            changed = revise(known, change)
            check_manager(changed.scope, by, "oauth_scope: the rule")
            issuer = await self._references.issuer(unit, organization_id, known.issuer_id)
            self._references.check_match(issuer, changed.match, is_new=changed.match != known.match)
            if (changed.target, changed.scope) != (known.target, known.scope):
                await self._references.check_target(unit, changed)
            if changed.name != known.name:
                await self._require_free(unit, changed)
            if change.workspace_id is not Keep.IT:
                changed = await self._move(unit, changed, change.workspace_id, by)
            if not changed.applies_to_all_workspaces and known.applies_to_all_workspaces and not changed.workspace_ids:
                message = (
                    "applies_to_all_workspaces: without it the rule would be enabled nowhere; name a workspace_id, or "
                    "enable one first"
                )
                raise InvalidRequest(message)
            if updates := updates_of(shown(known), shown(changed)):
                await self._record(unit, changed, by, ActivityType.FEDERATION_RULE_UPDATED, updates=updates)
            if changed != known:
                await self._save(unit, changed, by)
            return await self._shown(unit, organization_id, rule_id)

    async def archive(self, organization_id: OrganizationId, rule_id: RuleId, by: Actor) -> ShownRule:
        """End a rule for good, and take its workspaces from it; what it has minted lives on. NotFound."""
        async with self._units.begin() as unit:
            await self._lock(unit, organization_id)
            known = await self._require(unit, organization_id, rule_id)
            check_manager(known.scope, by, f"{known.id}")
            if known.archived is None:
                ended = stamp(self._clock.now(), by)
                archived = dataclasses.replace(known, updated=ended, archived=ended, applies_to_all_workspaces=False)
                await self._store.save(unit, organization_id, archived)
                await self._store.disable(unit, organization_id, known.id, None)
                await self._record(unit, known, by, ActivityType.FEDERATION_RULE_ARCHIVED, name=known.name)
            return await self._shown(unit, organization_id, rule_id)

    def _new(self, organization_id: OrganizationId, draft: RuleDraft, by: Actor) -> Rule:
        made = stamp(self._clock.now(), by)
        return check(
            Rule(
                id=RuleId(mint(Kind.FEDERATION_RULE, self._clock, self._chance)),
                organization_id=organization_id,
                name=draft.name,
                description=draft.description,
                issuer_id=draft.issuer_id,
                match=draft.match,
                target=draft.target,
                scope=draft.scope,
                token_lifetime_seconds=draft.token_lifetime_seconds,
                applies_to_all_workspaces=draft.applies_to_all_workspaces,
                workspace_ids=(),
                created=made,
                updated=made,
            )
        )

    async def _move(self, unit: Unit, rule: Rule, workspace_id: WorkspaceId, by: Actor) -> Rule:
        """Enable a rule for a workspace in place of the one that it is enabled for."""
        if len(rule.workspace_ids) > 1:
            message = (
                f"workspace_id: the rule is enabled for {len(rule.workspace_ids)} workspaces; use "
                f"/v1/organizations/federation_rules/{rule.id}/workspaces"
            )
            raise InvalidRequest(message)
        if rule.workspace_ids == (workspace_id,):
            return rule
        await self._references.workspace(unit, rule.organization_id, workspace_id)
        for former in rule.workspace_ids:
            await self._workspaces.disable_in(unit, rule.organization_id, rule.id, former, by)
        await self._workspaces.enable_in(unit, rule, workspace_id, by)
        return dataclasses.replace(rule, workspace_ids=(workspace_id,))

    async def _save(self, unit: Unit, rule: Rule, by: Actor) -> None:
        stamped = dataclasses.replace(rule, updated=stamp(self._clock.now(), by))
        await self._store.save(unit, rule.organization_id, stamped)

    async def _shown(self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId) -> ShownRule:
        rule = await self._require(unit, organization_id, rule_id)
        return (await self._named(unit, organization_id, [rule]))[0]

    async def _named(self, unit: Unit, organization_id: OrganizationId, rules: Sequence[Rule]) -> tuple[ShownRule, ...]:
        issuers, accounts = await self._references.names(unit, organization_id, rules)
        return tuple(
            ShownRule(rule, issuers.get(rule.issuer_id), accounts.get(rule.target.service_account_id)) for rule in rules
        )

    async def _require(self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId) -> Rule:
        rule = await self.find(unit, organization_id, rule_id)
        if rule is None:
            message = f"Federation rule not found: {rule_id}"
            raise NotFound(message)
        return rule

    async def _require_free(self, unit: Unit, rule: Rule) -> None:
        holder = await self._store.named(unit, rule.organization_id, rule.name)
        if holder is not None and holder.id != rule.id:
            message = f"name: another federation rule of this organization is named {holder.name}: {holder.id}"
            raise Conflict(message)

    async def _record(self, unit: Unit, rule: Rule, by: Actor, act: ActivityType, **details: object) -> None:
        await self._audit.record(unit, rule.organization_id, by, act, federation_rule_id=rule.id, **details)
