"""Builds of environments joined: what makes layers, what collects them, and their life with the server's."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from antechamber.adapters.sandboxes.build_logs import FolderLogs
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import WireError
from antechamber.base.unit import Units
from antechamber.features.audit.service import Audit
from antechamber.features.environments.model.registries import Registries
from antechamber.features.environments.model.sandbox import SandboxError
from antechamber.features.environments.ports.sandboxes import EgressLog, Sandboxes
from antechamber.features.environments.service import Environments
from antechamber.features.environments.service.building import Builder, BuildLimits
from antechamber.features.environments.service.builds import BuildRules, Builds, Workshop
from antechamber.features.environments.service.layers import LayerRules, Layers
from antechamber.features.environments.sql.builds import SqlBuilds
from antechamber.settings import Loaded
from antechamber.wiring.sandboxes import limits_of

_log = structlog.get_logger("builds")
_COLLECTED_EVERY_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What builds stand on."""

    environments: Environments
    sandboxes: Sandboxes
    egress: EgressLog
    units: Units
    clock: Clock
    chance: Chance
    audit: Audit


class BuildServices:
    """Builds and layers; `is_running` says whether the runtime does, which nothing here starts without need."""

    def __init__(self, builds: Builds, layers: Layers, is_running: Callable[[], bool]) -> None:
        self.builds = builds
        self.layers = layers
        self._is_running = is_running
        self._collecting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Clear away what an earlier server left, and begin to collect."""
        await self.builds.recover()
        self._collecting = asyncio.create_task(self._collect(), name="collection of layers")

    async def stop(self) -> None:
        """End the builds that run."""
        if self._collecting is not None:
            self._collecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._collecting
        await self.builds.stop()

    async def _collect(self) -> None:
        while True:
            await asyncio.sleep(_COLLECTED_EVERY_SECONDS)
            if not self._is_running():
                continue
            try:
                await self.layers.collect()
            except (SandboxError, WireError, OSError) as error:
                _log.warning("layers_not_collected", error=str(error))


def build_builds(
    loaded: Loaded, ground: Ground, registries: Registries, is_running: Callable[[], bool]
) -> BuildServices:
    """Join them; `registries` come with their credentials."""
    settings = loaded.settings
    store, logs = SqlBuilds(), FolderLogs(settings.data / "sandboxes" / "builds")
    limits = BuildLimits(settings.sandbox_build_seconds, replace(limits_of(settings), wall_seconds=0))
    builder = Builder(ground.sandboxes, logs, ground.egress, ground.clock, limits)
    rules = BuildRules(
        node=settings.node,
        base=settings.sandbox_base,
        at_once=settings.sandbox_builds,
        registries=registries,
    )
    workshop = Workshop(ground.sandboxes, builder, logs)
    under = ground.units, ground.clock
    builds = Builds(store, ground.environments, workshop, *under, ground.chance, ground.audit, rules)
    kept = LayerRules(settings.sandbox_layer_days, settings.sandbox_layers_bytes, settings.sandbox_build_history_days)
    return BuildServices(builds, Layers(store, logs, ground.sandboxes, *under, ground.audit, kept), is_running)
