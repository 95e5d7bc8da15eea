"""Builds, bases and layers on the wire (extensions; docs/reference/extensions.md)."""

from typing import Literal

from pydantic import BaseModel, Field

from antechamber.base.clock import MICROSECONDS, to_rfc3339
from antechamber.features.environments.model.builds import Build, Failure, Lock, Progress
from antechamber.features.environments.model.sandbox import Base, Layer
from antechamber.features.environments.wire.configs import PackagesBody, show_packages
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant


class BuildInput(Body):
    """`{pinned?, fresh?}`: the versions of the last build that succeeded; anew although there is a layer."""

    pinned: bool = False
    fresh: bool = False


class PruneInput(Body):
    """`{unused_days?}`: only layers that nothing started on for so long; all that nothing uses by default."""

    unused_days: int = Field(default=0, ge=0, le=36_500)


class ProgressBody(BaseModel):
    """How far a manager is: `state` is waiting, installing, installed or failed."""

    manager: str
    state: str
    packages: int
    installed: int
    started_at: str | None
    ended_at: str | None


class FailureBody(BaseModel):
    """What went wrong; `package` as it was asked for."""

    reason: str
    message: str
    manager: str | None
    package: str | None


class InstalledBody(BaseModel):
    """A package that came in."""

    manager: str
    name: str
    version: str


class LockBody(BaseModel):
    """Exact versions: `packages` can be sent as an environment's own, `installed` is all that came in."""

    packages: PackagesBody
    installed: list[InstalledBody]


class BaseUsed(BaseModel):
    """The base under a layer."""

    name: str
    digest: str


class BuildBody(BaseModel):
    """A build; `state` is queued, building, succeeded or failed, `seconds` how long it took or has taken so far."""

    id: str
    type: Literal["environment_build"] = "environment_build"
    environment_id: str
    digest: str
    base: BaseUsed
    state: str
    is_pinned: bool
    packages: PackagesBody
    managers: list[ProgressBody]
    failure: FailureBody | None
    lock: LockBody | None
    size_bytes: int | None
    seconds: float | None
    created_at: str
    started_at: str | None
    ended_at: str | None


class LogBody(BaseModel):
    """A part of a build's log; ask again from `next_offset` (bytes) until `is_complete`."""

    type: Literal["environment_build_log"] = "environment_build_log"
    text: str
    next_offset: int
    is_complete: bool


class BaseBody(BaseModel):
    """A base profile; `state` is ready, missing or building, `hint` the operator's command that makes it."""

    type: Literal["environment_base"] = "environment_base"
    name: str
    state: str
    digest: str | None
    size_bytes: int | None
    managers: list[str]
    hint: str | None


class LayerBody(BaseModel):
    """A sealed layer of the organisation."""

    type: Literal["environment_layer"] = "environment_layer"
    digest: str
    size_bytes: int
    created_at: str
    used_at: str


class ListBody(BaseModel):
    """A list that is given whole."""

    data: list[BaseBody]
    next_page: None = None


class LayersBody(BaseModel):
    """Layers, all of them."""

    data: list[LayerBody]
    next_page: None = None


class PrunedBody(BaseModel):
    """The layers that were removed."""

    type: Literal["environment_layers_pruned"] = "environment_layers_pruned"
    removed: list[LayerBody]
    freed_bytes: int


def show(build: Build) -> BuildBody:
    """Return the wire's shape of a build."""
    over = build.ended_at
    took = None if build.started_at is None or over is None else (over - build.started_at) / MICROSECONDS
    return BuildBody(
        id=build.id,
        environment_id=build.environment_id,
        digest=build.digest,
        base=BaseUsed(name=build.base, digest=build.base_digest),
        state=build.state.value,
        is_pinned=build.is_pinned,
        packages=show_packages(build.packages),
        managers=[_show_progress(part) for part in build.progress],
        failure=None if build.failure is None else _show_failure(build.failure),
        lock=None if build.lock is None else _show_lock(build.lock),
        size_bytes=build.size_bytes,
        seconds=took,
        created_at=to_rfc3339(build.created_at),
        started_at=show_instant(build.started_at),
        ended_at=show_instant(over),
    )


def show_log(build: Build, part: bytes, offset: int) -> LogBody:
    """Return a part of a log; the last one is empty, of a build that is over."""
    text = part.decode(errors="replace")
    return LogBody(text=text, next_offset=offset + len(part), is_complete=build.state.is_over and not part)


def show_base(base: Base) -> BaseBody:
    """Return the wire's shape of a base."""
    return BaseBody(
        name=base.name,
        state=base.state,
        digest=base.digest,
        size_bytes=base.size_bytes,
        managers=list(base.managers),
        hint=base.hint,
    )


def show_layer(layer: Layer) -> LayerBody:
    """Return the wire's shape of a layer."""
    return LayerBody(
        digest=layer.digest,
        size_bytes=layer.size_bytes,
        created_at=to_rfc3339(layer.created_at),
        used_at=to_rfc3339(layer.used_at),
    )


def show_pruned(layers: list[Layer]) -> PrunedBody:
    """Return what was removed."""
    return PrunedBody(
        removed=[show_layer(layer) for layer in layers], freed_bytes=sum(layer.size_bytes for layer in layers)
    )


def _show_progress(part: Progress) -> ProgressBody:
    return ProgressBody(
        manager=part.manager.value,
        state=part.state.value,
        packages=part.packages,
        installed=part.installed,
        started_at=show_instant(part.started_at),
        ended_at=show_instant(part.ended_at),
    )


def _show_failure(failure: Failure) -> FailureBody:
    manager = None if failure.manager is None else failure.manager.value
    return FailureBody(reason=failure.reason.value, message=failure.message, manager=manager, package=failure.package)


def _show_lock(lock: Lock) -> LockBody:
    entries = [InstalledBody(manager=one.manager.value, name=one.name, version=one.version) for one in lock.installed]
    return LockBody(packages=show_packages(lock.packages), installed=entries)
