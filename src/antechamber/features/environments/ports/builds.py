"""What builds need from outside, beside a runtime."""

from collections.abc import Sequence
from typing import Protocol

from antechamber.base.ids import BuildId, EnvironmentId, OrganizationId
from antechamber.base.page import Asked
from antechamber.base.unit import Unit
from antechamber.features.environments.model.builds import Build


class BuildStore(Protocol):
    """Where builds are kept."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, build: Build) -> None:
        """Keep a new build."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, build: Build) -> None:
        """Keep what has changed of a known build."""
        ...

    async def find(self, unit: Unit, organization_id: OrganizationId, build_id: BuildId) -> Build | None:
        """Return a build."""
        ...

    async def newest(
        self, unit: Unit, organization_id: OrganizationId, node: str, digest: str, *, succeeded: bool = False
    ) -> Build | None:
        """Return the newest build of a digest on a node; with `succeeded` the newest that did."""
        ...

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, environment_id: EnvironmentId, digest: str, asked: Asked
    ) -> Sequence[Build]:
        """Return what was asked for of an environment's builds and of any of this digest, which it shares."""
        ...

    async def sweep_unfinished(self, unit: Unit, node: str) -> Sequence[Build]:
        """Return the builds of a node that are not over, of every organisation."""
        ...

    async def sweep_old(self, unit: Unit, before: int, limit: int) -> Sequence[Build]:
        """Forget at most `limit` builds that were over before `before` (µs), and return them."""
        ...


class BuildLogs(Protocol):
    """What builds wrote, on this machine; a log is kept up to a size, and says so at its end where it is cut."""

    def append(self, build_id: BuildId, data: bytes) -> None:
        """Add to a log, and start it; one that cannot be written (a full disk) loses this part."""
        ...

    def read(self, build_id: BuildId, offset: int, limit: int) -> bytes:
        """Return at most `limit` bytes from `offset` on; nothing of a log that is not there."""
        ...

    def drop(self, build_id: BuildId) -> None:
        """Remove a log."""
        ...
