"""Admission against every limit at once, and settling what was really used."""

import asyncio
from typing import Final

import structlog

from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.errors import WireError
from antechamber.features.limits.model.admission import (
    Asking,
    Detour,
    Granted,
    HeaderPairs,
    Refused,
    RefusedByLimit,
    Settlement,
    Taking,
    Unread,
    Verdict,
)
from antechamber.features.limits.model.buckets import Draw, Level
from antechamber.features.limits.model.definitions import Applicable, Scope
from antechamber.features.limits.model.spending import Balance, Hold
from antechamber.features.limits.ports import CodeWorkspaces, Pricer, Used
from antechamber.features.limits.service.book import LimitBook
from antechamber.features.limits.service.breaker import CountersAwayError, GuardedCounters
from antechamber.features.limits.service.headers import rate_headers, spend_headers
from antechamber.features.limits.service.plans import Rated, corrections, draw, holds, rated
from antechamber.features.limits.service.refusals import away, rate_refusal, spend_refusal
from antechamber.features.limits.service.spending import Spending

_LEASE_SECONDS: Final = 60
_BEAT_SECONDS: Final = 15.0
_REFRESH_BEATS: Final = 20
_MOST_READS: Final = 3
_log = structlog.get_logger("limits")


class LimitTicket:
    """An admission; given back once, when the request has ended. `headers` say how limits stood when it came."""

    __slots__ = ("_admission", "_is_released", "asking", "draws", "headers", "rates", "rules")

    def __init__(self, admission: "LimitAdmission", asking: Asking, rules: Applicable) -> None:
        self._admission = admission
        self._is_released = False
        self.asking = asking
        self.rules = rules
        self.rates: tuple[Rated, ...] = ()
        self.draws: tuple[Draw, ...] = ()
        self.headers: HeaderPairs = []

    async def release(self, used: Used | None) -> None:
        """Settle what was used; None gives all of it back, for nothing was sent on."""
        if not self._is_released:
            self._is_released = True
            await self._admission.settle(self, used)


class LimitAdmission:
    """Lets a request through if every rate and every budget that holds it does; takes from all of them or from none.

    `is_open_on_failure` says what becomes of requests while the counters or the ledger behind them do not answer.
    """

    def __init__(
        self,
        *,
        book: LimitBook,
        counters: GuardedCounters,
        spending: Spending,
        pricer: Pricer,
        workspaces: CodeWorkspaces,
        clock: Clock,
        is_open_on_failure: bool,
    ) -> None:
        self._book = book
        self._counters = counters
        self._spending = spending
        self._pricer = pricer
        self._workspaces = workspaces
        self._clock = clock
        self._is_open_on_failure = is_open_on_failure
        self._held: dict[str, tuple[str, ...]] = {}
        self.refused_count = 0
        self.unchecked_count = 0

    @property
    def held_count(self) -> int:
        """How many requests hold a part of some budget."""
        return len(self._held)

    async def admit(self, asking: Asking) -> LimitTicket | Detour:
        """Return a ticket, or the way around a quota; RefusedByLimit otherwise."""
        rules = self._rules(asking)
        ticket = LimitTicket(self, asking, rules)
        if not (rules.rates or rules.spends or rules.quota):
            return ticket
        rates = rated(rules, asking)
        draws = tuple(draw(rate, asking.estimated_input) for rate in rates)
        if rules.spends:
            await self._pricer.prepare(asking.model, asking.provider, asking.started_at)
        try:
            wanted = holds(rules, asking, self._pricer)
            lease_until = asking.started_at + _LEASE_SECONDS * MICROSECONDS
            verdict = await self._take(asking, rules, Taking(asking.request_id, draws, wanted, lease_until))
        except CountersAwayError as error:
            return self._unchecked(ticket, error)
        if isinstance(verdict, Refused):
            return await self._refuse(asking, rules, rates, wanted, verdict)
        ticket.rates, ticket.draws = rates, draws
        if wanted:
            self._held[asking.request_id] = tuple(hold.key for hold in wanted)
        ticket.headers = self._headers(asking, rules, rates, verdict.levels, verdict.balances)
        return ticket

    def _rules(self, asking: Asking) -> Applicable:
        who = (asking.organization_id, asking.workspace_id, asking.api_key_id, asking.user_id)
        return self._book.counting_rules_for(*who) if asking.is_count else self._book.rules_for(*who, asking.model)

    async def _take(self, asking: Asking, rules: Applicable, taking: Taking) -> Granted | Refused:
        verdict: Verdict = Unread(())
        for _ in range(_MOST_READS):
            verdict = await self._counters.admit(taking, self._clock.now())
            if not isinstance(verdict, Unread):
                return verdict
            await self._spending.read(asking.organization_id, rules.spends, asking.started_at)
        raise CountersAwayError

    async def _refuse(
        self, asking: Asking, rules: Applicable, rates: tuple[Rated, ...], wanted: tuple[Hold, ...], verdict: Refused
    ) -> Detour:
        if verdict.holds:
            error, may_detour = await self._spend_refusal(asking, rules, wanted, verdict), False
        else:
            short = [(rates[place], verdict.levels[place]) for place in verdict.draws]
            error = rate_refusal(short, {group.id: group.display_name for group in self._book.groups.everything()})
            may_detour = all(rate.is_quota for rate, _ in short)
        is_spent = bool(verdict.holds) and error.should_retry is False
        headers = self._headers(asking, rules, rates, verdict.levels, verdict.balances, is_spent=is_spent)
        refused = RefusedByLimit(error, headers)
        if may_detour and rules.quota is not None and rules.quota.fallback_model is not None:
            return Detour(rules.quota.fallback_model, refused)
        self.refused_count += 1
        raise refused

    async def _spend_refusal(
        self, asking: Asking, rules: Applicable, wanted: tuple[Hold, ...], verdict: Refused
    ) -> WireError:
        short = [(rules.spends[place], wanted[place], verdict.balances[place]) for place in verdict.holds]
        by_workspace = any(rule.scope is Scope.WORKSPACE for rule, _, _ in short)
        is_claude_code = by_workspace and await self._workspaces.is_claude_code(
            asking.organization_id, asking.workspace_id
        )
        return spend_refusal(short, asking.started_at, is_claude_code=is_claude_code)

    def _headers(
        self,
        asking: Asking,
        rules: Applicable,
        rates: tuple[Rated, ...],
        levels: tuple[Level, ...],
        balances: tuple[Balance, ...],
        *,
        is_spent: bool = False,
    ) -> HeaderPairs:
        pairs = rate_headers(rates, levels, asking.started_at, openai=asking.openai)
        spends = () if asking.is_count else rules.spends
        return pairs + spend_headers(spends, balances, is_refused=is_spent)

    def _unchecked(self, ticket: LimitTicket, error: CountersAwayError) -> LimitTicket:
        self.unchecked_count += 1
        if self._is_open_on_failure:
            return ticket
        raise RefusedByLimit(away(), []) from error

    async def settle(self, ticket: LimitTicket, used: Used | None) -> None:
        """Give back what was held, correct what was estimated, charge what was used."""
        asking = ticket.asking
        charges: tuple[tuple[str, int], ...] = ()
        if used is not None and not asking.is_count and self._spending.is_counted(asking.organization_id):
            cost = self._pricer.cost(asking.model, asking.provider, used, asking.started_at)
            # before anything is awaited: the ledger has just taken the same request
            charges = self._spending.charges(asking, cost)
        held = self._held.pop(asking.request_id, ())
        corrected = corrections(ticket.rates, ticket.draws, used, asking.started_at)
        if not (charges or held or corrected):
            return
        try:
            spent = await self._counters.settle(
                Settlement(asking.request_id, held, corrected, charges), self._clock.now()
            )
        except CountersAwayError:
            # the ledger has it: the next reading of the budget counts it in
            return
        self._spending.tell(asking.organization_id, ticket.rules.spends, asking.started_at, spent)

    async def run(self, beat_seconds: float = _BEAT_SECONDS) -> None:
        """Keep what is held held, and budgets true, until cancelled."""
        beats = 0
        while True:
            await asyncio.sleep(beat_seconds)
            beats += 1
            try:
                await self.renew()
                if beats % _REFRESH_BEATS == 0:
                    await self._spending.refresh()
            except CountersAwayError as error:
                _log.warning("limits are not refreshed", note=repr(error.__cause__ or error))

    async def renew(self) -> None:
        """Hold what requests under way hold for another lease."""
        if self._held:
            await self._counters.renew(list(self._held.items()), self._clock.now() + _LEASE_SECONDS * MICROSECONDS)
