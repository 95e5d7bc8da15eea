"""Issuers as they are reached over the network, and what is asked of them and of rules before (`federation.ports`)."""

from typing import Final

from antechamber.adapters.identity.conditions import CelConditions
from antechamber.adapters.identity.tokens import JsonWebTokens
from antechamber.base.errors import InvalidRequest
from antechamber.client.guard import Guard, GuardRefusal, check_certificates
from antechamber.features.federation.model.issuers import Inline, Jwks, dialled
from antechamber.features.federation.ports import Unfetched

_OK: Final = 200
_STATUS: Final = "status"
_ACCEPT: Final = (("accept", "application/json"),)


class GuardedFetches:
    """Fetches what issuers publish, through the guard (`ports.Fetches`)."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def fetch(self, url: str, ca_cert_pem: str | None) -> bytes:
        """Return the body of a 200 answer of at most 1 MiB; Unfetched for anything else."""
        try:
            answer = await self._guard.fetch("GET", url, _ACCEPT, ca_pem=ca_cert_pem)
        except GuardRefusal as error:
            raise Unfetched(error.reason, error.note) from error
        if answer.status != _OK:
            raise Unfetched(_STATUS, f"status {answer.status}")
        return answer.body


class GuardedAddresses:
    """Says which addresses can never be fetched (`ports.AddressCheck`)."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def check(self, field: str, url: str) -> None:
        """Raise InvalidRequest, beginning with the field's name, for an address that can never be fetched."""
        try:
            self._guard.check(url)
        except GuardRefusal as error:
            raise _invalid(field, error) from None


class IssuerKeyCheck:
    """Says whether a source of keys could be of use (`ports.KeyCheck`)."""

    def __init__(self, guard: Guard, assertions: JsonWebTokens) -> None:
        self._guard = guard
        self._assertions = assertions

    async def check(self, issuer_url: str, jwks: Jwks) -> None:
        """Raise InvalidRequest, beginning with the field, for keys of no use.

        Keys given inline must be public and able to verify; a bundle must hold certificates; a name must be public as
        it resolves now. Nothing is fetched yet: an issuer may be made before it is up.
        """
        if isinstance(jwks, Inline):
            problem = self._assertions.refuse_inline(jwks.keys)
            if problem is not None:
                message = f"jwks.{problem}"
                raise InvalidRequest(message)
            return
        place = dialled(issuer_url, jwks)
        field = "jwks.ca_cert_pem"
        try:
            if jwks.ca_cert_pem is not None:
                check_certificates(jwks.ca_cert_pem)
            if place is not None:
                field = place[0]
                await self._guard.check_name(place[1])
        except GuardRefusal as error:
            raise _invalid(field, error) from None


class CelConditionCheck:
    """Says what is wrong with a condition, and what it looks at (`ports.ConditionCheck`)."""

    def __init__(self, conditions: CelConditions) -> None:
        self._conditions = conditions

    def check(self, condition: str) -> frozenset[str]:
        """Return the top-level claims that a condition looks at.

        InvalidRequest, beginning with `match.condition: `, unless it is CEL over `claims`, yields a boolean and is not
        always true.
        """
        problem = self._conditions.refuse(condition)
        if problem is not None:
            message = f"match.condition: {problem}"
            raise InvalidRequest(message)
        return self._conditions.references(condition)


def _invalid(field: str, error: GuardRefusal) -> InvalidRequest:
    return InvalidRequest(f"{field}: {error.note}", note=str(error))
