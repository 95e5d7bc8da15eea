"""The token endpoint: every grant behind one address, told apart by `grant_type` alone (wire-auth.md 0.2)."""

from collections.abc import Mapping
from typing import Final

from antechamber.base.actor import Actor
from antechamber.base.errors import AuthenticationFailed, RateLimited
from antechamber.features.accounts.model import network_of
from antechamber.features.oauth.model import GrantRefused, GrantType, OAuthError, TokenAnswer
from antechamber.features.oauth.ports import AssertionExchange
from antechamber.features.oauth.service.callers import ClientCredentials, identify
from antechamber.features.oauth.service.clients import Clients
from antechamber.features.oauth.service.fields import Fields
from antechamber.features.oauth.service.grants import PersonGrant
from antechamber.features.oauth.service.throttle import Failures

_WINDOW_SECONDS: Final = 60
_FAILED: Final = frozenset({OAuthError.INVALID_CLIENT, OAuthError.INVALID_GRANT})
_TOO_MANY: Final = "too many refused requests from this address; try again later"


class TokenEndpoint:
    """Routes on `grant_type`; clients are identified, and failures counted by address, before and around each grant."""

    def __init__(self, clients: Clients, grants: Mapping[GrantType, PersonGrant], failures: Failures) -> None:
        self._clients = clients
        self._grants = grants
        self._failures = failures
        self._assertions: AssertionExchange | None = None

    def bind(self, assertions: AssertionExchange) -> None:
        """Join the exchange of assertions (jwt-bearer); until then that grant is not supported."""
        self._assertions = assertions

    def grant_types(self) -> list[str]:
        """Return what `grant_type` may be."""
        return [*self._grants, *([GrantType.JWT_BEARER] if self._assertions is not None else [])]

    async def exchange(
        self, fields: Mapping[str, object], credentials: ClientCredentials | None, by: Actor
    ) -> TokenAnswer:
        """Return tokens. GrantRefused answers in RFC 6749's shape, base errors in the API's (jwt-bearer only)."""
        subject = network_of(by.ip_address)
        wait = self._failures.wait(subject)
        if fields.get("grant_type") == GrantType.JWT_BEARER and self._assertions is not None:
            if wait is not None:
                raise RateLimited(_TOO_MANY, retry_after=wait)
            return await self._exchange_assertion(self._assertions, fields, by, subject)
        if wait is not None:
            raise GrantRefused(OAuthError.TEMPORARILY_UNAVAILABLE, _TOO_MANY, retry_after=wait)
        try:
            return await self._exchange(Fields(fields), credentials, by)
        except GrantRefused as refused:
            if refused.error in _FAILED:
                self._failures.note(subject)
            raise

    async def _exchange(self, fields: Fields, credentials: ClientCredentials | None, by: Actor) -> TokenAnswer:
        grant_type = fields.require("grant_type")
        if grant_type not in self._grants:
            known = ", ".join(self.grant_types())
            raise GrantRefused(OAuthError.UNSUPPORTED_GRANT_TYPE, f"grant_type: must be one of: {known}")
        calling = await identify(self._clients, fields, credentials)
        if grant_type not in calling.client.grants and calling.is_named:
            raise GrantRefused(OAuthError.UNAUTHORIZED_CLIENT, "this client may not use that grant")
        return await self._grants[GrantType(grant_type)].exchange(fields, calling, by)

    async def _exchange_assertion(
        self, assertions: AssertionExchange, fields: Mapping[str, object], by: Actor, subject: str
    ) -> TokenAnswer:
        try:
            return await assertions.exchange(fields, by)
        except AuthenticationFailed:
            self._failures.note(subject)
            raise
