"""What callers need from outside."""

from typing import Protocol

from antechamber.base.ids import OrganizationId, ServiceAccountId
from antechamber.base.unit import Unit


class ServiceAccountNames(Protocol):
    """Names of service accounts."""

    async def name_of(
        self, unit: Unit, organization_id: OrganizationId, service_account_id: ServiceAccountId
    ) -> str | None:
        """Return an account's name, archived or not; None if the organisation has no such account."""
        ...
