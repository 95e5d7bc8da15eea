"""Rules and their workspaces on the wire (SDK types `organization.federation.FederationRule`, …RuleWorkspace)."""

from typing import Literal

from pydantic import BaseModel

from antechamber.base.clock import to_rfc3339
from antechamber.base.ids import IssuerId, RuleId, ServiceAccountId, WorkspaceId
from antechamber.features.federation.model.accounts import Keep
from antechamber.features.federation.model.rules import DEFAULT_TOKEN_SECONDS, Match, RuleChange, RuleDraft, Target
from antechamber.features.federation.service import ShownPlace, ShownRule
from antechamber.features.federation.wire.fields import Immutable, ResourceBody, show_stamps
from antechamber.http.bodies import Body


class MatchBody(Body):
    """`{subject_prefix?, audience?, claims?, condition?}`; null is not said."""

    subject_prefix: str | None = None
    audience: str | None = None
    claims: dict[str, str] | None = None
    condition: str | None = None

    def read(self) -> Match:
        """Return what is matched."""
        return Match(self.subject_prefix, self.audience, self.claims, self.condition)


class TargetBody(Body):
    """`{type: "service_account", service_account_id}`; the name is for reading only."""

    type: Literal["service_account"]
    service_account_id: str
    service_account_name: str | None = None

    def read(self) -> Target:
        """Return whom it names."""
        return Target(ServiceAccountId(self.service_account_id))


class CreateRuleBody(Body):
    """`{name, issuer_id, match, target, oauth_scope, workspace_id | applies_to_all_workspaces, …}`."""

    name: str
    issuer_id: str
    match: MatchBody
    target: TargetBody
    oauth_scope: str
    workspace_id: str | None = None
    applies_to_all_workspaces: bool = False
    token_lifetime_seconds: int = DEFAULT_TOKEN_SECONDS
    description: str | None = None

    def draft(self) -> RuleDraft:
        """Return what is to be made."""
        return RuleDraft(
            name=self.name,
            issuer_id=IssuerId(self.issuer_id),
            match=self.match.read(),
            target=self.target.read(),
            scope=self.oauth_scope,
            workspace_id=None if self.workspace_id is None else WorkspaceId(self.workspace_id),
            applies_to_all_workspaces=self.applies_to_all_workspaces,
            token_lifetime_seconds=self.token_lifetime_seconds,
            description=self.description or "",
        )


class UpdateRuleBody(Body):
    """Any of the fields of a rule but its issuer; what is left out or null stays, but a null description is cleared."""

    name: str | None = None
    issuer_id: Immutable = None
    match: MatchBody | None = None
    target: TargetBody | None = None
    oauth_scope: str | None = None
    workspace_id: str | None = None
    applies_to_all_workspaces: bool | None = None
    token_lifetime_seconds: int | None = None
    description: str | None = None

    def change(self) -> RuleChange:
        """Return what is to become of it."""
        everywhere, seconds = self.applies_to_all_workspaces, self.token_lifetime_seconds
        return RuleChange(
            name=Keep.IT if self.name is None else self.name,
            description=(self.description or "") if "description" in self.model_fields_set else Keep.IT,
            match=Keep.IT if self.match is None else self.match.read(),
            target=Keep.IT if self.target is None else self.target.read(),
            scope=Keep.IT if self.oauth_scope is None else self.oauth_scope,
            token_lifetime_seconds=Keep.IT if seconds is None else seconds,
            applies_to_all_workspaces=Keep.IT if everywhere is None else everywhere,
            workspace_id=Keep.IT if self.workspace_id is None else WorkspaceId(self.workspace_id),
        )


class EnableBody(Body):
    """`{workspace_id}`."""

    workspace_id: str


class RuleBody(ResourceBody):
    """A rule."""

    type: Literal["federation_rule"] = "federation_rule"
    description: str
    issuer_id: str
    issuer_name: str | None
    match: MatchBody
    target: TargetBody
    oauth_scope: str
    token_lifetime_seconds: int
    applies_to_all_workspaces: bool
    workspace_ids: list[str]


class RuleWorkspaceBody(BaseModel):
    """A workspace that a rule is enabled for; the name is there in lists only."""

    type: Literal["federation_rule_workspace"] = "federation_rule_workspace"
    federation_rule_id: str
    workspace_id: str
    workspace_name: str | None
    created_at: str
    created_by_actor_id: str | None


class RuleWorkspaceDeletedBody(BaseModel):
    """What remains of an enablement that was taken back."""

    type: Literal["federation_rule_workspace_deleted"] = "federation_rule_workspace_deleted"
    federation_rule_id: str
    workspace_id: str


def show(found: ShownRule) -> RuleBody:
    """Return the wire's shape of a rule."""
    rule = found.rule
    match = rule.match
    fields = {
        "id": rule.id,
        "name": rule.name,
        "description": rule.description,
        "issuer_id": rule.issuer_id,
        "issuer_name": found.issuer_name,
        "match": {
            "subject_prefix": match.subject_prefix,
            "audience": match.audience,
            "claims": None if match.claims is None else dict(match.claims),
            "condition": match.condition,
        },
        "target": {
            "type": "service_account",
            "service_account_id": rule.target.service_account_id,
            "service_account_name": found.service_account_name,
        },
        "oauth_scope": rule.scope,
        "token_lifetime_seconds": rule.token_lifetime_seconds,
        "applies_to_all_workspaces": rule.applies_to_all_workspaces,
        "workspace_ids": list(rule.workspace_ids),
        **show_stamps(rule.created, rule.updated, rule.archived),
    }
    return RuleBody.model_validate(fields)


def show_place(found: ShownPlace) -> RuleWorkspaceBody:
    """Return the wire's shape of a workspace that a rule is enabled for."""
    place = found.place
    return RuleWorkspaceBody(
        federation_rule_id=place.rule_id,
        workspace_id=place.workspace_id,
        workspace_name=found.workspace_name,
        created_at=to_rfc3339(place.created.at),
        created_by_actor_id=place.created.by,
    )


def show_disabled(rule_id: RuleId, workspace_id: WorkspaceId) -> RuleWorkspaceDeletedBody:
    """Return the wire's shape of an enablement that was taken back."""
    return RuleWorkspaceDeletedBody(federation_rule_id=rule_id, workspace_id=workspace_id)
