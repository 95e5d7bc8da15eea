"""What stands before admission in its tests: a ledger that settles and drains on its own time, a price list, a book."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from antechamber.adapters.counters import MemoryCounters
from antechamber.base.clock import ManualClock
from antechamber.base.ids import ApiKeyId, OrganizationId, UserId, WorkspaceId
from antechamber.database.engine import Database, database_url
from antechamber.features.limits.model.admission import Asking, SpentTo, Tokens, Window
from antechamber.features.limits.model.definitions import Limiter, Period, Quota, RateRule, Scope, SpendRule
from antechamber.features.limits.model.groups import OTHER
from antechamber.features.limits.model.spending import Crossing
from antechamber.features.limits.ports import Counters, Used
from antechamber.features.limits.service.admission import LimitAdmission, LimitTicket
from antechamber.features.limits.service.book import LimitBook, _Organization
from antechamber.features.limits.service.breaker import GuardedCounters
from antechamber.features.limits.service.spending import Spending
from antechamber.features.limits.sql import SqlLimits
from antechamber.features.usage.model import TokenUsage

ORGANIZATION = OrganizationId("00000000-0000-4000-8000-000000000001")
WORKSPACE = WorkspaceId("wrkspc_1")
KEY = ApiKeyId("apikey_1")
USER = UserId("user_1")
NOON = 1_795_262_400_000_000  # 2026-11-21T12:00:00Z
INPUT_PRICE, OUTPUT_PRICE = 3, 15
# never opened: the book is handed its rules
DATABASE = Database(database_url(None, Path("nowhere")))


def rate(limiter: Limiter, value: int, scope: Scope = Scope.WORKSPACE, scope_id: str = WORKSPACE) -> RateRule:
    return RateRule(limiter, value, scope, scope_id, OTHER.id)


def spend(
    amount: int, scope: Scope = Scope.ORGANIZATION, scope_id: str = ORGANIZATION, period: Period = Period.MONTHLY
) -> SpendRule:
    return SpendRule("spl_1", scope, scope_id, amount, period)


def cost_of(used: Used) -> int:
    return used.total_input * INPUT_PRICE + used.output * OUTPUT_PRICE


class Prices:
    """Three nano-dollars a token that is read, fifteen one that is written; writes into a cache cost a quarter more."""

    async def prepare(self, model: str, provider: str, at: int) -> None:
        """Every model is at hand."""

    def estimate(self, model: str, provider: str, tokens: Tokens, at: int) -> int:
        del model, provider, at
        written = tokens.cache_write_5m * 5 // 4 + tokens.cache_write_1h * 2
        return (tokens.uncached_input + written) * INPUT_PRICE + tokens.output * OUTPUT_PRICE

    def cost(self, model: str, provider: str, used: Used, at: int) -> int:
        del model, provider, at
        return cost_of(used)


@dataclass
class Ledger:
    """Rows are settled at once and drained when it is told to; `pause` makes the reading of it take its time."""

    rows: list[int] = field(default_factory=list)
    drained: int = 0
    earlier: int = 0
    is_away: bool = False
    pause: asyncio.Event | None = None
    readings: int = 0

    def settle(self, cost: int) -> None:
        self.rows.append(cost)

    def position(self) -> int:
        return len(self.rows)

    async def spent(self, organization_id: OrganizationId, windows: Sequence[Window]) -> SpentTo:
        del organization_id
        self.readings += 1
        if self.is_away:
            message = "no ledger"
            raise ConnectionError(message)
        self.drained = len(self.rows)
        answer = SpentTo(
            {window.key: self.earlier + sum(self.rows[: self.drained]) for window in windows}, self.drained
        )
        if self.pause is not None:
            await self.pause.wait()
        return answer


class Told:
    def __init__(self) -> None:
        self.crossings: list[Crossing] = []

    def crossed(self, crossing: Crossing) -> None:
        self.crossings.append(crossing)

    @property
    def percents(self) -> list[int]:
        return [crossing.percent for crossing in self.crossings]


class NoClaudeCode:
    async def is_claude_code(self, organization_id: OrganizationId, workspace_id: WorkspaceId) -> bool:
        del organization_id, workspace_id
        return False


class Gate:
    """Admission before in-process counters, with a clock that stands still."""

    def __init__(self, counters: Counters | None = None, *, is_open_on_failure: bool = True) -> None:
        self.clock = ManualClock(NOON)
        self.book = LimitBook(SqlLimits(), DATABASE)
        self.ledger = Ledger()
        self.told = Told()
        self.counters = GuardedCounters(counters or MemoryCounters(), self.clock)
        self.spending = Spending(self.counters, self.ledger, self.told, self.clock)
        self.admission = LimitAdmission(
            book=self.book,
            counters=self.counters,
            spending=self.spending,
            pricer=Prices(),
            workspaces=NoClaudeCode(),
            clock=self.clock,
            is_open_on_failure=is_open_on_failure,
        )
        self._number = 0

    def limit(self, *rules: RateRule | SpendRule, quota: Quota | None = None) -> None:
        """Put rules in force, in place of those that were, as the change feed would."""
        own = _Organization(quotas={None: quota} if quota else {})
        for rule in rules:
            if isinstance(rule, RateRule):
                own.rates[rule.scope_id, rule.group_id].append(rule)
            else:
                own.spends[rule.scope, rule.scope_id].append(rule)
        self.book._organizations = {ORGANIZATION: own}
        self.book._remembered = {}

    def asking(self, read: int = 10, write: int | None = 10, body: bytes = b"", user: UserId | None = USER) -> Asking:
        self._number += 1
        return Asking(
            f"req_{self._number}", ORGANIZATION, WORKSPACE, KEY, user, "m", "p", self.clock.now(), read, write, body
        )

    async def admit(self, read: int = 10, write: int | None = 10) -> LimitTicket:
        ticket = await self.admission.admit(self.asking(read, write))
        assert isinstance(ticket, LimitTicket)
        return ticket

    async def end(self, ticket: LimitTicket, read: int = 10, write: int = 10) -> int:
        """End a request as the exchange does: its row, and at once its ticket."""
        used = TokenUsage(uncached_input=read, output=write)
        self.ledger.settle(cost_of(used))
        await ticket.release(used)
        return cost_of(used)
