"""What audit needs from outside."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.page import IdCursor, Page
from antechamber.base.unit import Unit
from antechamber.features.audit.model import (
    Activity,
    ActivityQuery,
    ComplianceState,
    Ending,
    Refusal,
    RefusalKey,
    RefusalQuery,
)


class ActivityStore(Protocol):
    """Where activities are kept; nothing is ever changed or removed."""

    async def lock_ending(self, unit: Unit, organization_id: OrganizationId) -> Ending:
        """Return how the chain ends; others wait until the unit ends."""
        ...

    async def append(self, unit: Unit, organization_id: OrganizationId, activity: Activity, seal: bytes) -> None:
        """Keep a new activity, and it as the head under its seal; a head that is missing stays missing."""
        ...

    async def part(self, unit: Unit, organization_id: OrganizationId, after: int | None, limit: int) -> list[Activity]:
        """Return the next activities after a sequence (None: from the first row on), in the chain's order."""
        ...

    async def ending(self, unit: Unit, organization_id: OrganizationId) -> Ending:
        """Return how the chain ends, as of one moment."""
        ...

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, query: ActivityQuery, cursor: IdCursor
    ) -> Page[Activity]:
        """Return a page, newest first; InvalidRequest when the cursor names no activity of the organisation."""
        ...


class ComplianceStore(Protocol):
    """Whether each organisation's feed is open."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def state(self, unit: Unit, organization_id: OrganizationId) -> ComplianceState:
        """Return the state; enabled where nobody has set any."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, state: ComplianceState) -> None:
        """Keep the state."""
        ...


class RefusalStore(Protocol):
    """Where counted refusals are kept."""

    async def sweep_in(self, unit: Unit, counted: Sequence[Refusal]) -> None:
        """Add counts to those that are kept, and keep the newer samples."""
        ...

    async def sweep_out(self, unit: Unit, before: int, most: int) -> None:
        """Remove the hours before a moment, and the oldest of what is more than `most` rows."""
        ...

    async def listing(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        query: RefusalQuery,
        after: RefusalKey | None,
        *,
        strangers: bool,
    ) -> list[Refusal]:
        """Return `query.limit` + 1 counts at most, in the list's order; with `strangers` those of nobody, too."""
        ...


class People(Protocol):
    """Who the people behind user ids are."""

    async def emails(
        self, unit: Unit, organization_id: OrganizationId, user_ids: Sequence[UserId]
    ) -> Mapping[UserId, str]:
        """Return the addresses of members, past ones too; unknown ids are left out."""
        ...


class Neighbours(Protocol):
    """Which other organisations there are."""

    async def is_alone(self, organization_id: OrganizationId) -> bool:
        """Say whether the organisation is the only one of this server."""
        ...
