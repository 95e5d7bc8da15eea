"""Builds over sandboxes in memory, whose managers of packages are a few lines each."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from antechamber.adapters.egress.log import FolderEgressLog
from antechamber.adapters.sandboxes.build_logs import FolderLogs
from antechamber.adapters.sandboxes.memory import MemorySandboxes
from antechamber.adapters.sandboxes.memory.programs import PROGRAMS, MemoryProcess
from antechamber.base.actor import OPERATOR
from antechamber.base.chance import SystemChance
from antechamber.base.clock import Clock, SystemClock
from antechamber.base.ids import OrganizationId, WorkspaceId
from antechamber.features.environments.model.builds import Build
from antechamber.features.environments.model.configs import CloudDraft
from antechamber.features.environments.model.environments import Environment, EnvironmentDraft
from antechamber.features.environments.model.networking import LimitedDraft
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.registries import Registries, Registry
from antechamber.features.environments.model.sandbox import Limits
from antechamber.features.environments.ports.sandboxes import EgressLog, Sandboxes
from antechamber.features.environments.service.building import Builder, BuildLimits
from antechamber.features.environments.service.builds import BuildRules, Builds, Workshop
from antechamber.features.environments.service.layers import LayerRules, Layers
from antechamber.features.environments.sql.builds import SqlBuilds
from antechamber.wiring.environments import build_environments
from tests.contracts.tenants import MINE, Services

PLACE = WorkspaceId("wrkspc_1")
REGISTRIES = Registries((Registry(Manager.PIP, environment={"PIP_INDEX_URL": "x"}, files={"/etc/gemrc": "g"}),), b"CA")
VERSIONS = {"numpy": "2.0", "pandas": "3.0"}


class Shelf:
    """What the managers of these sandboxes have installed, and what they wait for or end with."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, ...]] = []
        self.environments: list[Mapping[str, str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.begun = asyncio.Event()
        self.says: dict[str, tuple[int, str]] = {}

    def programs(self) -> dict[str, Callable[[MemoryProcess, list[str]], Awaitable[int]]]:
        own = dict.fromkeys(("apt-get", "cargo", "npm", "dpkg-query", "find", "mkdir", "rm"), self._run)
        return {**PROGRAMS, **own, "python3": self._pip}

    async def _run(self, process: MemoryProcess, arguments: list[str]) -> int:
        self.ran.append(tuple(process.command.argv))
        self.environments.append(process.command.environment)
        if process.command.argv[0] in {"apt-get", "npm", "python3"}:
            self.begun.set()
            await self.open.wait()
        code, text = self.says.get(process.command.argv[0], (0, ""))
        if process.command.argv[0] == "rm":
            for path in arguments[2:]:
                process.files.pop(path, None)  # type: ignore[attr-defined] # it is the sandbox's own dict
        await process.errors.write(text.encode())
        return code

    async def _pip(self, process: MemoryProcess, arguments: list[str]) -> int:
        if "list" not in arguments:
            names = [word.partition("==")[0] for word in arguments[arguments.index("--") + 1 :]]
            code = await self._run(process, arguments)
            if code == 0:
                process.files["/installed"] = json.dumps(names).encode()  # type: ignore[index] # the same
            return code
        known = json.loads(process.files.get("/installed", b"[]"))
        found = [{"name": name, "version": VERSIONS.get(name, "1")} for name in known]
        await process.output.write(json.dumps([{"name": "pip", "version": "24"}, *found]).encode())
        return 0


class Shop:
    """Everything that builds stand on, and an environment or two."""

    def __init__(
        self,
        made: Services,
        folder: Path,
        sandboxes: Sandboxes | None = None,
        clock: Clock | None = None,
        registries: Registries = REGISTRIES,
        egress: EgressLog | None = None,
    ) -> None:
        self.made = made
        self.registries = registries
        self.shelf = Shelf()
        self.clock = clock or SystemClock()
        bases = {"host": ("npm", "pip"), "minimal": ("apt",), "standard": ("apt", "gem", "npm", "pip")}
        self.sandboxes = sandboxes or MemorySandboxes(self.clock, self.shelf.programs(), bases)
        self.logs = FolderLogs(folder)
        self.egress = egress or FolderEgressLog(folder / "egress")
        self.environments = build_environments(made.database, self.clock, SystemChance(), made.audit).environments
        self.builds = self.open()
        under = made.database, self.clock, made.audit
        self.layers = Layers(SqlBuilds(), self.logs, self.sandboxes, *under, LayerRules(unused_days=1, history_days=1))

    def open(self, seconds: float = 60, sandbox: Limits | None = None, **rules: Any) -> Builds:  # noqa: ANN401
        """Return a server's builds, of which another may have been before; `rules` are fields of BuildRules."""
        limits = BuildLimits(seconds, sandbox or Limits())
        builder = Builder(self.sandboxes, self.logs, self.egress, self.clock, limits)
        workshop = Workshop(self.sandboxes, builder, self.logs)
        under = self.made.database, self.clock, SystemChance(), self.made.audit
        known = BuildRules(registries=self.registries)
        return Builds(SqlBuilds(), self.environments, workshop, *under, replace(known, **rules))

    async def environment(
        self,
        name: str = "one",
        organization_id: OrganizationId = MINE,
        **packages: tuple[str, ...],
    ) -> Environment:
        config = CloudDraft(
            LimitedDraft(allow_package_managers=True),
            {Manager(manager): named for manager, named in packages.items()},
        )
        return await self.environments.create(
            organization_id, PLACE, EnvironmentDraft(name=name, config=config), OPERATOR
        )

    async def start(self, environment: Environment, **how: bool) -> Build:
        return await self.builds.start(environment.organization_id, PLACE, environment.id, OPERATOR, **how)

    async def ended(self, environment: Environment, build: Build) -> Build:
        """Return a build when it is over."""
        while True:
            found = await self.builds.get(environment.organization_id, PLACE, environment.id, build.id)
            if found.state.is_over:
                return found
            await asyncio.sleep(0.01)
