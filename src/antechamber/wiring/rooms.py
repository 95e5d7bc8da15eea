"""What containers stand on, joined: builds, shells, and what the operator gives to every one of them."""

import asyncio
from typing import Final

import structlog

from antechamber.features.environments.model.recipes import SESSION_ENVIRONMENT
from antechamber.features.environments.model.sandbox import SandboxError
from antechamber.features.environments.service.shells import Rooms, Shells, Surroundings
from antechamber.settings import Loaded
from antechamber.wiring.builds import Ground, build_builds
from antechamber.wiring.egress import egress_configuration
from antechamber.wiring.registries import Sources, read_sources
from antechamber.wiring.sandboxes import Sandboxing, limits_of
from antechamber.wiring.storage import Storage

# the listener comes first
_BESIDE_SECONDS: Final = 1.0
_log = structlog.get_logger("rooms")


class RoomServices:
    """Builds and shells over a server's sandboxes; `rooms` is what else starts containers in the same way."""

    def __init__(self, loaded: Loaded, storage: Storage, sandboxing: Sandboxing) -> None:
        environments, under = storage.environments.environments, (storage.clock, storage.chance, storage.audit)
        self._limits = limits_of(loaded.settings)
        sources = read_sources(loaded)
        self._around = self._surround(sources, egress_configuration(loaded).blocked)
        ground = Ground(environments, sandboxing.sandboxes, sandboxing.egress_log, storage.database, *under)
        self._sandboxing = sandboxing
        self.builds = build_builds(loaded, ground, sources.of_builds, lambda: sandboxing.state() == "ready")
        self.rooms = Rooms(sandboxing.sandboxes, self.builds.builds, lambda: self._around)
        self.shells = Shells(environments, self.rooms, sandboxing.egress_log, storage.database, *under)
        self._sweeping: asyncio.Task[None] | None = None

    def adopt(self, sources: Sources, blocked: tuple[str, ...]) -> None:
        """Have containers and builds that begin from now on use these registries, and not reach what is blocked."""
        self.builds.builds.adopt(sources.of_builds)
        self._around = self._surround(sources, blocked)

    async def start(self) -> None:
        """Take notice of what an earlier server left, and clear it away beside everything else."""
        await self.builds.start()
        if self._sandboxing.folder.is_dir():
            self._sweeping = asyncio.create_task(self._sweep(), name="what shells left")

    async def stop(self) -> None:
        """End what runs, before the runtime ends."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        await self.shells.stop()
        await self.builds.stop()

    def _surround(self, sources: Sources, blocked: tuple[str, ...]) -> Surroundings:
        registries = sources.of_sessions
        return Surroundings(
            limits=self._limits,
            registries=registries.rules(),
            blocked=blocked,
            environment={**SESSION_ENVIRONMENT, **registries.environment()},
            files=registries.files(),
        )

    async def _sweep(self) -> None:
        await asyncio.sleep(_BESIDE_SECONDS)
        try:
            if swept := await self.shells.sweep():
                _log.info("shells of an earlier server removed", count=swept)
        except SandboxError as error:
            _log.warning("shells of an earlier server not removed", note=str(error))
