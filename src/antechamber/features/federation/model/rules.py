"""What a rule is: which assertions of an issuer stand for whom, where and for what (SDK type `FederationRule`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.errors import InvalidRequest, PermissionDenied
from antechamber.base.ids import IssuerId, OrganizationId, RuleId, ServiceAccountId, WorkspaceId
from antechamber.features.federation.model.accounts import Keep
from antechamber.features.federation.model.stamps import Stamp

DEFAULT_TOKEN_SECONDS: Final = 3_600
MIN_TOKEN_SECONDS: Final = 60
MAX_TOKEN_SECONDS: Final = 86_400
MAX_TEXT: Final = 1_024
MAX_CLAIMS: Final = 50
MAX_CONDITION: Final = 4_096
ADMIN_SCOPE: Final = "org:admin"
# what a workload may let others have, as it may have it itself (wire-auth.md 4)
EVERYDAY_SCOPES: Final = frozenset({"workspace:developer", "workspace:inference"})
SCOPES: Final = EVERYDAY_SCOPES | {ADMIN_SCOPE, "workspace:manage_tunnels"}


@dataclass(frozen=True, slots=True)
class Match:
    """What an assertion must say; all that is set must hold.

    `subject_prefix` is the whole `sub`, or its beginning if it ends in `*`; `audience` one of `aud`; `claims` texts of
    top-level claims; `condition` a CEL expression over `claims`.
    """

    subject_prefix: str | None = None
    audience: str | None = None
    claims: Mapping[str, str] | None = None
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a matching assertion stands for."""

    service_account_id: ServiceAccountId


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; `scope` is space-separated, `workspace_ids` where it is enabled, in the order that this was done."""

    id: RuleId
    organization_id: OrganizationId
    name: str
    description: str
    issuer_id: IssuerId
    match: Match
    target: Target
    scope: str
    token_lifetime_seconds: int
    applies_to_all_workspaces: bool
    workspace_ids: tuple[WorkspaceId, ...]
    created: Stamp
    updated: Stamp
    archived: Stamp | None = None


@dataclass(frozen=True, slots=True)
class RuleWorkspace:
    """A workspace that a rule is enabled for."""

    rule_id: RuleId
    workspace_id: WorkspaceId
    created: Stamp


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule that is to be made."""

    name: str
    issuer_id: IssuerId
    match: Match
    target: Target
    scope: str
    workspace_id: WorkspaceId | None = None
    applies_to_all_workspaces: bool = False
    token_lifetime_seconds: int = DEFAULT_TOKEN_SECONDS
    description: str = ""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What is to become of a rule: `match` and `target` whole, `workspace_id` in the place of the only one."""

    name: str | Keep = Keep.IT
    description: str | Keep = Keep.IT
    match: Match | Keep = Keep.IT
    target: Target | Keep = Keep.IT
    scope: str | Keep = Keep.IT
    token_lifetime_seconds: int | Keep = Keep.IT
    applies_to_all_workspaces: bool | Keep = Keep.IT
    workspace_id: WorkspaceId | Keep = Keep.IT


def check_match(match: Match) -> Match:
    """Return a match, its empty parts left out; InvalidRequest unless it says something of who is meant.

    Whether `condition` is CEL is for a `ports.ConditionCheck` to say.
    """
    for name in ("subject_prefix", "audience"):
        _check_text(f"match.{name}", getattr(match, name), MAX_TEXT)
    _check_text("match.condition", match.condition, MAX_CONDITION)
    claims = match.claims or None
    if claims is not None:
        _check_claims(claims)
    says_subject = match.subject_prefix is not None and match.subject_prefix.strip("*")
    if not says_subject and claims is None and match.condition is None:
        message = (
            "match: at least one of subject_prefix (other than `*`), claims and condition must be set; audience alone "
            "says nothing of who is meant"
        )
        raise InvalidRequest(message)
    return Match(match.subject_prefix, match.audience, claims, match.condition)


def _check_text(field: str, text: str | None, longest: int) -> None:
    if text is not None and not 1 <= len(text) <= longest:
        message = f"{field}: must be 1 to {longest} characters, or null"
        raise InvalidRequest(message)


def _check_claims(claims: Mapping[str, str]) -> None:
    if len(claims) > MAX_CLAIMS:
        message = f"match.claims: at most {MAX_CLAIMS} claims can be matched"
        raise InvalidRequest(message)
    for name, value in claims.items():
        if not 1 <= len(name) <= MAX_TEXT or not 1 <= len(value) <= MAX_TEXT:
            message = f"match.claims: names and values must be 1 to {MAX_TEXT} characters"
            raise InvalidRequest(message)


def check_scope(scope: str) -> str:
    """Return the scopes, each once; InvalidRequest unless there is one and rules can give all of them."""
    scopes = dict.fromkeys(scope.split())
    if not scopes or not scopes.keys() <= SCOPES:
        message = f"oauth_scope: must be one or more of: {', '.join(sorted(SCOPES))}"
        raise InvalidRequest(message)
    return " ".join(scopes)


def is_everyday(scope: str) -> bool:
    """Say whether scopes are among those that a workload may manage rules of."""
    return EVERYDAY_SCOPES.issuperset(scope.split())


def check_manager(scope: str, by: Actor, what: str) -> None:
    """Raise PermissionDenied for a workload that would manage more than workloads may; `what` begins the message."""
    if by.kind is ActorKind.SERVICE_ACCOUNT and not is_everyday(scope):
        message = (
            f"{what} has the scope `{scope}`: a service account manages rules of workspace:developer and "
            "workspace:inference only; use a person's token (`ante auth login --scope org:admin`)."
        )
        raise PermissionDenied(message)


def check_token_lifetime(seconds: int) -> int:
    """Return how long a rule's tokens live; InvalidRequest unless it is a minute to a day."""
    if not MIN_TOKEN_SECONDS <= seconds <= MAX_TOKEN_SECONDS:
        message = f"token_lifetime_seconds: must be from {MIN_TOKEN_SECONDS} to {MAX_TOKEN_SECONDS}"
        raise InvalidRequest(message)
    return seconds
