"""What joins audit to its neighbours: the names of people, which organisations there are, refusals from http."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

from antechamber.base.clock import Clock
from antechamber.base.ids import OrganizationId, UserId
from antechamber.base.unit import Unit, Units
from antechamber.features.audit.service import Refusals
from antechamber.features.audit.sql import SqlRefusals
from antechamber.features.organizations.service import Members, Organizations
from antechamber.http.context import Context


class AuditPeople:
    """The addresses of an organisation's people, past ones too (`audit.ports.People`)."""

    def __init__(self, members: Members) -> None:
        self._members = members

    async def emails(
        self, unit: Unit, organization_id: OrganizationId, user_ids: Sequence[UserId]
    ) -> Mapping[UserId, str]:
        """Return the addresses of members; unknown ids are left out."""
        found = await self._members.names(unit, organization_id, user_ids)
        return {user_id: member.email for user_id, member in found.items()}


class AuditNeighbours:
    """Which organisations there are (`audit.ports.Neighbours`)."""

    def __init__(self, organizations: Organizations) -> None:
        self._organizations = organizations

    async def is_alone(self, organization_id: OrganizationId) -> bool:
        """Say whether the organisation is the only one of this server."""
        return [each.id for each in await self._organizations.everyone()] == [organization_id]


class RefusalCounting:
    """Hears of refusals from http, and brings them into the database beside the requests."""

    def __init__(self, units: Units, clock: Clock, organizations: Organizations) -> None:
        self.refusals = Refusals(SqlRefusals(), units, clock, AuditNeighbours(organizations))
        self._task: asyncio.Task[None] | None = None

    def note(self, context: Context, route: str, user_agent: str | None) -> None:
        """Count a refusal that the shell has answered."""
        self.refusals.note(
            organization_id=context.principal.organization_id if context.principal else "",
            principal_id=context.credential_id() or "",
            status=context.status,
            method=context.method,
            route=route,
            ip_address=context.address,
            user_agent=user_agent,
            request_id=context.request_id,
        )

    def start(self) -> None:
        """Begin to flush."""
        self._task = asyncio.create_task(self.refusals.run())

    async def stop(self) -> None:
        """Flush a last time, and end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.refusals.close()
