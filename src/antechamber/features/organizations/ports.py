"""What organisations need from outside."""

from collections.abc import Sequence
from typing import Protocol

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.features.organizations.model import Organization


class OrganizationStore(Protocol):
    """Where organisations are kept."""

    async def get(self, unit: Unit, organization_id: OrganizationId) -> Organization | None:
        """Return the organisation, or None."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, organization: Organization) -> None:
        """Keep a new organisation."""
        ...

    async def sweep_all(self, unit: Unit) -> Sequence[Organization]:
        """Return every organisation of this server, oldest first."""
        ...
