"""What a rule is: which assertions of an issuer stand for whom, where and for what (SDK type `FederationRule`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from antechamber.base.ids import IssuerId, OrganizationId, RuleId, ServiceAccountId, WorkspaceId
from antechamber.features.federation.model.accounts import Keep
from antechamber.features.federation.model.stamps import Stamp

DEFAULT_TOKEN_SECONDS: Final = 3_600
MIN_TOKEN_SECONDS: Final = 60
MAX_TOKEN_SECONDS: Final = 86_400


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
