"""Nodes that exchange assertions over one database, on a clock that a test moves."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from antechamber.base.actor import OPERATOR, Actor, ActorKind
from antechamber.base.chance import SystemChance
from antechamber.base.clock import MICROSECONDS
from antechamber.base.errors import AuthenticationFailed
from antechamber.client.guard import Guard, GuardLimits
from antechamber.database.engine import Database
from antechamber.features.federation.model.accounts import AccountDraft
from antechamber.features.federation.model.history import Exchange, HistoryQuery
from antechamber.features.federation.model.issuers import Discovery, Inline, Issuer, IssuerDraft
from antechamber.features.federation.model.rules import Match, Rule, RuleDraft, Target
from antechamber.features.federation.service import ListQuery
from antechamber.features.federation.service.history import Keeping
from antechamber.features.oauth.model import TokenAnswer
from antechamber.wiring.exchange import ExchangeRules, Foundations
from antechamber.wiring.federation import Federation, build_federation
from tests.contracts.tenants import MINE, Services
from tests.issuers import LocalIssuer, Signer

AUDIENCE = "https://ante.example.com"
CALLER = Actor(ActorKind.UNAUTHENTICATED, None, "192.0.2.7", "sdk/1", "req_1")


@dataclass
class Node:
    """One server of several: its services, and the memory that it alone has."""

    services: Services
    federation: Federation

    async def exchange(self, rule: Rule, assertion: str, **fields: object) -> TokenAnswer:
        # no two exchanges at the same instant: history is read in their order
        self.services.clock.advance(0.001)
        whole = {"assertion": assertion, "federation_rule_id": rule.id, "organization_id": MINE, **fields}
        return await self.federation.exchange.exchanges.exchange(whole, CALLER)

    async def reason(self, rule: Rule, assertion: str) -> tuple[str | None, str | None]:
        """Return why an exchange is refused, and the detail."""
        try:
            await self.exchange(rule, assertion)
        except AuthenticationFailed:
            newest = (await self.history())[0]
            return newest.reason, newest.detail
        return None, None

    async def history(self, limit: int = 100) -> tuple[Exchange, ...]:
        return (await self.federation.exchange.history.listing(MINE, HistoryQuery(), ListQuery(limit))).items

    async def poll(self) -> int:
        return await self.federation.exchange.poller.poll()

    def claims(self, **changed: object) -> dict[str, Any]:
        """Return claims of the test's time."""
        now = self.services.clock.now() // MICROSECONDS
        return {"aud": AUDIENCE, "iat": now, "exp": now + 600, **changed}


def node(made: Services, database: Database, private: tuple[str, ...] = (), keeping: Keeping | None = None) -> Node:
    """Return a node of the services' organisation and clock over a connection of its own."""
    own = Services(database, made.clock)
    guard = Guard(private, limits=GuardLimits(total_seconds=2.0, silent_seconds=1.0))
    rules = ExchangeRules(AUDIENCE, keeping or Keeping(), guard)
    under = Foundations(database, made.clock, SystemChance(), own.audit, own.tokens, own.workspaces)
    return Node(own, build_federation(under, rules))


async def allow(at: Node, signer: Signer, match: Mapping[str, Any] | None = None) -> tuple[Issuer, Rule]:
    """Let a signer's `workload` in everywhere: by discovery if it has a server, else by inline keys."""
    federation = at.federation
    pem = signer.authority.pem if isinstance(signer, LocalIssuer) else None
    jwks = Discovery(ca_cert_pem=pem) if pem else Inline(tuple(signer.jwks))
    number = signer.count
    account = await federation.accounts.create(MINE, AccountDraft(f"account-{number}"), OPERATOR)
    issuer = (await federation.issuers.create(MINE, IssuerDraft(f"issuer-{number}", signer.url, jwks), OPERATOR)).issuer
    draft = RuleDraft(
        name=f"rule-{number}",
        issuer_id=issuer.id,
        match=Match(**(match or {"subject_prefix": "workload"})),
        target=Target(account.id),
        scope="workspace:developer",
        applies_to_all_workspaces=True,
    )
    return issuer, (await federation.rules.create(MINE, draft, OPERATOR)).rule


async def at_once(nodes: list[Node], rule: Rule, assertion: str, count: int) -> list[TokenAnswer | BaseException]:
    """Exchange one assertion many times at once, on the nodes in turn."""
    tries = [nodes[number % len(nodes)].exchange(rule, assertion) for number in range(count)]
    return await asyncio.gather(*tries, return_exceptions=True)
