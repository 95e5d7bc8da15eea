"""Builds in the database."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Boolean, Column, Index, Row, Table, delete, insert, or_, select, update

from antechamber.base.ids import BuildId, EnvironmentId, OrganizationId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.database.engine import connection
from antechamber.database.listing import page_of
from antechamber.database.locks import lock_organization
from antechamber.database.tables import Count, Instant, Text, metadata
from antechamber.features.environments.model.builds import (
    Build,
    BuildState,
    Failure,
    Installed,
    Lock,
    Progress,
    Reason,
    StepState,
)
from antechamber.features.environments.model.packages import Manager, Packages

builds: Final = Table(
    "environment_builds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("organization_id", Text, nullable=False),
    Column("environment_id", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("base", Text, nullable=False),
    Column("base_digest", Text, nullable=False),
    Column("packages", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("progress", Text, nullable=False),
    Column("is_pinned", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("size_bytes", Count),
    Column("failure", Text),
    Column("lock", Text),
    Index("ix_environment_builds_listing", "organization_id", "environment_id", "created_at", "id"),
    Index("ix_environment_builds_digest", "organization_id", "digest", "created_at"),
    Index("ix_environment_builds_state", "node", "state"),
    Index("ix_environment_builds_ended_at", "ended_at"),
)


class SqlBuilds:
    """The store of builds."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        await lock_organization(unit, organization_id)

    async def add(self, unit: Unit, organization_id: OrganizationId, build: Build) -> None:
        """Keep a new build."""
        values = {
            "id": build.id,
            "environment_id": build.environment_id,
            "node": build.node,
            "digest": build.digest,
            "base": build.base,
            "base_digest": build.base_digest,
            "packages": json.dumps(_packages(build.packages)),
            "is_pinned": build.is_pinned,
            "created_at": build.created_at,
            **_changeable(build),
        }
        await connection(unit).execute(insert(builds).values(organization_id=organization_id, **values))

    async def save(self, unit: Unit, organization_id: OrganizationId, build: Build) -> None:
        """Keep what has changed of a known build."""
        here = builds.c.organization_id == organization_id, builds.c.id == build.id
        await connection(unit).execute(update(builds).where(*here).values(**_changeable(build)))

    async def find(self, unit: Unit, organization_id: OrganizationId, build_id: BuildId) -> Build | None:
        """Return a build."""
        query = select(builds).where(builds.c.organization_id == organization_id, builds.c.id == build_id)
        row = (await connection(unit).execute(query)).one_or_none()
        return None if row is None else _read(row)

    async def newest(
        self, unit: Unit, organization_id: OrganizationId, node: str, digest: str, *, succeeded: bool = False
    ) -> Build | None:
        """Return the newest build of a digest on a node; with `succeeded` the newest that did."""
        columns = builds.c
        query = select(builds).where(
            columns.organization_id == organization_id, columns.node == node, columns.digest == digest
        )
        if succeeded:
            query = query.where(columns.state == BuildState.SUCCEEDED.value)
        ordered = query.order_by(columns.created_at.desc(), columns.id.desc()).limit(1)
        row = (await connection(unit).execute(ordered)).one_or_none()
        return None if row is None else _read(row)

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, digest: str, asked: Asked
    ) -> Sequence[Build]:
        """Return what was asked for of an environment's builds and of any of this digest, which it shares."""
        columns = builds.c
        query = select(builds).where(
            columns.organization_id == organization_id,
            or_(columns.environment_id == environment_id, columns.digest == digest),
        )
        rows = await connection(unit).execute(page_of(query, (columns.created_at, columns.id), asked))
        return [_read(row) for row in rows]

    async def sweep_unfinished(self, unit: Unit, node: str) -> Sequence[Build]:
        """Return the builds of a node that are not over, of every organisation."""
        open_states = [state.value for state in BuildState if not state.is_over]
        query = select(builds).where(builds.c.node == node, builds.c.state.in_(open_states))
        return [_read(row) for row in await connection(unit).execute(query)]

    async def sweep_old(self, unit: Unit, before: int, limit: int) -> Sequence[Build]:
        """Forget at most `limit` builds that were over before `before` (µs), and return them."""
        query = select(builds).where(builds.c.ended_at < before).order_by(builds.c.ended_at).limit(limit)
        found = [_read(row) for row in await connection(unit).execute(query)]
        if found:
            await connection(unit).execute(delete(builds).where(builds.c.id.in_([build.id for build in found])))
        return found


def _changeable(build: Build) -> dict[str, Any]:
    return {
        "state": build.state.value,
        "progress": json.dumps([_progress(part) for part in build.progress]),
        "started_at": build.started_at,
        "ended_at": build.ended_at,
        "size_bytes": build.size_bytes,
        "failure": None if build.failure is None else json.dumps(_failure(build.failure)),
        "lock": None if build.lock is None else json.dumps(_lock(build.lock)),
    }


def _packages(packages: Packages) -> dict[str, list[str]]:
    return {manager.value: list(named) for manager, named in packages.named.items()}


def _progress(part: Progress) -> list[object]:
    return [part.manager.value, part.packages, part.installed, part.state.value, part.started_at, part.ended_at]


def _failure(failure: Failure) -> list[object]:
    manager = None if failure.manager is None else failure.manager.value
    return [failure.reason.value, failure.message, manager, failure.package]


def _lock(lock: Lock) -> dict[str, object]:
    entries = [[one.manager.value, one.name, one.version] for one in lock.installed]
    return {"packages": _packages(lock.packages), "installed": entries}


def _read_packages(data: Mapping[str, Sequence[str]]) -> Packages:
    return Packages({Manager(manager): tuple(named) for manager, named in data.items()})


def _read_progress(data: Sequence[Any]) -> Progress:
    manager, packages, installed, state, started_at, ended_at = data
    return Progress(Manager(manager), packages, installed, StepState(state), started_at, ended_at)


def _read_failure(data: Sequence[Any]) -> Failure:
    reason, message, manager, package = data
    return Failure(Reason(reason), message, None if manager is None else Manager(manager), package)


def _read_lock(data: Mapping[str, Any]) -> Lock:
    installed = tuple(Installed(Manager(manager), name, version) for manager, name, version in data["installed"])
    return Lock(_read_packages(data["packages"]), installed)


def _read(row: Row[Any]) -> Build:
    return Build(
        id=row.id,
        organization_id=row.organization_id,
        environment_id=row.environment_id,
        node=row.node,
        digest=row.digest,
        base=row.base,
        base_digest=row.base_digest,
        packages=_read_packages(json.loads(row.packages)),
        created_at=row.created_at,
        state=BuildState(row.state),
        is_pinned=row.is_pinned,
        progress=tuple(_read_progress(part) for part in json.loads(row.progress)),
        started_at=row.started_at,
        ended_at=row.ended_at,
        size_bytes=row.size_bytes,
        failure=None if row.failure is None else _read_failure(json.loads(row.failure)),
        lock=None if row.lock is None else _read_lock(json.loads(row.lock)),
    )
