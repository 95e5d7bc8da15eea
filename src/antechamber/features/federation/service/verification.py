"""Whether an assertion is its issuer's word, and one that a rule means."""

from dataclasses import dataclass
from typing import NamedTuple

from antechamber.base.clock import Clock
from antechamber.features.federation.model.assertion import Assertion, Unverified, read_claims, read_signer
from antechamber.features.federation.model.history import Reason
from antechamber.features.federation.model.issuers import Issuer
from antechamber.features.federation.model.matching import Refused, refuse
from antechamber.features.federation.model.rules import Rule
from antechamber.features.federation.ports import Assertions, Conditions
from antechamber.features.federation.service.keys import IssuerKeys


class Verdict(NamedTuple):
    """What an assertion is, or why it is none for a rule; `subject` as it says, believed or not."""

    found: Assertion | Refused
    subject: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """Verifies assertions.

    `audience` is whom they must be meant for unless a rule says otherwise: this server's own address.
    """

    assertions: Assertions
    keys: IssuerKeys
    conditions: Conditions
    clock: Clock
    audience: str

    async def verify(self, text: str, rule: Rule, issuer: Issuer) -> Verdict:
        """Return what an assertion says once its issuer's key, its times and the rule have agreed to it."""
        if rule.archived is not None:
            return Verdict(Refused(Reason.RULE_ARCHIVED), None)
        if issuer.archived is not None:
            return Verdict(Refused(Reason.ISSUER_ARCHIVED), None)
        unverified = self.assertions.read(text)
        if unverified is None:
            return Verdict(Refused(Reason.MALFORMED), None)
        said = unverified.claims.get("sub")
        subject = said if isinstance(said, str) else None
        # nothing of it is believed before its signature (RFC 8725 §3.3)
        refused = await self._refuse_signature(text, unverified, issuer)
        return Verdict(refused or self._judge(unverified, rule, issuer), subject)

    async def _refuse_signature(self, text: str, unverified: Unverified, issuer: Issuer) -> Refused | None:
        signer = read_signer(unverified.header)
        if isinstance(signer, Reason):
            return Refused(signer)
        return await self.keys.refuse(issuer, text, signer)

    def _judge(self, unverified: Unverified, rule: Rule, issuer: Issuer) -> Assertion | Refused:
        assertion = read_claims(unverified.claims)
        if isinstance(assertion, Reason):
            return Refused(assertion)
        if assertion.issuer != issuer.url:
            return Refused(Reason.ISSUER_MISMATCH)
        reason = assertion.refuse_times(self.clock.now(), issuer.max_jwt_lifetime_seconds)
        if reason is not None:
            return Refused(reason)
        return refuse(rule.match, assertion, self.audience, self.conditions.holds) or assertion
