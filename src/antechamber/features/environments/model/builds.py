"""A build of an environment's packages: what state it is in, how far each manager is, what went wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import BuildId, EnvironmentId, OrganizationId
from antechamber.features.environments.model.packages import Manager, Packages
from antechamber.features.environments.model.sandbox import Base

BASE_MISSING: Final = "base_missing"
# the bases that are turned to when the operator's own lacks a manager, from the smallest
_FALLBACKS: Final = ("minimal", "standard", "full")
# which of them bring which manager; `full` brings all
_BRINGS: Final = {
    "minimal": frozenset({Manager.APT}),
    "standard": frozenset({Manager.APT, Manager.GEM, Manager.NPM, Manager.PIP}),
    "full": frozenset(Manager),
}


class BuildState(StrEnum):
    """How far a build is."""

    QUEUED = "queued"
    BUILDING = "building"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self in {BuildState.SUCCEEDED, BuildState.FAILED}


class StepState(StrEnum):
    """How far a manager is in a build."""

    WAITING = "waiting"
    INSTALLING = "installing"
    INSTALLED = "installed"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a build failed."""

    DISK_FULL = "disk_full"
    EGRESS_DENIED = "egress_denied"
    INSTALL_FAILED = "install_failed"
    INTERRUPTED = "interrupted"
    OUT_OF_MEMORY = "out_of_memory"
    PACKAGE_NOT_FOUND = "package_not_found"
    REGISTRY_UNREACHABLE = "registry_unreachable"
    RUNTIME_FAILED = "runtime_failed"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Progress:
    """A manager's part of a build: `installed` of `packages` are in; instants in µs."""

    manager: Manager
    packages: int
    installed: int = 0
    state: StepState = StepState.WAITING
    started_at: int | None = None
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Installed:
    """A package that a build put in, asked for or needed by one that was, and its exact version."""

    manager: Manager
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong: with which package (as it was asked for) of which manager, where that can be told."""

    reason: Reason
    message: str
    manager: Manager | None = None
    package: str | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """What a build resolved to: the packages that were asked for, pinned, and all that came in."""

    packages: Packages
    installed: tuple[Installed, ...] = ()


@dataclass(frozen=True, slots=True)
class Build:
    """One build of one digest; instants in µs, `size_bytes` of the layer.

    `packages` are what it installs: the environment's, or, if `is_pinned`, those of the lock of a build before it.
    """

    id: BuildId
    organization_id: OrganizationId
    environment_id: EnvironmentId
    node: str
    digest: str
    base: str
    base_digest: str
    packages: Packages
    created_at: int
    state: BuildState = BuildState.QUEUED
    is_pinned: bool = False
    progress: tuple[Progress, ...] = ()
    started_at: int | None = None
    ended_at: int | None = None
    size_bytes: int | None = None
    failure: Failure | None = None
    lock: Lock | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a sandbox of an environment is made of: a base, and the layers over it, lowest first."""

    base: str
    layers: tuple[str, ...] = field(default=())


def begin_progress(packages: Packages) -> tuple[Progress, ...]:
    """Return where the managers of a build that has not begun stand, in the order in which they will run."""
    return tuple(Progress(manager, len(packages.of(manager))) for manager in Manager if packages.of(manager))


def advance(progress: Sequence[Progress], changed: Progress) -> tuple[Progress, ...]:
    """Return where the managers stand after one of them has changed."""
    return tuple(changed if part.manager is changed.manager else part for part in progress)


def interrupted(build: Build, now: int) -> Build:
    """Return a build whose server ended under it."""
    failure = Failure(Reason.INTERRUPTED, "The server ended during this build; build again.")
    return replace(build, state=BuildState.FAILED, ended_at=now, failure=failure)


def choose_base(preferred: str, bases: Sequence[Base], packages: Packages) -> Base:
    """Return the base that an environment's packages are installed on: the operator's, or one that has all managers.

    InvalidRequest, with the command that makes one, if none that is ready has them.
    """
    ready = {base.name: base for base in bases if base.state == "ready"}
    needed = {manager for manager in Manager if packages.of(manager)}
    for name in (preferred, *_FALLBACKS, *sorted(ready)):
        if name in ready and needed <= set(ready[name].managers):
            return ready[name]
    if not needed and not ready:
        message = f"This server has no base {preferred!r}."
        raise InvalidRequest(message, error_code=BASE_MISSING)
    lacking = sorted(needed - set(ready[preferred].managers if preferred in ready else ()))
    fitting = next(name for name in (*_FALLBACKS[1:], "full") if needed <= _BRINGS[name])
    message = (
        f"config.packages: no base of this server has {', '.join(lacking) or preferred}; its operator makes one that "
        f"has with: ante sandboxes images build {fitting}"
    )
    raise InvalidRequest(message, error_code=BASE_MISSING)
