"""What audit keeps: activities in a chain, the checks of that chain, and refusals beside it."""

from antechamber.features.audit.model.activity import (
    GENESIS,
    RESERVED,
    Activity,
    ActivityQuery,
    ActivityType,
    mark_of,
)
from antechamber.features.audit.model.chain import (
    BROKEN,
    EMPTY,
    Ending,
    Expected,
    Head,
    Problem,
    ProblemCode,
    Verdict,
    Walk,
    seal_of,
)
from antechamber.features.audit.model.compliance import ComplianceState
from antechamber.features.audit.model.refusal import (
    HOUR,
    Refusal,
    RefusalKey,
    RefusalPage,
    RefusalQuery,
)
from antechamber.features.audit.model.updates import updates_of

__all__ = [
    "BROKEN",
    "EMPTY",
    "GENESIS",
    "HOUR",
    "RESERVED",
    "Activity",
    "ActivityQuery",
    "ActivityType",
    "ComplianceState",
    "Ending",
    "Expected",
    "Head",
    "Problem",
    "ProblemCode",
    "Refusal",
    "RefusalKey",
    "RefusalPage",
    "RefusalQuery",
    "Verdict",
    "Walk",
    "mark_of",
    "seal_of",
    "updates_of",
]
