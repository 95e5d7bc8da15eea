"""Sealed layers that nobody needs any more: removed by age, by size, or by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from antechamber.base.actor import Actor
from antechamber.base.clock import MICROSECONDS, Clock
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.environments.model.sandbox import Layer, ReplacedBase
from antechamber.features.environments.ports.builds import BuildLogs, BuildStore
from antechamber.features.environments.ports.sandboxes import Sandboxes

_log = structlog.get_logger("builds")
_DAY: Final = 86_400 * MICROSECONDS
_SWEPT_AT_ONCE: Final = 500
# a layer that was just sealed or used is about to be started on
_GRACE: Final = 3600 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class LayerRules:
    """How long an unused layer stays, how much all may take (bytes), how long builds are remembered; 0: no limit."""

    unused_days: int = 30
    bytes: int = 0
    history_days: int = 90


def choose(layers: Sequence[Layer], now: int, rules: LayerRules) -> list[Layer]:
    """Return the layers to remove: those unused for too long, then the longest unused until the rest fits.

    None that was sealed or used within the last hour.
    """
    settled = sorted((layer for layer in layers if max(layer.used_at, layer.created_at) < now - _GRACE), key=_age)
    too_old = rules.unused_days * _DAY
    chosen = [layer for layer in settled if rules.unused_days and now - layer.used_at > too_old]
    left = sum(layer.size_bytes for layer in layers) - sum(layer.size_bytes for layer in chosen)
    for layer in settled:
        if not rules.bytes or left <= rules.bytes:
            break
        if layer not in chosen:
            chosen.append(layer)
            left -= layer.size_bytes
    return chosen


def _age(layer: Layer) -> int:
    return layer.used_at


def replaced_before(now: int, days: int) -> int:
    """Return until when (µs) bases were replaced that go; a sandbox may be about to start on one of the last hour."""
    return now - max(days * _DAY, _GRACE)


class Layers:
    """Lists layers and removes them; one that a container uses stays, whatever else."""

    def __init__(
        self,
        store: BuildStore,
        logs: BuildLogs,
        sandboxes: Sandboxes,
        units: Units,
        clock: Clock,
        audit: Audit,
        rules: LayerRules,
    ) -> None:
        self._store = store
        self._logs = logs
        self._sandboxes = sandboxes
        self._units = units
        self._clock = clock
        self._audit = audit
        self._rules = rules

    async def listing(self, organization_id: OrganizationId) -> list[Layer]:
        """Return an organisation's layers, the most lately used first."""
        return sorted(await self._sandboxes.layers(organization_id), key=_age, reverse=True)

    async def prune(self, organization_id: OrganizationId, by: Actor, *, unused_days: int = 0) -> list[Layer]:
        """Remove an organisation's layers that nothing has started on for so many days, and return those removed."""
        before = self._clock.now() - unused_days * _DAY
        found = await self._sandboxes.layers(organization_id)
        removed = await self._drop([layer for layer in found if layer.used_at <= before])
        if removed:
            async with self._units.begin() as unit:
                await self._audit.record(
                    unit,
                    organization_id,
                    by,
                    ActivityType.ENVIRONMENT_LAYERS_PRUNED,
                    digests=[layer.digest for layer in removed],
                )
        return removed

    async def collect(self) -> list[Layer]:
        """Remove what the operator's rules no longer keep, of every organisation, with builds long over."""
        removed = await self._drop(choose(await self._sandboxes.layers(), self._clock.now(), self._rules))
        if removed:
            _log.info("layers_collected", layers=len(removed), bytes=sum(layer.size_bytes for layer in removed))
        if self._rules.history_days:
            before = self._clock.now() - self._rules.history_days * _DAY
            async with self._units.begin() as unit:
                forgotten = await self._store.sweep_old(unit, before, _SWEPT_AT_ONCE)
            for build in forgotten:
                self._logs.drop(build.id)
        await self.collect_bases()
        return removed

    async def collect_bases(self, *, unused_days: int | None = None, is_trial: bool = False) -> list[ReplacedBase]:
        """Remove bases that were replaced so many days ago (the operator's, if not said) and that nothing stands on."""
        days = self._rules.unused_days if unused_days is None else unused_days
        if not days and unused_days is None:
            return []
        removed = await self._sandboxes.drop_bases(replaced_before(self._clock.now(), days), is_trial=is_trial)
        if removed and not is_trial:
            _log.info("bases_collected", bases=[each.name for each in removed])
        return removed

    async def _drop(self, layers: Sequence[Layer]) -> list[Layer]:
        return [layer for layer in layers if await self._sandboxes.drop_layer(layer.organization_id, layer.digest)]
