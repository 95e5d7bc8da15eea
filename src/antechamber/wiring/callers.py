"""What callers learn of themselves, joined to the services that know the names."""

from typing import TYPE_CHECKING

from antechamber.features.callers.routes import router
from antechamber.features.callers.service import Callers

if TYPE_CHECKING:
    from fastapi import APIRouter

    from antechamber.wiring.storage import Storage


def caller_routes(storage: "Storage") -> "APIRouter":
    """Return the routes of `/v1/me`."""
    callers = Callers(
        storage.database,
        storage.organizations,
        storage.members,
        storage.workspaces,
        (storage.api_keys, storage.admin_keys),
        storage.federation.accounts,
    )
    return router(callers)
