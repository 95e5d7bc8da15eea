"""The use-cases of organisations."""

from collections.abc import Sequence

from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.errors import NotFound
from antechamber.base.ids import OrganizationId, mint_organization
from antechamber.base.unit import Unit, Units
from antechamber.features.organizations.model import Organization, check_name
from antechamber.features.organizations.ports import OrganizationStore


class Organizations:
    """Makes and finds organisations."""

    def __init__(self, store: OrganizationStore, units: Units, clock: Clock, chance: Chance) -> None:
        self._store = store
        self._units = units
        self._clock = clock
        self._chance = chance

    async def me(self, organization_id: OrganizationId) -> Organization:
        """Return the caller's own organisation; NotFound."""
        async with self._units.read() as unit:
            organization = await self._store.get(unit, organization_id)
        if organization is None:
            message = "Organization not found."
            raise NotFound(message)
        return organization

    async def create(self, unit: Unit, name: str) -> Organization:
        """Make an organisation within the caller's transaction."""
        organization = Organization(mint_organization(self._chance), check_name(name), self._clock.now())
        await self._store.add(unit, organization.id, organization)
        return organization

    async def everyone(self, unit: Unit | None = None) -> Sequence[Organization]:
        """Return every organisation of this server, for the operator; as a given transaction sees it."""
        if unit is not None:
            return await self._store.sweep_all(unit)
        async with self._units.read() as own:
            return await self._store.sweep_all(own)
