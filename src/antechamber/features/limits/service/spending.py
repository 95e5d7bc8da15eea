"""What is spent: read from the ledger when a budget is first asked for, then counted with every request that ends."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from antechamber.base.clock import Clock
from antechamber.base.ids import OrganizationId
from antechamber.features.limits.model.admission import Asking, Window
from antechamber.features.limits.model.definitions import Period, Scope, SpendRule
from antechamber.features.limits.model.spending import THRESHOLDS, Crossing, budget_key, reached, rule_key, window
from antechamber.features.limits.ports import Counters, SpendEvents, SpendHistory
from antechamber.features.limits.service.breaker import CountersAwayError

_PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Known:
    """A budget whose spending was read."""

    window: Window
    ends_at: int


class Spending:
    """Keeps budgets' spending equal to the ledger's, neither late nor twice.

    Between the ledger's answer and this process's own settlements there is no gap: the ledger says up to which of them
    it goes, and what was settled after that is gathered while it is asked.
    """

    def __init__(self, counters: Counters, history: SpendHistory, events: SpendEvents, clock: Clock) -> None:
        self._counters = counters
        self._history = history
        self._events = events
        self._clock = clock
        self._periods: dict[str, dict[tuple[Scope, str], set[Period]]] = {}
        self._known: dict[str, dict[str, _Known]] = defaultdict(dict)
        self._gathered: dict[str, list[tuple[int, int]]] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._noted: dict[str, int] = {}

    async def read(self, organization_id: OrganizationId, rules: Sequence[SpendRule], at: int) -> None:
        """Have the ledger read for those budgets that need it; CountersAwayError when it does not answer."""
        wanted = {
            rule_key(rule, at): _Known(
                Window(rule_key(rule, at), rule.scope, rule.scope_id, rule.period.start(at)), rule.period.end(at)
            )
            for rule in rules
        }
        for rule in rules:
            # from here on every settlement of theirs is seen, also of requests that came before the limit
            periods = self._periods.setdefault(organization_id, {})
            periods.setdefault((rule.scope, rule.scope_id), set()).add(rule.period)
        async with self._locks[organization_id]:
            unread = await self._counters.unread(list(wanted))
            amounts = await self._read(organization_id, {key: wanted[key] for key in unread})
        for rule in rules:
            # what was passed before this process looked has been told, or was passed before there was a limit
            if (spent := amounts.get(rule_key(rule, at))) is not None:
                self._noted[rule_key(rule, at)] = reached(spent, rule.amount)

    async def refresh(self) -> None:
        """Read every budget anew: what the ledger has corrected counts, such as prices that were changed."""
        now = self._clock.now()
        for organization_id, known in list(self._known.items()):
            # closed windows are nobody's limit any more
            live = {key: each for key, each in known.items() if each.ends_at > now}
            self._known[organization_id] = live
            over = known.keys() - live.keys()
            self._noted = {key: percent for key, percent in self._noted.items() if key not in over}
            async with self._locks[organization_id]:
                await self._read(OrganizationId(organization_id), live)

    async def _read(self, organization_id: OrganizationId, wanted: Mapping[str, _Known]) -> Mapping[str, int]:
        amounts: dict[str, int] = {}
        if not wanted:
            return amounts
        for key in wanted:
            self._gathered[key] = []
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                answer = await self._history.spent(organization_id, [each.window for each in wanted.values()])
            for key, each in wanted.items():
                later = sum(cost for position, cost in self._gathered.pop(key) if position > answer.position)
                amounts[key] = answer.amounts.get(key, 0) + later
                self._known[organization_id][key] = each
                await self._counters.put_spent(key, amounts[key], each.ends_at, self._clock.now())
        except CountersAwayError:
            raise
        except Exception as error:
            raise CountersAwayError from error
        finally:
            for key in wanted:
                self._gathered.pop(key, None)
        return amounts

    def is_counted(self, organization_id: OrganizationId) -> bool:
        """Say whether an organisation's requests must be charged at all."""
        return organization_id in self._periods

    def charges(self, asking: Asking, cost: int) -> tuple[tuple[str, int], ...]:
        """Return what a request that was settled just now costs which budgets, whatever held it when it came."""
        periods = self._periods.get(asking.organization_id, {})
        holders = (
            (Scope.ORGANIZATION, str(asking.organization_id)),
            (Scope.WORKSPACE, str(asking.workspace_id)),
            (Scope.API_KEY, str(asking.api_key_id)),
            (Scope.USER, str(asking.user_id)),
        )
        keys = [
            budget_key(scope, scope_id, period, window(period, asking.started_at)[0])
            for scope, scope_id in holders
            for period in periods.get((scope, scope_id), ())
        ]
        position = self._history.position()
        for key in keys:
            if (gathered := self._gathered.get(key)) is not None:
                gathered.append((position, cost))
        return tuple((key, cost) for key in keys)

    def tell(
        self, organization_id: OrganizationId, rules: Sequence[SpendRule], at: int, spent: Mapping[str, int]
    ) -> None:
        """Tell of thresholds that were passed, each once in a window."""
        for rule in rules:
            key = rule_key(rule, at)
            amount = spent.get(key)
            if amount is None:
                continue
            now_reached, noted = reached(amount, rule.amount), self._noted.get(key, 0)
            for percent in THRESHOLDS:
                if noted < percent <= now_reached:
                    self._events.crossed(
                        Crossing(
                            organization_id=organization_id,
                            scope=rule.scope,
                            scope_id=rule.scope_id,
                            period=rule.period,
                            spend_limit_id=rule.id,
                            percent=percent,
                            limit=rule.amount,
                            spent=amount,
                            resets_at=rule.period.end(at),
                        )
                    )
            self._noted[key] = max(noted, now_reached)
