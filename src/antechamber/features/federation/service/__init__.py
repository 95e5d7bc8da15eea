"""The use-cases of federation."""

from antechamber.features.federation.service.accounts import ServiceAccounts
from antechamber.features.federation.service.issuers import Issuers, ShownIssuer
from antechamber.features.federation.service.lists import ListQuery, Part
from antechamber.features.federation.service.memberships import Memberships
from antechamber.features.federation.service.references import References
from antechamber.features.federation.service.rule_workspaces import RuleWorkspaces, ShownPlace
from antechamber.features.federation.service.rules import Rules, ShownRule
from antechamber.features.federation.service.stores import Checks, Stores

__all__ = [
    "Checks",
    "Issuers",
    "ListQuery",
    "Memberships",
    "Part",
    "References",
    "RuleWorkspaces",
    "Rules",
    "ServiceAccounts",
    "ShownIssuer",
    "ShownPlace",
    "ShownRule",
    "Stores",
]
