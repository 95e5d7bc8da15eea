"""The compliance settings: whether what is recorded may be read.

Acts are recorded in either state: who can close the feed must not be able to leave the log without what they do, and a
chain with a hole in it would prove nothing. What happened meanwhile is there once the feed is open again.
"""

from antechamber.base.actor import Actor
from antechamber.base.errors import PermissionDenied
from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Units
from antechamber.features.audit.model import ActivityType, ComplianceState, updates_of
from antechamber.features.audit.ports import ComplianceStore
from antechamber.features.audit.service.recording import Audit


class Compliance:
    """Opens and closes an organisation's feed."""

    def __init__(self, store: ComplianceStore, units: Units, audit: Audit) -> None:
        self._store = store
        self._units = units
        self._audit = audit

    async def state(self, organization_id: OrganizationId) -> ComplianceState:
        """Return whether the feed is open."""
        async with self._units.read() as unit:
            return await self._store.state(unit, organization_id)

    async def set(self, organization_id: OrganizationId, state: ComplianceState, by: Actor) -> ComplianceState:
        """Open or close the feed; to set what is set already changes nothing."""
        async with self._units.begin() as unit:
            await self._store.lock(unit, organization_id)
            before = await self._store.state(unit, organization_id)
            if state is not before:
                await self._store.save(unit, organization_id, state)
                updates = updates_of({"state": before.value}, {"state": state.value})
                await self._audit.record(
                    unit, organization_id, by, ActivityType.COMPLIANCE_SETTINGS_UPDATED, updates=updates
                )
        return state

    async def require_open(self, organization_id: OrganizationId) -> None:
        """Raise PermissionDenied while the feed is closed."""
        if await self.state(organization_id) is ComplianceState.DISABLED:
            message = (
                "The Compliance API is disabled for this organization; an administrator enables it with POST "
                "/v1/organizations/compliance_settings."
            )
            raise PermissionDenied(message, error_code="compliance_api_disabled")
