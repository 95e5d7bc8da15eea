"""The exchange of assertions, joined: who verifies them, whose keys are fetched, and what is remembered of them."""

from dataclasses import dataclass, field

from antechamber.adapters.identity.conditions import CelConditions
from antechamber.adapters.identity.issuers import CelConditionCheck, GuardedAddresses, GuardedFetches, IssuerKeyCheck
from antechamber.adapters.identity.tokens import JsonWebTokens
from antechamber.base.chance import Chance
from antechamber.base.clock import Clock
from antechamber.base.unit import Units
from antechamber.client.guard import Guard
from antechamber.features.audit.service import Audit
from antechamber.features.federation.service.exchange import Exchanges
from antechamber.features.federation.service.history import History, HistoryStores, Keeping
from antechamber.features.federation.service.keys import IssuerKeys
from antechamber.features.federation.service.minting import Books, Minting
from antechamber.features.federation.service.placement import Placement
from antechamber.features.federation.service.poller import IssuerPolling, Poller
from antechamber.features.federation.service.standings import Standings
from antechamber.features.federation.service.stores import Checks, Stores
from antechamber.features.federation.service.verification import Verification
from antechamber.features.federation.sql.exchanges import SqlHistory, SqlSeen
from antechamber.features.federation.sql.keys import SqlKeys
from antechamber.features.federation.sql.versions import SqlVersions
from antechamber.features.oauth.service import Tokens
from antechamber.features.workspaces.service import Workspaces
from antechamber.settings import Settings, SettingsError


@dataclass(frozen=True, slots=True)
class ExchangeRules:
    """What the operator decides about exchanges; `audience` is the server's own address."""

    audience: str
    keeping: Keeping = field(default_factory=Keeping)
    guard: Guard = field(default_factory=Guard)


@dataclass(frozen=True, slots=True)
class Foundations:
    """What exchanges stand on."""

    units: Units
    clock: Clock
    chance: Chance
    audit: Audit
    tokens: Tokens
    workspaces: Workspaces


@dataclass(frozen=True, slots=True)
class Exchange:
    """The services of the exchange, and what administering issuers and rules asks of them."""

    exchanges: Exchanges
    history: History
    poller: Poller
    checks: Checks


def private_origins(settings: Settings) -> list[str]:
    """Return the origins that may be private; SettingsError if one is none."""
    origins = [part.strip() for part in settings.federation_private_issuers.split(",") if part.strip()]
    try:
        Guard(origins)
    except ValueError as error:
        message = f"federation_private_issuers: {error}"
        raise SettingsError(message) from None
    return origins


def exchange_rules(settings: Settings) -> ExchangeRules:
    """Return what the settings say about exchanges."""
    keeping = Keeping(settings.federation_history_days, settings.federation_history_rows)
    return ExchangeRules(settings.base_url(), keeping, Guard(private_origins(settings)))


def build_exchange(under: Foundations, stores: Stores, rules: ExchangeRules) -> Exchange:
    """Join the services; nothing is fetched before the poller starts or an assertion comes."""
    units, clock = under.units, under.clock
    assertions, conditions, keys_store = JsonWebTokens(), CelConditions(), SqlKeys()
    keys = IssuerKeys(keys_store, units, clock, assertions, GuardedFetches(rules.guard))
    history = History(HistoryStores(SqlHistory(), SqlSeen()), units, clock, under.chance, rules.keeping)
    placement = Placement(stores.accounts, stores.memberships, under.workspaces)
    standings = Standings(stores.rules, stores.issuers, placement, SqlVersions(), units)
    minting = Minting(standings, Books(SqlSeen(), history, under.audit), under.tokens, units, clock)
    verification = Verification(assertions, keys, conditions, clock, rules.audience)
    exchanges = Exchanges(standings, verification, minting, history, units)
    checks = Checks(
        GuardedAddresses(rules.guard),
        IssuerKeyCheck(rules.guard, assertions),
        CelConditionCheck(conditions),
        IssuerPolling(keys_store, clock),
    )
    return Exchange(exchanges, history, Poller(keys_store, stores.issuers, keys, history, units, clock), checks)
