"""The book of limits in force: in memory, read on every model request, replaced as a whole when anything changes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from antechamber.base.ids import ApiKeyId, OrganizationId, UserId, WorkspaceId
from antechamber.base.unit import Units
from antechamber.features.limits.model.definitions import (
    Applicable,
    Limiter,
    Quota,
    RateRule,
    Scope,
    SpendRule,
    lowest_rates,
)
from antechamber.features.limits.model.groups import TOKEN_COUNT, Group, Groups
from antechamber.features.limits.ports import LimitStore

_MOST_REMEMBERED: Final = 50_000
# values for the whole organisation by group key, as the server's file gives them
Defaults = Mapping[str, Mapping[Limiter, int]]


@dataclass(slots=True)
class _Organization:
    """One organisation's rules, by whom they hold."""

    rates: dict[tuple[str, str], list[RateRule]] = field(default_factory=lambda: defaultdict(list))
    spends: dict[tuple[Scope, str], list[SpendRule]] = field(default_factory=lambda: defaultdict(list))
    quotas: dict[str | None, Quota] = field(default_factory=dict)


class LimitBook:
    """Answers which rules hold a request, without waiting for anything."""

    def __init__(self, store: LimitStore, units: Units) -> None:
        self._store = store
        self._units = units
        self._organizations: Mapping[str, _Organization] = MappingProxyType({})
        self._remembered: dict[tuple[str, str, str | None, str | None, str], Applicable] = {}
        self.groups = Groups()
        self.defaults: Defaults = MappingProxyType({})

    def adopt(self, groups: Groups, defaults: Defaults) -> None:
        """Take up the groups and the values of the server's file, over which no organisation gets."""
        self.groups, self.defaults = groups, defaults
        self._remembered = {}

    async def reload(self) -> None:
        """Read every rule anew and take them up at once; to be called at start and by the change feed."""
        async with self._units.read() as unit:
            rates = await self._store.sweep_rates(unit)
            spends = await self._store.sweep_spends(unit)
            quotas = await self._store.sweep_quotas(unit)
        organizations: dict[str, _Organization] = defaultdict(_Organization)
        for organization_id, rate in rates:
            organizations[organization_id].rates[rate.scope_id, rate.group_id].append(rate)
        for limit in spends:
            if (rule := limit.rule) is not None:
                organizations[limit.organization_id].spends[rule.scope, rule.scope_id].append(rule)
        for kept in quotas:
            organizations[kept.organization_id].quotas[kept.user_id] = kept.quota
        self._organizations = dict(organizations)
        self._remembered = {}

    def rules_for(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        api_key_id: ApiKeyId | None,
        user_id: UserId | None,
        model: str,
    ) -> Applicable:
        """Return everything that holds a request for a model; the same object until something changes."""
        return self._rules(organization_id, workspace_id, api_key_id, user_id, self.groups.of(model))

    def counting_rules_for(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        api_key_id: ApiKeyId | None,
        user_id: UserId | None,
    ) -> Applicable:
        """Return what holds a request to count tokens, which has a group of its own and costs nothing."""
        found = self._rules(organization_id, workspace_id, api_key_id, user_id, TOKEN_COUNT)
        return Applicable(found.rates, (), None, found.group_id)

    def _rules(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        api_key_id: ApiKeyId | None,
        user_id: UserId | None,
        group: Group,
    ) -> Applicable:
        asked = (organization_id, workspace_id, api_key_id, user_id, group.key)
        found = self._remembered.get(asked)
        if found is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            holders = [
                (Scope.ORGANIZATION, str(organization_id)),
                (Scope.WORKSPACE, str(workspace_id)),
            ]
            if api_key_id is not None:
                holders.append((Scope.API_KEY, str(api_key_id)))
            if user_id is not None:
                holders.append((Scope.USER, str(user_id)))
            found = self._remembered[asked] = self._gather(organization_id, holders, user_id, group)
        return found

    def _gather(
        self,
        organization_id: OrganizationId,
        holders: Sequence[tuple[Scope, str]],
        user_id: UserId | None,
        group: Group,
    ) -> Applicable:
        own = self._organizations.get(organization_id, _Organization())
        rates = list(self.organization_rates(organization_id, group))
        for scope, scope_id in holders:
            if scope is not Scope.ORGANIZATION:
                rates.extend(own.rates.get((scope_id, group.id), ()))
        spends = [rule for holder in holders for rule in own.spends.get(holder, ())]
        quota = own.quotas.get(user_id, own.quotas.get(None)) if user_id is not None else None
        return Applicable(tuple(rates), tuple(spends), quota, group.id)

    def organization_rates(self, organization_id: OrganizationId, group: Group) -> Sequence[RateRule]:
        """Return what holds an organisation as a whole in a group, as of the last reload."""
        own = self._organizations.get(organization_id, _Organization())
        return self.lowest(organization_id, group, own.rates.get((organization_id, group.id), ()))

    def lowest(self, organization_id: OrganizationId, group: Group, own: Iterable[RateRule]) -> Sequence[RateRule]:
        """Return what holds an organisation in a group whose own values are these, under the server's file."""
        return lowest_rates(self.defaults.get(group.key, {}), own, organization_id, group.id)
