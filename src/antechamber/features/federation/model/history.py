"""The authentication history: what became of each exchange, and why."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antechamber.base.ids import IssuerId, OrganizationId, RuleId, ServiceAccountId, TokenId, WorkspaceId

_LONGEST_SUBJECT: Final = 255


class Outcome(StrEnum):
    """Whether a token was minted."""

    FAILURE = "failure"
    SUCCESS = "success"


class Reason(StrEnum):
    """Why none was; only the administrator is told.

    `match_*`, `jti_reused` and `workspace_id_required` are the wire's own (wire-auth.md 3); the others follow them.
    """

    ALGORITHM = "algorithm_not_allowed"
    CLAIM_MALFORMED = "claim_malformed"
    CLAIM_MISSING = "claim_missing"
    EXPIRED = "assertion_expired"
    ISSUER_ARCHIVED = "issuer_archived"
    ISSUER_MISMATCH = "issuer_mismatch"
    JTI_REUSED = "jti_reused"
    KEY_ID_MISSING = "key_id_missing"
    KEYS_UNAVAILABLE = "keys_unavailable"
    LIFETIME = "lifetime_too_long"
    MALFORMED = "assertion_malformed"
    MATCH_AUDIENCE = "match_audience"
    MATCH_CLAIMS = "match_claims"
    MATCH_CONDITION = "match_condition"
    MATCH_SUBJECT_PREFIX = "match_subject_prefix"
    NOT_YET_VALID = "assertion_not_yet_valid"
    ORGANIZATION_ROLE = "organization_role"
    RULE_ARCHIVED = "rule_archived"
    SERVICE_ACCOUNT_ARCHIVED = "service_account_archived"
    SERVICE_ACCOUNT_MISMATCH = "service_account_mismatch"
    SIGNATURE = "signature_invalid"
    UNKNOWN_KEY = "key_unknown"
    WORKSPACE_ID_REQUIRED = "workspace_id_required"
    WORKSPACE_MEMBERSHIP = "workspace_membership"
    WORKSPACE_NOT_ENABLED = "workspace_not_enabled"


# until the signature has been checked, whoever knows a rule's id can have written what the assertion says
BEFORE_SIGNATURE: Final = frozenset(
    {
        Reason.ALGORITHM,
        Reason.ISSUER_ARCHIVED,
        Reason.KEY_ID_MISSING,
        Reason.KEYS_UNAVAILABLE,
        Reason.MALFORMED,
        Reason.RULE_ARCHIVED,
        Reason.SIGNATURE,
        Reason.UNKNOWN_KEY,
    }
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange; `subject` is the assertion's, which is only claimed unless `is_verified`.

    `detail` says more than the reason: the claim that did not match, why keys could not be fetched.
    """

    id: str
    organization_id: OrganizationId
    created_at: int
    rule_id: RuleId
    issuer_id: IssuerId
    outcome: Outcome
    reason: Reason | None = None
    detail: str | None = None
    subject: str | None = None
    service_account_id: ServiceAccountId | None = None
    workspace_id: WorkspaceId | None = None
    token_id: TokenId | None = None
    ip_address: str | None = None
    request_id: str | None = None

    @property
    def is_verified(self) -> bool:
        """Say whether the issuer's key has signed for the subject."""
        return self.reason not in BEFORE_SIGNATURE


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which exchanges are asked for; None lets every one through."""

    rule_id: str | None = None
    issuer_id: str | None = None
    outcome: Outcome | None = None


def shorten_subject(subject: str) -> str:
    """Return what is kept of a subject: 255 characters, none of which a terminal or a database would take amiss."""
    return "".join(character if character.isprintable() else "\ufffd" for character in subject[:_LONGEST_SUBJECT])
