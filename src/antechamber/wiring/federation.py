"""Federation joined: service accounts, issuers and rules, what oauth asks of them, and the exchange of assertions."""

from dataclasses import dataclass

from antechamber.features.federation.service import (
    Issuers,
    Memberships,
    References,
    Rules,
    RuleWorkspaces,
    ServiceAccounts,
    Stores,
)
from antechamber.features.federation.service.account_roles import AccountRoles
from antechamber.features.federation.sql.accounts import SqlMemberships, SqlServiceAccounts
from antechamber.features.federation.sql.issuers import SqlIssuers
from antechamber.features.federation.sql.rules import SqlRules
from antechamber.wiring.exchange import Exchange, ExchangeRules, Foundations, build_exchange


@dataclass(frozen=True, slots=True)
class Federation:
    """Every service of federation."""

    accounts: ServiceAccounts
    memberships: Memberships
    issuers: Issuers
    rules: Rules
    rule_workspaces: RuleWorkspaces
    account_roles: AccountRoles
    exchange: Exchange


def federation_stores() -> Stores:
    """Return the stores, which hold nothing themselves."""
    return Stores(SqlServiceAccounts(), SqlMemberships(), SqlIssuers(), SqlRules())


def build_federation(under: Foundations, rules: ExchangeRules) -> Federation:
    """Join the services; nothing is fetched before the poller starts or an assertion comes."""
    units, clock, chance, audit = under.units, under.clock, under.chance, under.audit
    stores = federation_stores()
    exchange = build_exchange(under, stores, rules)
    checks = exchange.checks
    accounts = ServiceAccounts(stores, units, clock, chance, audit)
    memberships = Memberships(stores, accounts, under.workspaces, units, clock, audit)
    issuers = Issuers(stores, checks, units, clock, chance, audit)
    references = References(issuers, accounts, under.workspaces, checks.conditions)
    places = RuleWorkspaces(stores, references, under.workspaces, units, clock, audit)
    return Federation(
        accounts=accounts,
        memberships=memberships,
        issuers=issuers,
        rules=Rules(stores, references, places, units, clock, chance, audit),
        rule_workspaces=places,
        account_roles=AccountRoles(accounts, memberships, under.workspaces),
        exchange=exchange,
    )
