"""Whether the Compliance API is open to an organisation."""

from enum import StrEnum


class ComplianceState(StrEnum):
    """What the compliance settings say (SDK type `organization.OrganizationComplianceSettings`)."""

    DISABLED = "disabled"
    ENABLED = "enabled"
