"""Admission, joined: counters, prices, what the ledger knows of spending, and who is told when budgets run low."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import structlog

from antechamber.adapters.counters import MemoryCounters
from antechamber.base.actor import SYSTEM
from antechamber.base.clock import to_rfc3339
from antechamber.base.ids import OrganizationId, WorkspaceId
from antechamber.base.money import to_cents
from antechamber.base.unit import Unit
from antechamber.features.audit.model import ActivityType
from antechamber.features.gateway.service.admission import OpenRequests
from antechamber.features.limits.model.admission import SpentTo, Tokens, Window
from antechamber.features.limits.model.definitions import Scope
from antechamber.features.limits.model.spending import Crossing
from antechamber.features.limits.ports import Used
from antechamber.features.limits.service.admission import LimitAdmission
from antechamber.features.limits.service.book import LimitBook
from antechamber.features.limits.service.breaker import GuardedCounters
from antechamber.features.limits.service.spending import Spending
from antechamber.features.usage.model import TokenUsage
from antechamber.features.usage.ports import PriceBook, UsageStore
from antechamber.features.usage.service import Ledger
from antechamber.http.metrics import Metrics
from antechamber.wiring.key_owners import KeyOwners
from antechamber.wiring.storage import Storage

if TYPE_CHECKING:
    from antechamber.features.gateway.model import Tally

_MOST_SEEN: Final = 4096
_log = structlog.get_logger("budgets")
OnCrossed: TypeAlias = Callable[[Unit, Crossing], Awaitable[None]]


class BookPricer:
    """Prices by the book of the ledger (`limits.ports.Pricer`)."""

    def __init__(self, prices: PriceBook) -> None:
        self._prices = prices
        self._seen: set[tuple[str, str]] = set()

    async def prepare(self, model: str, provider: str, at: int) -> None:
        """Have a model's price looked up beside the loop once, for a list of prices may have to be loaded for it."""
        if (model, provider) in self._seen:
            return
        await asyncio.to_thread(self._prices.rate, model, provider, at)
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add((model, provider))

    def estimate(self, model: str, provider: str, tokens: Tokens, at: int) -> int:
        """Return what a request that uses just these would cost: all of it at the price of its whole input."""
        usage = TokenUsage(
            tokens.uncached_input,
            tokens.cache_write_5m,
            tokens.cache_write_1h,
            output=tokens.output,
            web_search_requests=tokens.web_search_requests,
        )
        return self._prices.cost(
            model, provider, usage, at, inference_geo=tokens.inference_geo, speed=tokens.speed
        ).total

    def cost(self, model: str, provider: str, used: Used, at: int) -> int:
        """Return what a request cost, as the ledger will price it."""
        tally = cast("Tally", used)
        return self._prices.cost(
            model,
            provider,
            tally,
            at,
            tally.service_tier or "standard",
            tally.inference_geo or "not_available",
            tally.speed or "standard",
        ).total


class LedgerHistory:
    """What was spent, by the ledger's roll-ups (`limits.ports.SpendHistory`); a personal key spends for its owner."""

    def __init__(self, ledger: Ledger, usage: UsageStore, storage: Storage) -> None:
        self._ledger = ledger
        self._usage = usage
        self._owners = KeyOwners(storage.api_keys)
        self._units = storage.database

    def position(self) -> int:
        """Return how many requests this process has settled."""
        return self._ledger.settled_count

    async def spent(self, organization_id: OrganizationId, windows: Sequence[Window]) -> SpentTo:
        """Return what was spent from each window's beginning on; nothing is brought in meanwhile."""
        amounts: dict[str, int] = {}
        async with self._ledger.drained() as position, self._units.read() as unit:
            for since in {window.since for window in windows}:
                by_holder = await self._by_holder(unit, organization_id, since)
                for window in windows:
                    if window.since == since:
                        amounts[window.key] = by_holder.get((window.scope, window.scope_id), 0)
        return SpentTo(amounts, position)

    async def _by_holder(
        self, unit: Unit, organization_id: OrganizationId, since: int
    ) -> Mapping[tuple[str, str], int]:
        rows = await self._usage.spent(unit, organization_id, since)
        owners = await self._owners.read(unit, organization_id, (row.api_key_id for row in rows))
        sums: dict[tuple[str, str], int] = {}
        for row in rows:
            holders = (
                (Scope.ORGANIZATION, str(organization_id)),
                (Scope.WORKSPACE, row.workspace_id),
                (Scope.API_KEY, row.api_key_id),
                (Scope.USER, row.account_id or owners.get(row.api_key_id or "")),
            )
            for scope, scope_id in holders:
                if scope_id:
                    sums[scope, scope_id] = sums.get((scope, scope_id), 0) + row.cost
        return sums


class BudgetLog:
    """Tells of thresholds in the log, in the audit log and whoever joins (`limits.ports.SpendEvents`)."""

    def __init__(self, storage: Storage) -> None:
        self._units = storage.database
        self._audit = storage.audit
        self._writing: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._effects: list[OnCrossed] = []

    def on_crossed(self, effect: OnCrossed) -> None:
        """Call `effect` for each threshold that is passed, in the transaction of its record."""
        self._effects.append(effect)

    def crossed(self, crossing: Crossing) -> None:
        """Take note of a threshold that was passed."""
        told = {
            "spend_limit_id": crossing.spend_limit_id,
            "scope_type": crossing.scope.value,
            "scope_id": crossing.scope_id,
            "period": crossing.period.value,
            "percent": crossing.percent,
            "amount": to_cents(crossing.limit),
            "spent": to_cents(crossing.spent),
            "resets_at": to_rfc3339(crossing.resets_at),
        }
        _log.warning("budget_threshold_crossed", organization_id=crossing.organization_id, **told)
        task = asyncio.get_running_loop().create_task(self._record(crossing, told))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Return when everything that was told is written."""
        if self._writing:
            await asyncio.wait(self._writing)

    async def _record(self, crossing: Crossing, told: Mapping[str, object]) -> None:
        organization_id = OrganizationId(crossing.organization_id)
        try:
            # one after the other, in the order in which they were told
            async with self._turn, self._units.begin() as unit:
                await self._audit.record(unit, organization_id, SYSTEM, ActivityType.BUDGET_THRESHOLD_CROSSED, **told)
                for effect in self._effects:
                    await effect(unit, crossing)
        except Exception as error:  # noqa: BLE001 - the line in the log stands, and requests go on
            _log.warning("a budget's threshold is not in the audit log", note=repr(error))


class ClaudeCodeWorkspaces:
    """Which workspaces are Claude Code's own (`limits.ports.CodeWorkspaces`)."""

    def __init__(self, storage: Storage) -> None:
        self._units = storage.database
        self._workspaces = storage.workspaces

    async def is_claude_code(self, organization_id: OrganizationId, workspace_id: WorkspaceId) -> bool:
        """Say whether the workspace is the one that Claude Code made for itself."""
        async with self._units.read() as unit:
            workspace = await self._workspaces.claude_code(unit, organization_id)
        return workspace is not None and workspace.id == workspace_id


class Admissions:
    """Everything that decides whether a model request may go on now."""

    def __init__(self, storage: Storage, ledger: Ledger, usage: UsageStore, prices: PriceBook, book: LimitBook) -> None:
        settings, clock = storage.settings, storage.clock
        self.events = BudgetLog(storage)
        self._counters = GuardedCounters(MemoryCounters(), clock, deadline_seconds=None)
        self.limits = LimitAdmission(
            book=book,
            counters=self._counters,
            spending=Spending(self._counters, LedgerHistory(ledger, usage, storage), self.events, clock),
            pricer=BookPricer(prices),
            workspaces=ClaudeCodeWorkspaces(storage),
            clock=clock,
            is_open_on_failure=settings.limits_on_failure == "open",
        )
        self.requests = OpenRequests(settings.max_open_requests, self.limits)
        self._running: asyncio.Task[None] | None = None

    @property
    def open(self) -> int:
        """How many model requests are in flight."""
        return self.requests.open

    def start(self) -> None:
        """Begin to keep reservations held and budgets true."""
        self._running = asyncio.create_task(self.limits.run())

    async def stop(self) -> None:
        """End that, and write what is still to be told."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
        await self.events.close()

    def register_gauges(self, metrics: Metrics) -> None:
        """Show how many requests are open, held and refused, and whether the counters answer."""
        gauge, limits = metrics.gauge, self.limits
        gauge("open_requests", "Model requests in flight", lambda: self.requests.open)
        gauge("limits_held", "Requests that hold a part of a budget", lambda: limits.held_count)
        gauge("limits_refused", "Requests that limits stopped since start", lambda: limits.refused_count)
        gauge("limits_unchecked", "Requests while counters did not answer", lambda: limits.unchecked_count)
        gauge("limits_breaker_open", "1 while counters are left alone", lambda: int(self._counters.is_open))
