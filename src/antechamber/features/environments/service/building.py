"""One build, run in a sandbox of its own: registries told, managers run in their order, what came in written down."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from antechamber.base.clock import Clock
from antechamber.features.environments.model.builds import (
    Build,
    BuildState,
    Failure,
    Installed,
    Lock,
    Progress,
    Reason,
    StepState,
    advance,
)
from antechamber.features.environments.model.diagnosis import diagnose
from antechamber.features.environments.model.lists import pin, read_census
from antechamber.features.environments.model.packages import Manager, Packages
from antechamber.features.environments.model.reaching import Unreached, is_hopeless, read_unreached
from antechamber.features.environments.model.recipes import BUILD_ENVIRONMENT, Step, census, steps, sweep
from antechamber.features.environments.model.registries import Registries
from antechamber.features.environments.model.sandbox import (
    AUTHORITY_FILE,
    Command,
    ExitStatus,
    Limits,
    NetworkPolicy,
    SandboxError,
    SandboxSpec,
)
from antechamber.features.environments.ports.builds import BuildLogs
from antechamber.features.environments.ports.sandboxes import EgressLog, Process, Sandbox, Sandboxes

LABEL: Final = "antechamber.kind"
Note = Callable[[Build], Awaitable[None]]

# how much of the end of its output tells why a program failed, in bytes
_TAIL: Final = 64 << 10
_LOOK_SECONDS: Final = 1.0
_KILL: Final = 9
_MOST_LOOKS: Final = 200
_STOPPING_SECONDS: Final = 0.05
# more decisions than one program of a build causes
_MOST_DECISIONS: Final = 100_000
# bases bring packages of these; of the others everything that is listed is new
_BROUGHT: Final = (Manager.APT, Manager.GEM, Manager.PIP)


@dataclass(frozen=True, slots=True)
class BuildLimits:
    """What a build may take: `seconds` for all of it, and what any sandbox may."""

    seconds: float = 1800.0
    sandbox: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Means:
    """What a build has of the world: its network, and the registries as they were when it was asked for."""

    network: NetworkPolicy
    registries: Registries


class FailedStep(Exception):
    """A program of a build did not end well."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Builder:
    """Runs builds; holds nothing of them. `egress` is what the proxy decided for their sandboxes."""

    def __init__(
        self,
        sandboxes: Sandboxes,
        logs: BuildLogs,
        egress: EgressLog,
        clock: Clock,
        limits: BuildLimits,
    ) -> None:
        self._sandboxes = sandboxes
        self._logs = logs
        self._egress = egress
        self._clock = clock
        self._limits = limits

    async def run(self, build: Build, means: Means, note: Note) -> Build:
        """Return the build as it ended, its layer sealed if it succeeded, nothing left of it but the log if not."""
        attempt = _Attempt(build, self._clock.monotonic() + self._limits.seconds, note, means)
        try:
            sandbox = await self._sandboxes.create(self._spec(build, means))
            await self._install(attempt, sandbox, await self._files(sandbox, means))
            layer = await self._sandboxes.seal(build.id, build.digest)
        except FailedStep as error:
            return await self._fail(attempt, await self._over_limit(attempt) or error.failure)
        except (SandboxError, OSError) as error:
            full = "No space left" in str(error)
            reason = Reason.DISK_FULL if full else Reason.RUNTIME_FAILED
            failure = await self._over_limit(attempt) or Failure(reason, str(error), attempt.manager)
            return await self._fail(attempt, failure)
        except asyncio.CancelledError:
            await self._sandboxes.remove(build.id)
            raise
        self._say(build, "sealed")
        ended_at = self._clock.now()
        return replace(attempt.build, state=BuildState.SUCCEEDED, size_bytes=layer.size_bytes, ended_at=ended_at)

    def _spec(self, build: Build, means: Means) -> SandboxSpec:
        told = means.registries.environment(bundled=bool(means.network.injections))
        return SandboxSpec(
            id=build.id,
            organization_id=build.organization_id,
            base=build.base,
            limits=self._limits.sandbox,
            network=means.network,
            environment={**BUILD_ENVIRONMENT, **told},
            labels={LABEL: "build"},
        )

    async def _files(self, sandbox: Sandbox, means: Means) -> dict[str, bytes]:
        """Return what clients read: of the registries, and of the proxy where that ends their TLS."""
        files = means.registries.files()
        if means.network.injections:
            with contextlib.suppress(FileNotFoundError):
                authority = b"".join([chunk async for chunk in sandbox.read(AUTHORITY_FILE)])
                files |= {**means.registries.bundle(authority), AUTHORITY_FILE: authority}
        return files

    async def _install(self, attempt: "_Attempt", sandbox: Sandbox, files: Mapping[str, bytes]) -> None:
        build = attempt.build
        for path, content in files.items():
            await sandbox.write(path, _once(content))
        await self._run(attempt, sandbox, ("mkdir", "-p", BUILD_ENVIRONMENT["GOPATH"], BUILD_ENVIRONMENT["TMPDIR"]))
        managers = [part.manager for part in build.progress]
        before = await self._census(attempt, sandbox, [manager for manager in managers if manager in _BROUGHT])
        for step in steps(build.packages):
            await self._step(attempt, sandbox, step)
        await attempt.finish_manager(self._clock.now())
        after = await self._census(attempt, sandbox, managers)
        attempt.build = replace(attempt.build, lock=_lock(build.packages, after, before))
        # folders that the base lacks make it end with 1
        await self._run(attempt, sandbox, sweep())
        if files:
            await self._run(attempt, sandbox, ("rm", "-f", "--", *files))
        await attempt.note(attempt.build)

    async def _step(self, attempt: "_Attempt", sandbox: Sandbox, step: Step) -> None:
        await attempt.begin_manager(step.manager, self._clock.now())
        self._say(attempt.build, " ".join(step.argv))
        hosts = [rule.host for rule in attempt.means.registries.rules([step.manager])]
        before = await self._egress.read(attempt.build.id, limit=_MOST_DECISIONS)
        after = before[-1]["sequence"] if before else 0
        watched = _Watched(hosts, after if isinstance(after, int) else 0)
        status, output = await self._run(attempt, sandbox, step.argv, watched=watched)
        if status.code != 0:
            raise FailedStep(diagnose(step, status, output, await self._unreached(attempt, watched), hosts))
        await attempt.count(step)

    async def _unreached(self, attempt: "_Attempt", watched: "_Watched") -> Sequence[Unreached]:
        return read_unreached(await self._egress.read(attempt.build.id, after=watched.after, limit=_MOST_DECISIONS))

    async def _give_up(self, attempt: "_Attempt", process: Process, watched: "_Watched") -> None:
        """End a program that waits for a registry which does not answer: not every manager gives up by itself."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if is_hopeless(await self._unreached(attempt, watched), watched.hosts):
                await process.signal(_KILL)
                return

    async def _census(self, attempt: "_Attempt", sandbox: Sandbox, managers: list[Manager]) -> frozenset[Installed]:
        found: frozenset[Installed] = frozenset()
        for manager in managers:
            _, output = await self._run(attempt, sandbox, census(manager), is_logged=False)
            found |= read_census(manager, output)
        return found

    async def _run(
        self,
        attempt: "_Attempt",
        sandbox: Sandbox,
        argv: tuple[str, ...],
        *,
        is_logged: bool = True,
        watched: "_Watched | None" = None,
    ) -> tuple[ExitStatus, str]:
        """Run a program to its end; return how it ended and the end of what it wrote (all of it, if not logged)."""
        left = attempt.deadline - self._clock.monotonic()
        if left <= 0:
            message = f"The build took longer than the {self._limits.seconds:.0f} s that one may."
            raise FailedStep(Failure(Reason.TIMED_OUT, message, attempt.manager))
        process = await sandbox.execute(Command(argv, cwd="/", timeout_seconds=left))
        await process.close_input()
        tail = _Tail(_TAIL if is_logged else None)

        async def follow(chunks: AsyncIterator[bytes], *, kept: bool) -> None:
            async for chunk in chunks:
                if is_logged:
                    self._logs.append(attempt.build.id, chunk)
                if kept:
                    tail.add(chunk)

        async with asyncio.TaskGroup() as group:
            group.create_task(follow(process.stdout, kept=True))
            # a list is on stdout alone
            group.create_task(follow(process.stderr, kept=is_logged))
            watching = [group.create_task(self._give_up(attempt, process, watched))] if watched else []
            status = await process.wait()
            for task in watching:
                task.cancel()
        return status, tail.text()

    async def _over_limit(self, attempt: "_Attempt") -> Failure | None:
        """Return why the runtime has stopped a build's sandbox, where a disk is looked at and not limited by itself."""
        known = None
        with contextlib.suppress(SandboxError):
            if await self._sandboxes.find(attempt.build.id) is not None:
                return None
            for _ in range(_MOST_LOOKS):
                listed = await self._sandboxes.listing({LABEL: "build"})
                known = next((info for info in listed if info.id == attempt.build.id), None)
                if known is None or known.state != "running":
                    break
                # it is being stopped just now
                await asyncio.sleep(_STOPPING_SECONDS)
            if known is not None and known.ended_for == "disk":
                message = f"The build wrote more than the {self._limits.sandbox.disk_bytes >> 20} MiB that one may."
                return Failure(Reason.DISK_FULL, message, attempt.manager)
        return None

    async def _fail(self, attempt: "_Attempt", failure: Failure) -> Build:
        now = self._clock.now()
        self._say(attempt.build, f"failed: {failure.message}")
        await self._sandboxes.remove(attempt.build.id)
        progress = tuple(
            replace(part, state=StepState.FAILED, ended_at=now) if part.state is StepState.INSTALLING else part
            for part in attempt.build.progress
        )
        return replace(attempt.build, state=BuildState.FAILED, failure=failure, progress=progress, ended_at=now)

    def _say(self, build: Build, text: str) -> None:
        self._logs.append(build.id, f"==> {text}\n".encode())


@dataclass(frozen=True, slots=True)
class _Watched:
    """A registry's hosts, and the number of the last decision of the proxy before its manager began."""

    hosts: Sequence[str]
    after: int


class _Attempt:
    """A build as it goes on."""

    def __init__(self, build: Build, deadline: float, note: Note, means: Means) -> None:
        self.build = build
        self.means = means
        self.deadline = deadline
        self.note = note
        self.manager: Manager | None = None

    async def begin_manager(self, manager: Manager, now: int) -> None:
        """Take notice that a manager runs; the one before it is done."""
        if manager is self.manager:
            return
        await self.finish_manager(now)
        self.manager = manager
        await self._change(replace(self._part(manager), state=StepState.INSTALLING, started_at=now))

    async def finish_manager(self, now: int) -> None:
        """Take notice that the manager that ran is done."""
        if self.manager is not None:
            part = self._part(self.manager)
            done = replace(part, state=StepState.INSTALLED, installed=part.packages, ended_at=now)
            self.manager = None
            await self._change(done)

    async def count(self, step: Step) -> None:
        """Count what a step has put in."""
        part = self._part(step.manager)
        if step.packages:
            await self._change(replace(part, installed=min(part.packages, part.installed + len(step.packages))))

    def _part(self, manager: Manager) -> Progress:
        return next(part for part in self.build.progress if part.manager is manager)

    async def _change(self, part: Progress) -> None:
        self.build = replace(self.build, progress=advance(self.build.progress, part))
        await self.note(self.build)


class _Tail:
    """The last bytes of an output; all of them for no size."""

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._chunks: deque[bytes] = deque()
        self._held = 0

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._held += len(chunk)
        while self._size is not None and self._held - len(self._chunks[0]) > self._size:
            self._held -= len(self._chunks.popleft())

    def text(self) -> str:
        return b"".join(self._chunks).decode(errors="replace")


def _lock(packages: Packages, after: frozenset[Installed], before: frozenset[Installed]) -> Lock:
    new = sorted(after - before, key=lambda one: (one.manager, one.name, one.version))
    # what the base had already counts as well for what was asked for
    return Lock(pin(packages, after), tuple(new))


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
