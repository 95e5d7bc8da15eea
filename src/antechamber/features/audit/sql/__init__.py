"""Audit in the database."""

from antechamber.features.audit.sql.activities import SqlActivities, activities, audit_heads
from antechamber.features.audit.sql.compliance import SqlCompliance, compliance_settings
from antechamber.features.audit.sql.refusals import SqlRefusals, refusals

__all__ = [
    "SqlActivities",
    "SqlCompliance",
    "SqlRefusals",
    "activities",
    "audit_heads",
    "compliance_settings",
    "refusals",
]
