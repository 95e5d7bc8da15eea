"""What federation's services are built on."""

from dataclasses import dataclass

from antechamber.features.federation.ports import (
    AddressCheck,
    ConditionCheck,
    IssuerStore,
    KeyCheck,
    MembershipStore,
    PollingBook,
    RuleStore,
    ServiceAccountStore,
)


@dataclass(frozen=True, slots=True)
class Stores:
    """Where what federation keeps is kept."""

    accounts: ServiceAccountStore
    memberships: MembershipStore
    issuers: IssuerStore
    rules: RuleStore


@dataclass(frozen=True, slots=True)
class Checks:
    """Who knows what issuers and rules may say."""

    addresses: AddressCheck
    keys: KeyCheck
    conditions: ConditionCheck
    polling: PollingBook
