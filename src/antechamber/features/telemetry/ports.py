"""What telemetry needs from outside: stores, the ledger's rows, what sends spans, and which addresses may be named."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from antechamber.base.ids import OrganizationId, TelemetryDestinationId, WorkspaceId
from antechamber.base.page import Asked
from antechamber.base.secret import Secret
from antechamber.base.unit import Unit
from antechamber.features.telemetry.model.destinations import Destination, DisabledReason, Scope
from antechamber.features.telemetry.model.spans import Span
from antechamber.features.telemetry.model.standing import Failure, Standing
from antechamber.features.usage.model import UsageRow


@dataclass(frozen=True, slots=True)
class Stored:
    """A destination as it is kept: with its headers' values sealed, None where there are none."""

    destination: Destination
    sealed: bytes | None
    standing: Standing
    tested_at: int | None = None


class Entry(NamedTuple):
    """A workspace on a destination's list, and when it was added."""

    workspace_id: WorkspaceId
    created_at: int


class Covering(NamedTuple):
    """A destination that takes traces, and whose they are."""

    organization_id: OrganizationId
    destination_id: TelemetryDestinationId
    scope: Scope
    workspace_ids: frozenset[str]


class Waiting(NamedTuple):
    """A request that waits to be sent, in its queue's order."""

    queued_at: int
    request_id: str


class Place(NamedTuple):
    """Whose destination, and which."""

    organization_id: OrganizationId
    destination_id: TelemetryDestinationId


@dataclass(frozen=True, slots=True)
class Target:
    """Where spans are sent to, and with which headers."""

    url: str
    headers: Mapping[str, Secret]


class DestinationStore(Protocol):
    """Where destinations are kept; a change of one is announced to every node."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def everything(self, unit: Unit, organization_id: OrganizationId) -> Sequence[Destination]:
        """Return the organisation's destinations, newest first: they are few."""
        ...

    async def find(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId
    ) -> Stored | None:
        """Return one."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, stored: Stored) -> None:
        """Keep a new one."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, stored: Stored) -> None:
        """Keep what has changed of a known one."""
        ...

    async def drop(self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId) -> None:
        """Remove one with its list and its queue."""
        ...

    async def tested(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, at: int
    ) -> None:
        """Keep when one was last tried out."""
        ...


class ListStore(Protocol):
    """Where destinations' lists of workspaces are kept; a change of one is announced to every node."""

    async def entries(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId
    ) -> Mapping[WorkspaceId, int]:
        """Return every workspace on a list, and when it was added."""
        ...

    async def page(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, asked: Asked
    ) -> Sequence[Entry]:
        """Return the part of a list that is asked for."""
        ...

    async def put(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, entry: Entry
    ) -> None:
        """Put a workspace on a list that it is not on."""
        ...

    async def drop(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        workspace_ids: Collection[WorkspaceId],
    ) -> None:
        """Take workspaces off a list."""
        ...


class QueueStore(Protocol):
    """What waits for destinations, and how their deliveries stand."""

    async def sweep_covering(self, unit: Unit) -> Sequence[Covering]:
        """Return every destination that takes traces now."""
        ...

    async def sweep_in(self, unit: Unit, at: int, requests: Sequence[tuple[Place, str]]) -> None:
        """Queue requests for destinations."""
        ...

    async def sweep_due(self, unit: Unit, now: int, limit: int) -> Sequence[Place]:
        """Return destinations for which something waits and a delivery is due."""
        ...

    async def sweep_left(self, unit: Unit) -> None:
        """Forget what waits for destinations that take nothing any more."""
        ...

    async def claim(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, now: int, until: int
    ) -> bool:
        """Say whether a due delivery is the caller's, who has it alone until that instant."""
        ...

    async def waiting(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, limit: int
    ) -> Sequence[Waiting]:
        """Return what has waited longest."""
        ...

    async def sent(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        gone: Sequence[Waiting],
    ) -> None:
        """Forget what need not be sent any more."""
        ...

    async def clear(self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId) -> None:
        """Forget all that waits for one."""
        ...

    async def trim(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, most: int
    ) -> int:
        """Forget the oldest of what is more than `most`; returns how many those were."""
        ...

    async def note_success(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId, at: int
    ) -> None:
        """Keep when a delivery last succeeded; none fails any more, and the next is due at once."""
        ...

    async def note_failure(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        failed: tuple[int, str],
        standing: Standing,
    ) -> None:
        """Keep when and how a delivery failed, and how things stand."""
        ...

    async def disable(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        destination_id: TelemetryDestinationId,
        reason: DisabledReason,
        at: int,
    ) -> None:
        """Have a destination take nothing any more, and forget what waits for it."""
        ...


class Rows(Protocol):
    """The ledger's rows."""

    async def several(
        self, unit: Unit, organization_id: OrganizationId, request_ids: Sequence[str]
    ) -> Sequence[UsageRow]:
        """Return the rows of requests, in any order."""
        ...


class Exporter(Protocol):
    """Sends spans, once."""

    async def export(self, target: Target, spans: Sequence[Span]) -> Failure | None:
        """Return what went wrong, None if the destination has taken them."""
        ...


class Addresses(Protocol):
    """Which addresses can be sent to at all."""

    def check(self, field: str, url: str) -> None:
        """Raise InvalidRequest, beginning with the field's name, for an address that can never be sent to."""
        ...
