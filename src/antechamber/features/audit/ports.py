"""What audit needs from outside."""

from typing import Protocol

from antechamber.base.ids import OrganizationId
from antechamber.base.unit import Unit
from antechamber.features.audit.model import Activity


class ActivityStore(Protocol):
    """Where activities are kept; nothing is ever changed or removed."""

    async def lock_head(self, unit: Unit, organization_id: OrganizationId) -> tuple[int, bytes]:
        """Return the last activity's sequence and mark, (0, GENESIS) for none; others wait until the unit ends."""
        ...

    async def append(self, unit: Unit, organization_id: OrganizationId, activity: Activity) -> None:
        """Keep a new activity."""
        ...
