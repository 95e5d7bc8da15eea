"""The audit log's routes, joined."""

from typing import TYPE_CHECKING

from fastapi import APIRouter

from antechamber.features.audit.routes import router
from antechamber.features.audit.service import Compliance
from antechamber.features.audit.sql import SqlCompliance

if TYPE_CHECKING:
    from antechamber.wiring.application import Application


def routers(application: "Application") -> list[APIRouter]:
    """Return the endpoints."""
    storage = application.storage
    compliance = Compliance(SqlCompliance(), storage.database, storage.audit)
    return [router(storage.activities, application.refusals.refusals, compliance)]
