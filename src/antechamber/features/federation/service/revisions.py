"""What a draft or a change makes of a rule, and what of that the audit log keeps."""

import dataclasses
from collections.abc import Mapping
from typing import Final

from antechamber.features.federation.model.accounts import Keep
from antechamber.features.federation.model.rules import (
    Rule,
    RuleChange,
    check_match,
    check_scope,
    check_token_lifetime,
)
from antechamber.features.federation.model.stamps import check_description, check_name

_CHANGES: Final = (
    "name", "description", "match", "target", "scope", "token_lifetime_seconds", "applies_to_all_workspaces"
)  # fmt: skip


def revise(known: Rule, change: RuleChange) -> Rule:
    """Return the rule after what was said, but for its workspaces; InvalidRequest as of `check`."""
    wanted = {field: said for field in _CHANGES if (said := getattr(change, field)) is not Keep.IT}
    return check(dataclasses.replace(known, **wanted))


def check(rule: Rule) -> Rule:
    """Return a rule as it is kept; InvalidRequest past the rules that need nobody else's knowledge."""
    return dataclasses.replace(
        rule,
        name=check_name(rule.name),
        description=check_description(rule.description),
        match=check_match(rule.match),
        scope=check_scope(rule.scope),
        token_lifetime_seconds=check_token_lifetime(rule.token_lifetime_seconds),
    )


def shown(rule: Rule) -> Mapping[str, object]:
    """Return what may change of a rule, as the audit log tells it."""
    match = {name: value for name, value in dataclasses.asdict(rule.match).items() if value is not None}
    return {
        "name": rule.name,
        "description": rule.description,
        "match": match,
        "target": rule.target.service_account_id,
        "oauth_scope": rule.scope,
        "token_lifetime_seconds": rule.token_lifetime_seconds,
        "applies_to_all_workspaces": rule.applies_to_all_workspaces,
    }
