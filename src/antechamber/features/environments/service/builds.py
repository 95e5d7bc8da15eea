"""Layers of packages, built once for all who need one: started or joined, waited for, listed, collected."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog

from antechamber.base.actor import Actor
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import InvalidRequest, NotFound, StateConflict, WireError
from antechamber.base.ids import BuildId, EnvironmentId, Kind, OrganizationId, WorkspaceId, is_id, mint
from antechamber.base.page import PageQuery, Paging, Part
from antechamber.base.unit import Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.environments.model.builds import (
    Build,
    BuildState,
    Failure,
    Prepared,
    Reason,
    begin_progress,
    choose_base,
    interrupted,
)
from antechamber.features.environments.model.configs import CloudConfig
from antechamber.features.environments.model.environments import Environment
from antechamber.features.environments.model.networking import network_policy
from antechamber.features.environments.model.packages import Packages, digest
from antechamber.features.environments.model.registries import Registries
from antechamber.features.environments.model.sandbox import (
    HOST,
    Base,
    NetworkPolicy,
    SandboxError,
)
from antechamber.features.environments.ports.builds import BuildLogs, BuildStore
from antechamber.features.environments.ports.sandboxes import Sandboxes
from antechamber.features.environments.service.building import Builder, Means
from antechamber.features.environments.service.environments import Environments

_log = structlog.get_logger("builds")
_LONGEST_PART: Final = 1 << 20
_CLEARING_SECONDS: Final = 5
NOTHING_TO_BUILD: Final = "nothing_to_build"
LAYER_IN_USE: Final = "layer_in_use"


class BuildFailed(SandboxError):
    """The packages of an environment could not be installed; `build` tells which and why."""

    def __init__(self, build: Build) -> None:
        why = build.failure.message if build.failure else "no reason was noted"
        super().__init__(f"The environment's packages could not be installed ({build.id}): {why}")
        self.build = build


@dataclass(frozen=True, slots=True)
class BuildRules:
    """The operator's: whose layers (`node`), on which base, how many at once, and what every container is denied.

    `registries` have their credentials with them, which only builds get. `answer_seconds` is how long one may take to
    be connected to, and again to its first byte; it is asked twice.
    """

    node: str = "main"
    base: str = HOST
    at_once: int = 2
    registries: Registries = field(default_factory=Registries)
    blocked: tuple[str, ...] = ()
    answer_seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class Workshop:
    """What builds are made with."""

    sandboxes: Sandboxes
    builder: Builder
    logs: BuildLogs


@dataclass(frozen=True, slots=True)
class _Plan:
    """A layer that is wanted."""

    environment: Environment
    base: Base
    packages: Packages
    digest: str
    network: NetworkPolicy
    registries: Registries

    @property
    def key(self) -> tuple[OrganizationId, str]:
        return self.environment.organization_id, self.digest


class Builds:
    """Makes layers, at most one build of a digest at a time."""

    def __init__(
        self,
        store: BuildStore,
        environments: Environments,
        workshop: Workshop,
        units: Units,
        clock: Clock,
        chance: Chance,
        audit: Audit,
        rules: BuildRules,
    ) -> None:
        self._store = store
        self._environments = environments
        self._sandboxes = workshop.sandboxes
        self._builder = workshop.builder
        self._logs = workshop.logs
        self._units = units
        self._clock = clock
        self._chance = chance
        self._audit = audit
        self._rules = rules
        self._places = asyncio.Semaphore(rules.at_once)
        self._gate = asyncio.Lock()
        self._live: dict[tuple[OrganizationId, str], _Running] = {}
        self._clearing: asyncio.Task[None] | None = None

    def adopt(self, registries: Registries) -> None:
        """Have builds that are asked for from now on use these registries."""
        self._rules = replace(self._rules, registries=registries)

    async def start(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        environment_id: EnvironmentId,
        by: Actor,
        *,
        pinned: bool = False,
        fresh: bool = False,
    ) -> Build:
        """Build now, or return the build that runs or has made the layer; it goes on when this returns.

        `pinned` installs the versions that the last build resolved to; `fresh` builds although there is a layer.
        NotFound; InvalidRequest for an archived environment, one without packages, or a server without a base for
        them; StateConflict if a layer that would be replaced is in use.
        """
        environment = await self._environments.resolve(organization_id, workspace_id, environment_id)
        plan = self._plan(environment, await self._sandboxes.bases())
        if plan.packages.is_empty:
            message = f"{environment_id} has no packages, so there is nothing to build."
            raise InvalidRequest(message, error_code=NOTHING_TO_BUILD)
        if fresh:
            await self._drop(plan)
        build, is_new = await self._ensure(plan, pinned=pinned)
        if is_new:
            async with self._units.begin() as unit:
                await self._audit.record(
                    unit,
                    organization_id,
                    by,
                    ActivityType.ENVIRONMENT_BUILD_STARTED,
                    environment_id=environment_id,
                    workspace_id=workspace_id,
                    build_id=build.id,
                    digest=plan.digest,
                )
        return build

    async def prepare(self, environment: Environment) -> Prepared:
        """Return what a sandbox of an environment stands on, when it is there: builds, or waits for who does.

        BuildFailed; InvalidRequest when no base of this server has the managers; SandboxError.
        """
        plan = self._plan(environment, await self._sandboxes.bases())
        if plan.packages.is_empty:
            return Prepared(plan.base.name)
        build, _ = await self._ensure(plan)
        running = self._live.get(plan.key)
        if running is not None and running.build.id == build.id:
            # who waits may leave; the build goes on for the others
            build = await asyncio.shield(running.task)
        if build.state is not BuildState.SUCCEEDED:
            raise BuildFailed(build)
        return Prepared(plan.base.name, (plan.digest,))

    async def listing(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        environment_id: EnvironmentId,
        query: PageQuery,
    ) -> Part[Build]:
        """Return a page of an environment's builds, newest first, those of the same digest that others began too."""
        environment = await self._environments.get(organization_id, workspace_id, environment_id)
        paging = Paging(Kind.BUILD, query, environment_id=environment_id)
        asked, wanted = paging.asked(), await self._digest_now(environment)
        async with self._units.read() as unit:
            found = await self._store.listing(unit, organization_id, environment_id, wanted, asked)
        return paging.part([self._newest(build) for build in found], lambda build: (build.created_at, build.id))

    async def get(
        self,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        environment_id: EnvironmentId,
        build_id: BuildId,
    ) -> Build:
        """Return a build of an environment, or of the digest that it shares; NotFound."""
        environment = await self._environments.get(organization_id, workspace_id, environment_id)
        build = None
        if is_id(Kind.BUILD, build_id):
            async with self._units.read() as unit:
                build = await self._store.find(unit, organization_id, build_id)
        if build is not None and build.environment_id != environment_id:
            build = build if build.digest == await self._digest_now(environment) else None
        if build is None:
            message = f"Build not found: {build_id}"
            raise NotFound(message)
        return self._newest(build)

    async def log(self, build: Build, offset: int) -> bytes:
        """Return what a build wrote from a byte on, at most 1 MiB of it."""
        return self._logs.read(build.id, offset, _LONGEST_PART)

    async def bases(self) -> list[Base]:
        """Return the bases of this server."""
        return await self._sandboxes.bases()

    async def recover(self) -> None:
        """At the start of a server: take notice that the builds of the one before it, which was killed, are over.

        What is left of their sandboxes goes beside what follows: the runtime is not there yet.
        """
        async with self._units.begin() as unit:
            running = {running.build.id for running in self._live.values()}
            open_ones = await self._store.sweep_unfinished(unit, self._rules.node)
            left = [build for build in open_ones if build.id not in running]
            for build in left:
                await self._store.save(unit, build.organization_id, interrupted(build, self._clock.now()))
                self._logs.append(build.id, b"==> the server ended during this build\n")
        if left:
            self._clearing = asyncio.create_task(self._clear(left), name="what builds left")

    async def stop(self) -> None:
        """End every build that runs; it counts as interrupted.

        What those of the server before left is removed first: the next one won't look for it, as they are over.
        """
        tasks: list[asyncio.Task[Any]] = [running.task for running in self._live.values()]
        for task in tasks:
            task.cancel()
        if self._clearing is not None:
            await asyncio.wait((self._clearing,), timeout=_CLEARING_SECONDS)
            self._clearing.cancel()
            tasks.append(self._clearing)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _clear(self, left: Sequence[Build]) -> None:
        for build in left:
            try:
                await self._sandboxes.remove(build.id)
            except SandboxError as error:
                _log.warning("build_not_removed", build_id=build.id, error=str(error))

    def _plan(self, environment: Environment, bases: list[Base]) -> _Plan:
        config = environment.config
        if not isinstance(config, CloudConfig):
            message = f"{environment.id} is self-hosted: its containers are its workers' own."
            raise InvalidRequest(message, error_code=NOTHING_TO_BUILD)
        base = choose_base(self._rules.base, bases, config.packages)
        wanted = digest(f"{base.name}:{base.digest}", config.packages)
        registries = self._rules.registries
        network = replace(
            network_policy(config.networking, (), registries.rules(), self._rules.blocked),
            answer_seconds=self._rules.answer_seconds,
            injections=registries.injections(config.packages.named),
        )
        return _Plan(environment, base, config.packages, wanted, network, registries)

    async def _digest_now(self, environment: Environment) -> str:
        """Return the digest that an environment would be built to now; none (empty) where nothing is."""
        with contextlib.suppress(InvalidRequest, SandboxError):
            return self._plan(environment, await self._sandboxes.bases()).digest
        return ""

    async def _drop(self, plan: _Plan) -> None:
        """Remove the layer, unless it is being built; StateConflict."""
        if plan.key in self._live or not await self._has_layer(plan):
            return
        if not await self._sandboxes.drop_layer(plan.environment.organization_id, plan.digest):
            message = "The layer is in use by a container; it can be built anew when none uses it."
            raise StateConflict(message, error_code=LAYER_IN_USE)

    async def _has_layer(self, plan: _Plan) -> bool:
        layers = await self._sandboxes.layers(plan.environment.organization_id)
        return any(layer.digest == plan.digest for layer in layers)

    def _newest(self, build: Build) -> Build:
        """Return a build as it is now: what runs is ahead of its row."""
        running = self._live.get((build.organization_id, build.digest))
        return running.build if running is not None and running.build.id == build.id else build

    async def _ensure(self, plan: _Plan, *, pinned: bool = False) -> tuple[Build, bool]:
        """Return the build that runs, that made the layer, or that begins now, and whether it does."""
        organization_id = plan.environment.organization_id
        async with self._gate:
            if plan.key in self._live:
                return self._live[plan.key].build, False
            made = await self._has_layer(plan)
            async with self._units.begin() as unit:
                await self._store.lock(unit, organization_id)
                last = await self._store.newest(unit, organization_id, self._rules.node, plan.digest, succeeded=True)
                if made and last is not None:
                    return last, False
                locked = last.lock.packages if pinned and last is not None and last.lock is not None else None
                build = self._begin(plan, locked)
                if made:
                    # its row was lost or forgotten, the layer was not
                    build = replace(build, state=BuildState.SUCCEEDED, ended_at=build.created_at)
                await self._store.add(unit, organization_id, build)
            if not made:
                running = _Running(build)
                running.task = asyncio.create_task(self._run(running, plan), name=f"build {build.id}")
                self._live[plan.key] = running
            return build, not made

    def _begin(self, plan: _Plan, locked: Packages | None) -> Build:
        packages = plan.packages if locked is None else locked
        return Build(
            id=BuildId(mint(Kind.BUILD, self._clock, self._chance)),
            organization_id=plan.environment.organization_id,
            environment_id=plan.environment.id,
            node=self._rules.node,
            digest=plan.digest,
            base=plan.base.name,
            base_digest=plan.base.digest or "",
            packages=packages,
            is_pinned=locked is not None,
            created_at=self._clock.now(),
            progress=begin_progress(packages),
        )

    async def _run(self, running: "_Running", plan: _Plan) -> Build:
        try:
            async with self._places:
                now = self._clock.now()
                await self._keep(running, replace(running.build, state=BuildState.BUILDING, started_at=now))
                means = Means(plan.network, plan.registries)
                ended = await self._builder.run(running.build, means, lambda build: self._keep(running, build))
        except asyncio.CancelledError:
            ended = interrupted(running.build, self._clock.now())
        except Exception as error:  # noqa: BLE001 - a fault of ours must not leave waiters waiting
            _log.exception("build_broke", build_id=running.build.id)
            failure = Failure(Reason.RUNTIME_FAILED, f"The build broke: {type(error).__name__}")
            ended = replace(running.build, state=BuildState.FAILED, failure=failure, ended_at=self._clock.now())
        await self._keep(running, ended)
        self._live.pop(plan.key, None)
        return ended

    async def _keep(self, running: "_Running", build: Build) -> None:
        """Keep how far a build is; an outage of the database stops none."""
        running.build = build
        try:
            async with self._units.begin() as unit:
                await self._store.save(unit, build.organization_id, build)
        except WireError as error:
            _log.warning("build_not_kept", build_id=build.id, error=error.note or error.message)


class _Running:
    """A build that runs in this process."""

    task: asyncio.Task[Build]

    def __init__(self, build: Build) -> None:
        self.build = build
