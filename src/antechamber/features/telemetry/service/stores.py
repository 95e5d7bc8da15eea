"""What several use-cases of telemetry stand on: the stores, and the sealing of headers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from antechamber.base.errors import NotFound
from antechamber.base.ids import Kind, OrganizationId, TelemetryDestinationId, is_id
from antechamber.base.seals import SealedColumn, Seals
from antechamber.base.secret import Secret
from antechamber.base.unit import Unit
from antechamber.features.telemetry.ports import DestinationStore, ListStore, QueueStore, Stored


@dataclass(frozen=True, slots=True)
class Stores:
    """Where everything of telemetry is kept."""

    destinations: DestinationStore
    lists: ListStore
    queue: QueueStore

    async def require(
        self, unit: Unit, organization_id: OrganizationId, destination_id: TelemetryDestinationId
    ) -> Stored:
        """Return a destination; NotFound."""
        found = None
        if is_id(Kind.TELEMETRY_DESTINATION, destination_id):
            found = await self.destinations.find(unit, organization_id, destination_id)
        if found is None:
            message = f"Telemetry destination not found: {destination_id}"
            raise NotFound(message)
        return found


class HeaderSeals:
    """Seals the headers of a destination together, for it alone."""

    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    def seal(self, destination_id: TelemetryDestinationId, headers: Mapping[str, str]) -> bytes | None:
        """Return the envelope that is kept, None for no headers."""
        text = json.dumps(dict(headers))
        return self._seals.seal(text, SealedColumn.TELEMETRY_HEADERS, destination_id) if headers else None

    def open(self, destination_id: TelemetryDestinationId, sealed: bytes | None) -> dict[str, Secret]:
        """Return the headers; SealError if the master key is not the one that sealed them."""
        if sealed is None:
            return {}
        text = self._seals.open(sealed, SealedColumn.TELEMETRY_HEADERS, destination_id).reveal()
        return {name: Secret(value) for name, value in json.loads(text).items()}
