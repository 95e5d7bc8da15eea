"""Delivering events: each at least once while its endpoint takes it, tried again for a day, by one task a server."""

import asyncio
import contextlib
import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from antechamber.base.actor import SYSTEM
from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.errors import WireError
from antechamber.base.ids import WebhookId
from antechamber.base.seals import SealedColumn, SealError, Seals
from antechamber.base.unit import Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.webhooks.model.deliveries import (
    FAILED,
    FINAL_REASONS,
    KEPT_DAYS,
    Claimed,
    Outcome,
    headers_of,
    is_hopeless,
    standing_after,
)
from antechamber.features.webhooks.model.endpoints import Endpoint, State
from antechamber.features.webhooks.ports import Postman, WebhookStore

_AT_ONCE: Final = 32
_AT_ENDPOINT: Final = 4
# what other nodes put off is found within this time, and what was put in is told by the change feed
_POLL_SECONDS: Final = 30.0
# longer than an attempt takes: only after a crash is a delivery claimed twice
_CLAIM_SECONDS: Final = 30
_LAST_SECONDS: Final = 5.0
_DAY_SECONDS: Final = 86_400
_FORGET_EVERY_SECONDS: Final = 3600.0
_log = structlog.get_logger("webhooks")


class Delivering:
    """Sends what is due, woken by each new event."""

    def __init__(
        self, store: WebhookStore, units: Units, clock: Clock, audit: Audit, seals: Seals, postman: Postman
    ) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._audit = audit
        self._seals = seals
        self._postman = postman
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._task: asyncio.Task[None] | None = None
        self._forget_at = 0.0
        self.taken_count = 0
        self.failed_count = 0

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def wake(self) -> None:
        """Look for due deliveries now."""
        self._wake.set()

    async def stop(self, patience_seconds: float = _LAST_SECONDS) -> None:
        """Let attempts under way end, but for not much longer; one that is cut is made again after the next start."""
        self._is_stopping = True
        self._wake.set()
        if self._task is not None:
            _, running = await asyncio.wait({self._task}, timeout=patience_seconds)
            if running:
                self._task.cancel()
                await asyncio.wait(running)

    async def _run(self) -> None:
        while not self._is_stopping:
            self._wake.clear()
            wait = _POLL_SECONDS
            try:
                await self.deliver_due()
                await self._forget()
                wait = await self._until_next()
            except WireError as error:
                _log.warning("deliveries wait for the database", note=error.note)
            except Exception:  # noqa: BLE001 - one delivery that cannot be made must not end all others
                _log.exception("events could not be delivered; trying again")
            if not self._is_stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()

    async def _forget(self) -> None:
        """Remove what ended long ago, now and then."""
        if self._clock.monotonic() < self._forget_at:
            return
        self._forget_at = self._clock.monotonic() + _FORGET_EVERY_SECONDS
        async with self._units.begin() as unit:
            before = self._clock.now() - KEPT_DAYS * _DAY_SECONDS * MICROSECONDS
            await self._store.sweep_ended(unit, before)

    async def _until_next(self) -> float:
        async with self._units.read() as unit:
            due_at = await self._store.sweep_next_due(unit)
        if due_at is None:
            return _POLL_SECONDS
        return min(_POLL_SECONDS, max(0.0, (due_at - self._clock.now()) / MICROSECONDS))

    async def deliver_due(self) -> int:
        """Attempt every delivery that is due, and those that become so meanwhile; returns how many were taken."""
        taken = 0
        under_way: dict[asyncio.Task[bool], WebhookId] = {}
        try:
            while True:
                claimed = await self._claim(Counter(under_way.values()))
                under_way.update({asyncio.create_task(self._attempt(each)): each.endpoint.id for each in claimed})
                if not under_way:
                    return taken
                if not claimed:
                    taken += sum([task.result() for task in await self._ended(under_way)])
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _claim(self, under_way: Counter[WebhookId]) -> Sequence[Claimed]:
        """Take on a few deliveries that are due, none to endpoints that have enough of them: one may hang."""
        most = min(_AT_ENDPOINT, _AT_ONCE - under_way.total())
        if self._is_stopping or most <= 0:
            return []
        now = self._clock.now()
        async with self._units.read() as unit:
            due_at = await self._store.sweep_next_due(unit)
        if due_at is None or due_at > now:
            # most looks find nothing, and need not take the database's only writer
            return []
        again_at = now + _CLAIM_SECONDS * MICROSECONDS
        busy = [webhook_id for webhook_id, count in under_way.items() if count >= _AT_ENDPOINT]
        async with self._units.begin() as unit:
            return await self._store.sweep_due(unit, now, again_at, most, busy)

    async def _ended(self, under_way: dict[asyncio.Task[bool], WebhookId]) -> set[asyncio.Task[bool]]:
        """Wait until attempts have ended, or there may be more to make; those that have are under way no more."""
        if self._is_stopping:
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        else:
            woken = asyncio.create_task(self._wake.wait())
            try:
                await asyncio.wait({*under_way, woken}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                woken.cancel()
            self._wake.clear()
        done = {task for task in under_way if task.done()}
        for task in done:
            del under_way[task]
        return done

    async def _attempt(self, claimed: Claimed) -> bool:
        outcome = await self._send(claimed)
        endpoint, attempts = claimed.endpoint, claimed.attempts + 1
        again = await self._note(claimed, attempts, outcome)
        self.taken_count += outcome.is_taken
        self.failed_count += not outcome.is_taken
        if not outcome.is_taken:
            _log.warning(
                "an event was not taken",
                webhook_endpoint=endpoint.id,
                event_id=claimed.event_id,
                attempts=attempts,
                note=outcome.note or f"status {outcome.status}",
                again_in_seconds=again,
            )
        return outcome.is_taken

    async def _send(self, claimed: Claimed) -> Outcome:
        try:
            secret = self._seals.open(claimed.sealed_secret, SealedColumn.WEBHOOK_SECRET, claimed.endpoint.id)
        except SealError as error:
            return Outcome(reason="secret", note=str(error))
        headers = headers_of(claimed.event_id, claimed.body, secret, self._clock.now())
        return await self._postman.deliver(claimed.endpoint.url, headers, claimed.body)

    async def _note(self, claimed: Claimed, attempts: int, outcome: Outcome) -> int | None:
        """Keep how an attempt went; returns in how many seconds there is another."""
        organization_id, webhook_id = claimed.endpoint.organization_id, claimed.endpoint.id
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            now = self._clock.now()
            known = await self._store.find(unit, organization_id, webhook_id)
            if known is None or not known.is_enabled:
                return None
            standing = standing_after(attempts, outcome, now)
            await self._store.note(unit, organization_id, webhook_id, claimed.event_id, standing)
            # what went to an address that was changed meanwhile says nothing of the new one
            after = after_attempt(known, outcome, now) if known.url == claimed.endpoint.url else known
            if after != known:
                await self._store.put(unit, organization_id, after)
            if after.is_enabled:
                return None if standing.ended_at is not None else (standing.due_at - now) // MICROSECONDS
            await self._audit.record(
                unit,
                organization_id,
                SYSTEM,
                ActivityType.WEBHOOK_DISABLED,
                webhook_endpoint_id=webhook_id,
                disabled_reason=after.disabled_reason,
            )
        return None


def after_attempt(endpoint: Endpoint, outcome: Outcome, now: int) -> Endpoint:
    """Return an endpoint after an attempt: switched off if it can't be delivered to, or has failed for too long."""
    if outcome.is_taken:
        return dataclasses.replace(endpoint, failures=0, failing_since=None)
    since = now if endpoint.failing_since is None else endpoint.failing_since
    failed = dataclasses.replace(endpoint, failures=endpoint.failures + 1, failing_since=since)
    reason = FINAL_REASONS.get(outcome.reason) or (FAILED if is_hopeless(failed.failures, since, now) else None)
    if reason is None:
        return failed
    return dataclasses.replace(failed, state=State.DISABLED, disabled_reason=reason, updated_at=now)
