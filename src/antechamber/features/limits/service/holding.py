"""What a key's holder or a person may know of themselves: their limits, what remains, what they used."""

from collections.abc import Iterator, Mapping, Sequence

from antechamber.base.clock import Clock
from antechamber.base.ids import UserId
from antechamber.base.unit import Units
from antechamber.features.limits.model.definitions import Period, Quota, RateRule, Scope
from antechamber.features.limits.model.entries import Budget, Holder, OwnUsageReport
from antechamber.features.limits.model.groups import Group
from antechamber.features.limits.ports import LimitStore, OwnUsage, SpentSoFar
from antechamber.features.limits.service.book import LimitBook


class OwnLimits:
    """Tells holders of themselves; from the database, so that what was just set is seen."""

    def __init__(
        self, store: LimitStore, units: Units, clock: Clock, book: LimitBook, spending: SpentSoFar, usage: OwnUsage
    ) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._book = book
        self._spending = spending
        self._usage = usage

    async def report(self, holder: Holder) -> OwnUsageReport:
        """Return what holds somebody, what remains of it, and what they used today and this month."""
        now = self._clock.now()
        async with self._units.read() as unit:
            limits = await self._store.holders_limits(unit, holder.organization_id, holder.scopes)
            rates = [
                rule
                for scope, scope_id in holder.scopes
                for rule in await self._store.rates(unit, holder.organization_id, scope, scope_id)
            ]
            quotas = {kept.user_id: kept.quota for kept in await self._store.quotas(unit, holder.organization_id)}
        rules = [rule for limit in limits if (rule := limit.rule) is not None]
        asked = [(rule.scope, rule.scope_id, rule.period) for rule in rules]
        spent = await self._spending.spent(holder.organization_id, asked)
        day, month = Period.DAILY.start(now), Period.MONTHLY.start(now)
        return OwnUsageReport(
            holder=holder,
            budgets=tuple(
                Budget(rule, spent.get(key, 0), rule.period.end(now)) for rule, key in zip(rules, asked, strict=True)
            ),
            rates=tuple(self._rates(holder, rates)),
            quota=_quota(holder.user_id, quotas) if holder.user_id is not None else None,
            day_began_at=day,
            day=await self._usage.totals(holder.organization_id, *holder.own, day, now),
            month_began_at=month,
            month=await self._usage.totals(holder.organization_id, *holder.own, month, now),
        )

    def _rates(self, holder: Holder, rules: Sequence[RateRule]) -> Iterator[tuple[Group, tuple[RateRule, ...]]]:
        for group in self._book.groups.everything():
            within = [rule for rule in rules if rule.group_id == group.id]
            own = [rule for rule in within if rule.scope is Scope.ORGANIZATION]
            above = self._book.lowest(holder.organization_id, group, own)
            found = (*above, *(rule for rule in within if rule.scope is not Scope.ORGANIZATION))
            if found:
                yield group, found


def _quota(user_id: UserId, quotas: Mapping[UserId | None, Quota]) -> Quota | None:
    return quotas.get(user_id) or quotas.get(None)
