"""What federation needs from outside."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from antechamber.base.ids import IssuerId, OrganizationId, RuleId, ServiceAccountId, WorkspaceId
from antechamber.base.permissions import ServiceAccountRole, WorkspaceRole
from antechamber.base.unit import Unit
from antechamber.features.federation.model.accounts import Membership, ServiceAccount
from antechamber.features.federation.model.assertion import Signer, Unverified
from antechamber.features.federation.model.history import Exchange, HistoryQuery, Reason
from antechamber.features.federation.model.issuers import Issuer, Jwks, Polling
from antechamber.features.federation.model.keys import Configuration, KeyRow
from antechamber.features.federation.model.rules import Rule, RuleWorkspace


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list was asked: at most `limit` + 1 items, newest first, older than `after` (its instant and its id)."""

    limit: int = 20
    after: tuple[int, str] | None = None
    archived: bool = False


class ServiceAccountStore(Protocol):
    """Where service accounts are kept; none is ever removed."""

    async def lock(self, unit: Unit, organization_id: OrganizationId) -> None:
        """Make writers of the organisation come one after the other, until the unit ends."""
        ...

    async def add(self, unit: Unit, organization_id: OrganizationId, account: ServiceAccount) -> None:
        """Keep a new one."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, account: ServiceAccount) -> None:
        """Keep what has changed of one, and announce it."""
        ...

    async def find(
        self, unit: Unit, organization_id: OrganizationId, service_account_id: ServiceAccountId
    ) -> ServiceAccount | None:
        """Return one, archived or not."""
        ...

    async def named(self, unit: Unit, organization_id: OrganizationId, name: str) -> ServiceAccount | None:
        """Return the live one with this name."""
        ...

    async def listing(self, unit: Unit, organization_id: OrganizationId, asked: Asked) -> Sequence[ServiceAccount]:
        """Return what was asked for."""
        ...

    async def several(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[ServiceAccountId]
    ) -> Sequence[ServiceAccount]:
        """Return those of these that there are, archived or not."""
        ...

    async def sweep_roles(self, unit: Unit) -> Mapping[tuple[OrganizationId, ServiceAccountId], ServiceAccountRole]:
        """Return the role of every live service account of this server."""
        ...


class MembershipStore(Protocol):
    """Where the roles that service accounts were given in workspaces are kept."""

    async def find(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        service_account_id: ServiceAccountId,
    ) -> Membership | None:
        """Return the membership that was given."""
        ...

    async def put(self, unit: Unit, organization_id: OrganizationId, membership: Membership, created_at: int) -> None:
        """Keep the role, in place of the one before, and announce it; when and by whom stays that of the first."""
        ...

    async def drop(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        service_account_id: ServiceAccountId,
    ) -> None:
        """Forget it, and announce it."""
        ...

    async def of_account(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        service_account_id: ServiceAccountId,
        after: WorkspaceId | None,
        limit: int,
    ) -> Sequence[Membership]:
        """Return at most `limit` memberships of a service account whose workspace comes after one; ids descend."""
        ...

    async def of_workspace(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        workspace_id: WorkspaceId,
        after: ServiceAccountId | None,
        limit: int,
    ) -> Sequence[Membership]:
        """Return at most `limit` memberships of live service accounts that come after one; ids descend."""
        ...

    async def sweep_roles(
        self, unit: Unit, places: Collection[tuple[WorkspaceId, ServiceAccountId]]
    ) -> Mapping[tuple[WorkspaceId, ServiceAccountId], WorkspaceRole]:
        """Return the roles given to these service accounts in these workspaces, of any organisation."""
        ...


class IssuerStore(Protocol):
    """Where issuers are kept; none is ever removed."""

    async def add(self, unit: Unit, organization_id: OrganizationId, issuer: Issuer) -> None:
        """Keep a new one."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, issuer: Issuer) -> None:
        """Keep what has changed of one."""
        ...

    async def find(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> Issuer | None:
        """Return one, archived or not."""
        ...

    async def named(self, unit: Unit, organization_id: OrganizationId, name: str) -> Issuer | None:
        """Return the live one with this name."""
        ...

    async def listing(self, unit: Unit, organization_id: OrganizationId, asked: Asked) -> Sequence[Issuer]:
        """Return what was asked for."""
        ...

    async def several(self, unit: Unit, organization_id: OrganizationId, ids: Collection[IssuerId]) -> Sequence[Issuer]:
        """Return those of these that there are, archived or not."""
        ...

    async def sweep_fetched(self, unit: Unit) -> Sequence[Issuer]:
        """Return every live issuer of this server whose keys are fetched, of any organisation."""
        ...


class RuleStore(Protocol):
    """Where rules and the workspaces that they are enabled for are kept; no rule is ever removed."""

    async def add(self, unit: Unit, organization_id: OrganizationId, rule: Rule) -> None:
        """Keep a new one, without its workspaces."""
        ...

    async def save(self, unit: Unit, organization_id: OrganizationId, rule: Rule) -> None:
        """Keep what has changed of one, but for its workspaces."""
        ...

    async def find(self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId) -> Rule | None:
        """Return one, archived or not, with its workspaces."""
        ...

    async def named(self, unit: Unit, organization_id: OrganizationId, name: str) -> Rule | None:
        """Return the live one with this name."""
        ...

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, asked: Asked, issuer_id: IssuerId | None
    ) -> Sequence[Rule]:
        """Return what was asked for, of one issuer if it is named."""
        ...

    async def live(
        self,
        unit: Unit,
        organization_id: OrganizationId,
        *,
        issuer_id: IssuerId | None = None,
        service_account_id: ServiceAccountId | None = None,
    ) -> Sequence[Rule]:
        """Return the rules that are not archived of an issuer, or for a service account, oldest first."""
        ...

    async def enable(self, unit: Unit, organization_id: OrganizationId, place: RuleWorkspace) -> None:
        """Enable a rule for a workspace that it was not enabled for."""
        ...

    async def disable(
        self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId, workspace_id: WorkspaceId | None
    ) -> None:
        """Take a workspace from a rule, or all of them."""
        ...

    async def workspaces(self, unit: Unit, organization_id: OrganizationId, rule_id: RuleId) -> Sequence[RuleWorkspace]:
        """Return the workspaces that a rule is enabled for, in the order that this was done."""
        ...

    async def of_workspace(
        self, unit: Unit, organization_id: OrganizationId, workspace_id: WorkspaceId
    ) -> Sequence[RuleId]:
        """Return the rules that are enabled for a workspace by name."""
        ...


class ConditionCheck(Protocol):
    """Who knows CEL."""

    def check(self, condition: str) -> frozenset[str]:
        """Return the top-level claims that a condition refers to (`claims.a.b` and `claims["a"]`: `a`).

        InvalidRequest, beginning with `match.condition: `, unless it is CEL, yields a boolean, refers to nothing but
        `claims` and is not always true.
        """
        ...


class AddressCheck(Protocol):
    """Who knows which addresses may be fetched at all."""

    def check(self, field: str, url: str) -> None:
        """Raise InvalidRequest, beginning with the field's name, for an address that can never be fetched."""
        ...


class KeyCheck(Protocol):
    """Who knows what a set of keys must be."""

    async def check(self, issuer_url: str, jwks: Jwks) -> None:
        """Raise InvalidRequest, beginning with the field (`jwks.keys[0]: `, `jwks.url: `, …), for keys of no use.

        Called before the transaction of the change. Keys given inline must be public keys that can verify; a
        `ca_cert_pem` must hold certificates; the name of an address to be fetched must be public as it resolves now.
        """
        ...


class PollingBook(Protocol):
    """What is known of the fetching of keys."""

    async def several(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[IssuerId]
    ) -> Mapping[IssuerId, Polling]:
        """Return how it goes with those of these issuers whose keys are fetched."""
        ...

    async def restart(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> None:
        """Begin anew with an issuer that was made or changed, or was paused: fetch soon, nothing failed."""
        ...

    async def stop(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> None:
        """Fetch no more for an issuer that was archived."""
        ...


class Conditions(Protocol):
    """Who evaluates CEL."""

    def holds(self, text: str, claims: Mapping[str, object]) -> bool:
        """Say whether a condition is true of claims; False if it can't be evaluated."""
        ...


class SigningKeys(Protocol):
    """An issuer's keys, ready to verify with."""

    def refuse(self, text: str, signer: Signer) -> Reason | None:
        """Return why the signature of an assertion is not good: no such key, or another's; None if it is."""
        ...


class Assertions(Protocol):
    """Who knows JSON Web Tokens and Key Sets."""

    def read(self, text: str) -> Unverified | None:
        """Return what an assertion says; None if it is no JWT, or one that readers could differ on."""
        ...

    def read_document(self, body: bytes) -> Sequence[Mapping[str, object]] | None:
        """Return the public keys of a JWK Set (RFC 7517 §5); None if it is none, or has no key of use."""
        ...

    def read_configuration(self, body: bytes) -> Configuration | None:
        """Return what a discovery document says; None if it is none."""
        ...

    def read_keys(self, keys: Sequence[Mapping[str, object]]) -> SigningKeys:
        """Return keys to verify with; those of no use are left out."""
        ...


class Unfetched(Exception):
    """An issuer's address gave nothing of use; `reason` is a word for the history."""

    def __init__(self, reason: str, note: str) -> None:
        super().__init__(f"{reason}: {note}")
        self.reason = reason
        self.note = note


class Fetches(Protocol):
    """Who fetches strangers' addresses, and knows which must not be."""

    async def fetch(self, url: str, ca_cert_pem: str | None) -> bytes:
        """Return the body of a 200 answer of at most 1 MiB; Unfetched for anything else."""
        ...


class KeyStore(Protocol):
    """Where fetched keys are kept for every node, and how their fetching goes."""

    async def find(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> KeyRow | None:
        """Return what is kept of an issuer."""
        ...

    async def claim(
        self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId, now: int, before: int
    ) -> bool:
        """Note that a fetch begins, unless one began after `before`: then False, and nobody else's is disturbed."""
        ...

    async def settle(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId, row: KeyRow) -> None:
        """Keep how a fetch ended."""
        ...

    async def several(
        self, unit: Unit, organization_id: OrganizationId, ids: Collection[IssuerId]
    ) -> Mapping[IssuerId, KeyRow]:
        """Return what is kept of each of these, without the keys."""
        ...

    async def restart(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId, now: int) -> None:
        """Let the next fetch come at once, and forget what failed; the keys stay."""
        ...

    async def stop(self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId) -> None:
        """Let no poll come any more."""
        ...

    async def sweep_due(self, unit: Unit, now: int, limit: int) -> Sequence[tuple[OrganizationId, IssuerId]]:
        """Return the issuers of this server whose next poll is due, the longest waiting first."""
        ...


class Versions(Protocol):
    """Who knows whether anything has changed of what an exchange stands on, wherever it was changed."""

    async def sweep_versions(self, unit: Unit) -> Hashable:
        """Return a value that is another after each change of rules, issuers, accounts, roles or workspaces."""
        ...


class SeenStore(Protocol):
    """Where the ids of assertions that were taken are remembered."""

    async def add(
        self, unit: Unit, organization_id: OrganizationId, issuer_id: IssuerId, digest: bytes, expires_at: int
    ) -> bool:
        """Remember one; False if it was there already, also when two come at once."""
        ...

    async def sweep_expired(self, unit: Unit, now: int, limit: int) -> int:
        """Forget those that can't come again; return how many."""
        ...


class HistoryStore(Protocol):
    """Where exchanges are written down."""

    async def add(self, unit: Unit, organization_id: OrganizationId, exchange: Exchange) -> None:
        """Keep one."""
        ...

    async def listing(
        self, unit: Unit, organization_id: OrganizationId, query: HistoryQuery, asked: Asked
    ) -> Sequence[Exchange]:
        """Return what was asked for; exchanges are never archived."""
        ...

    async def sweep_old(self, unit: Unit, before: int, most: int, limit: int) -> int:
        """Drop those before an instant, and an organisation's oldest beyond `most`; return how many, at most `limit`.

        The bound on rows holds for each organisation.
        """
        ...
