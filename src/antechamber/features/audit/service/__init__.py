"""The use-cases of audit: acts are recorded, read and proven, refusals counted."""

from antechamber.features.audit.service.compliance import Compliance
from antechamber.features.audit.service.reading import Activities, ShownActivity
from antechamber.features.audit.service.recording import Audit
from antechamber.features.audit.service.refusals import Refusals

__all__ = ["Activities", "Audit", "Compliance", "Refusals", "ShownActivity"]
