"""The exchange: an issuer's assertion for an access token of ours (RFC 7523, wire-auth.md 3)."""

import asyncio
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.clock import Clock, to_rfc3339
from antechamber.base.errors import AuthenticationFailed, InvalidRequest, Unavailable
from antechamber.base.ids import Kind, OrganizationId, RuleId, parse
from antechamber.base.unit import Units
from antechamber.features.audit.model import ActivityType
from antechamber.features.audit.service import Audit
from antechamber.features.federation.model.assertion import LONGEST_BYTES, Assertion
from antechamber.features.federation.model.history import Reason, shorten_subject
from antechamber.features.federation.model.matching import DEFAULT_ALIAS, Refused
from antechamber.features.federation.ports import SeenStore
from antechamber.features.federation.service.history import History
from antechamber.features.federation.service.placement import Place
from antechamber.features.federation.service.standings import Asked, Standing, Standings
from antechamber.features.federation.service.verification import Verification
from antechamber.features.oauth.model import Named, TokenAnswer
from antechamber.features.oauth.service import Tokens

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# the one answer to every refusal: who asks learns nothing of rules, issuers and organizations
_TRIES: Final = 3
_FAILED: Final = "Authentication failed"


class Request(NamedTuple):
    """What the request says (wire-auth.md 2.3)."""

    assertion: str
    asked: Asked


class Minting(NamedTuple):
    """How tokens are written: `at_once` of them, where more would only wait for each other in the database."""

    units: Units
    clock: Clock
    at_once: int


class Exchanges:
    """Gives access tokens for assertions (`oauth.ports.AssertionExchange`)."""

    def __init__(
        self,
        standings: Standings,
        verification: Verification,
        seen: SeenStore,
        history: History,
        tokens: Tokens,
        audit: Audit,
        minting: Minting,
    ) -> None:
        self._standings = standings
        self._verification = verification
        self._seen = seen
        self._history = history
        self._tokens = tokens
        self._audit = audit
        self._units = minting.units
        self._clock = minting.clock
        self._turns = asyncio.Semaphore(minting.at_once)

    async def exchange(self, fields: Mapping[str, object], by: Actor) -> TokenAnswer:
        """Return a token for an assertion.

        InvalidRequest for a malformed request; AuthenticationFailed, always in the same words, for any other refusal,
        whose reason stands in the history of the rule's organisation. An unknown rule leaves nothing there.
        """
        text, asked = read_request(fields)
        standing = self._standings.recall(asked)
        answer = None if standing is None else await self._attempt(text, standing, by)
        for _ in range(_TRIES):
            if answer is not None:
                return answer
            standing = await self._standings.read(asked)
            if standing is None:
                raise AuthenticationFailed(_FAILED, note="unknown rule")
            answer = await self._attempt(text, standing, by)
        if answer is None:
            message = "Who may get tokens is being changed at this moment; try again."
            raise Unavailable(message, retry_after=1)
        return answer

    async def _attempt(self, text: str, standing: Standing, by: Actor) -> TokenAnswer | None:
        """Return a token, or None if what the decision stands on has changed meanwhile; AuthenticationFailed."""
        verdict = await self._verification.verify(text, standing.rule, standing.issuer)
        found, place = verdict.found, standing.place
        answer: TokenAnswer | Refused | None
        if isinstance(found, Refused):
            answer = found
        elif isinstance(place, Refused):
            answer = place
        else:
            answer = await self._mint(standing, place, found, by)
        if isinstance(answer, Refused):
            async with self._units.read() as unit:
                if not await self._standings.is_current(unit, standing):
                    return None
            await self._history.note_refusal(standing.rule, answer, verdict.subject, by)
            raise AuthenticationFailed(_FAILED, note=answer.reason)
        return answer

    async def _mint(
        self, standing: Standing, place: Place, assertion: Assertion, by: Actor
    ) -> TokenAnswer | Refused | None:
        rule, issuer = standing.rule, standing.issuer
        organization_id = rule.organization_id
        async with self._turns, self._units.begin() as unit:
            if not await self._standings.is_current(unit, standing):
                return None
            if issuer.check_jti and assertion.jti is not None:
                digest = sha256(assertion.jti.encode("utf-8", "surrogatepass")).digest()
                if not await self._seen.add(unit, organization_id, issuer.id, digest, assertion.forgotten_at):
                    return Refused(Reason.JTI_REUSED)
            seconds = assertion.minted_seconds(self._clock.now(), rule.token_lifetime_seconds)
            token, secret = await self._tokens.issue(
                unit,
                organization_id,
                scope=rule.scope,
                ttl_seconds=seconds,
                workspace_id=place.workspace.id if place.workspace else None,
                service_account_id=place.account.id,
                rule_id=rule.id,
            )
            await self._history.note_success(unit, rule, assertion, token, by)
            await self._audit.record(
                unit,
                organization_id,
                Actor(ActorKind.SERVICE_ACCOUNT, place.account.id, by.ip_address, by.user_agent, by.request_id),
                ActivityType.TOKEN_EXCHANGED,
                federation_rule_id=rule.id,
                federation_issuer_id=issuer.id,
                subject=shorten_subject(assertion.subject),
                token_id=token.id,
                scope=rule.scope,
                workspace_id=token.holder.workspace_id,
                expires_at=to_rfc3339(token.expires_at),
            )
        workspace = place.workspace
        named = None if workspace is None else Named(workspace.id, workspace.name)
        return TokenAnswer(secret, seconds, rule.scope, workspace=named)


def read_request(fields: Mapping[str, object]) -> Request:
    """Return what a request asks; InvalidRequest, beginning with the field's name, if it is malformed.

    Fields that are not of this grant are ignored (RFC 6749 §3.2).
    """
    assertion = _required(fields, "assertion")
    if len(assertion.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        message = f"assertion: must be at most {LONGEST_BYTES} bytes"
        raise InvalidRequest(message)
    organization_id = _required(fields, "organization_id").lower()
    if not _UUID.fullmatch(organization_id):
        message = "organization_id: must be the organization's UUID"
        raise InvalidRequest(message)
    workspace_id = _text(fields, "workspace_id")
    if workspace_id is not None and workspace_id != DEFAULT_ALIAS:
        _check_id(Kind.WORKSPACE, "workspace_id", workspace_id)
    service_account_id = _text(fields, "service_account_id")
    if service_account_id is not None:
        _check_id(Kind.SERVICE_ACCOUNT, "service_account_id", service_account_id)
    rule_id = _check_id(Kind.FEDERATION_RULE, "federation_rule_id", _required(fields, "federation_rule_id"))
    asked = Asked(OrganizationId(organization_id), RuleId(rule_id), service_account_id, workspace_id)
    return Request(assertion, asked)


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        message = f"{name}: must be a string"
        raise InvalidRequest(message)
    return value


def _required(fields: Mapping[str, object], name: str) -> str:
    value = _text(fields, name)
    if not value:
        message = f"{name}: Field required"
        raise InvalidRequest(message)
    return value


def _check_id(kind: Kind, name: str, text: str) -> str:
    try:
        return parse(kind, text)
    except ValueError as error:
        message = f"{name}: {error}"
        raise InvalidRequest(message) from None
