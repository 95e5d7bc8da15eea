"""What callers learn of themselves, joined to the services that know the names."""

from typing import TYPE_CHECKING

from antechamber.base.ids import OrganizationId, ServiceAccountId
from antechamber.base.unit import Unit
from antechamber.features.callers.routes import router
from antechamber.features.callers.service import Callers

if TYPE_CHECKING:
    from fastapi import APIRouter

    from antechamber.wiring.storage import Storage


class _ServiceAccountNames:
    async def name_of(
        self, unit: Unit, organization_id: OrganizationId, service_account_id: ServiceAccountId
    ) -> str | None:
        del unit, organization_id, service_account_id
        return None


def caller_routes(storage: "Storage") -> "APIRouter":
    """Return the routes of `/v1/me`."""
    callers = Callers(
        storage.database,
        storage.organizations,
        storage.members,
        storage.workspaces,
        (storage.api_keys, storage.admin_keys),
        _ServiceAccountNames(),
    )
    return router(callers)
