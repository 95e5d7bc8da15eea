"""The exchange: an issuer's assertion for an access token of ours (RFC 7523, wire-auth.md 3)."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from antechamber.base.actor import Actor
from antechamber.base.errors import AuthenticationFailed, InvalidRequest, Unavailable
from antechamber.base.ids import Kind, OrganizationId, RuleId, parse
from antechamber.base.unit import Units
from antechamber.features.federation.model.assertion import LONGEST_BYTES
from antechamber.features.federation.model.matching import DEFAULT_ALIAS, Refused
from antechamber.features.federation.service.history import History
from antechamber.features.federation.service.minting import Minting, Order
from antechamber.features.federation.service.standings import Asked, Standing, Standings
from antechamber.features.federation.service.verification import Verification
from antechamber.features.oauth.model import TokenAnswer

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# the one answer to every refusal: who asks learns nothing of rules, issuers and organizations
_TRIES: Final = 3
_FAILED: Final = "Authentication failed"


class Request(NamedTuple):
    """What the request says (wire-auth.md 2.3)."""

    assertion: str
    asked: Asked


class Exchanges:
    """Gives access tokens for assertions (`oauth.ports.AssertionExchange`)."""

    def __init__(
        self, standings: Standings, verification: Verification, minting: Minting, history: History, units: Units
    ) -> None:
        self._standings = standings
        self._verification = verification
        self._minting = minting
        self._history = history
        self._units = units

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
            answer = await self._minting.mint(Order(standing, place, found, by))
        if isinstance(answer, Refused):
            async with self._units.read() as unit:
                if not await self._standings.is_current(unit, standing):
                    return None
            await self._history.note_refusal(standing.rule, answer, verdict.subject, by)
            raise AuthenticationFailed(_FAILED, note=answer.reason)
        return answer


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
